// SPDX-License-Identifier: Apache-2.0

import Configuration
import Glibc
import Management

extension Verb {
    static let check = Verb(
        name: "check", operands: "[FILE]", summary: "say what is wrong with a configuration",
        details: """
            Reads the configuration, FILE or that of --config, and prints every fault as
                FILE:LINE: KEY: what is wrong; what to write instead
            Without a fault it prints what it implies: listeners of trunks that name none, and
            routes where none are written.
            The certificates, keys, authorities and profiles that it names are read too: ask as a
            user who may read them. What has expired is a fault here; a node starts with it all
            the same.
            Exit status: 0 without a fault, 2 otherwise.
            """,
        options: [.config]
    ) { (arguments) throws(Failure) in
        let operands = try arguments.operands(0...1, "one FILE")
        if let file = operands.first, arguments.has("config") {
            throw .usage("\(file) and --config both name a file; give one of them")
        }
        let path = arguments["config"] ?? operands.first ?? Place.configuration
        do throws(ConfigurationErrors) {
            let configuration = try NodeConfiguration.load(
                path: path, checkingFiles: true, now: Int64(time(nil)))
            let counts = [
                Terminal.count(configuration.realms.count, "realm"),
                Terminal.count(configuration.listeners.count, "listener"),
                Terminal.count(configuration.trunks.count, "trunk"),
                Terminal.count(configuration.routes.count, "route"),
            ].joined(separator: ", ")
            let implied = Implied(configuration)
            if arguments.wantsJSON {
                Terminal.print([
                    "file": .string(path), "valid": true, "issues": [], "implied": implied.json,
                ])
            } else {
                Terminal.print("\(path): no fault; \(counts)")
                for line in implied.lines { Terminal.print("implied: \(line)") }
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
