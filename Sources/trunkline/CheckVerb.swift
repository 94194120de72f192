// SPDX-License-Identifier: Apache-2.0

import Configuration
import Management

extension Verb {
    static let check = Verb(
        name: "check", summary: "say what is wrong with a configuration",
        details: """
            Reads the configuration and prints every fault as
                FILE:LINE: KEY: what is wrong; what to write instead
            Exit status: 0 without a fault, 2 otherwise.
            """,
        options: [.config]
    ) { (arguments) throws(Failure) in
        let operands = try arguments.operands(0...1, "one FILE")
        let path = arguments["config"] ?? operands.first ?? Place.configuration
        do throws(ConfigurationErrors) {
            let configuration = try NodeConfiguration.load(path: path)
            let counts = "\(configuration.realms.count) realms, "
                + "\(configuration.listeners.count) listeners, \(configuration.trunks.count) trunks"
            if arguments.wantsJSON {
                Terminal.print(["file": .string(path), "valid": true, "issues": []])
            } else {
                Terminal.print("\(path): no fault; \(counts)")
            }
            return .ok
        } catch {
            if arguments.wantsJSON {
                let issues = error.issues.map(Self.describe)
                Terminal.print(["file": .string(path), "valid": false, "issues": .array(issues)])
            } else {
                for issue in error.issues { Terminal.print(issue.description) }
            }
            return .usage
        }
    }

    private static func describe(_ issue: ConfigurationIssue) -> JSONValue {
        [
            "file": .string(issue.file), "line": JSONValue(issue.line), "key": .string(issue.key),
            "problem": .string(issue.problem), "fix": .string(issue.fix),
        ]
    }
}
