// SPDX-License-Identifier: Apache-2.0

import Configuration
import Management
import Manipulation
import SIPMessage

extension Verb {
    static let rules = Verb(
        name: "rules", operands: "test RULEFILE MESSAGE | check RULEFILE...",
        summary: "try manipulation rules on a message, without a node",
        details: """
            rules check RULEFILE...
                Reads each file and prints every fault as
                    FILE:LINE: KEY: what is wrong; what to write instead
            rules test RULEFILE MESSAGE
                Puts the SIP message in the file MESSAGE through the rules, and shows which of them
                were at work, why the others were not, and what changed: lines that went begin with
                -, lines that came with +. No node has to run, and none is asked.
                --trunk NAME is what the rules see as trunk. Rules are the same for both directions;
                with --direction in the message is first judged as one from the network.
            appliance/docs/rules.md says how rules are written.
            Exit status: 0 if the file is right, or the message would go on; 1 if a rule is at
            fault; 2 if a file cannot be used.
            """,
        options: [
            Option(name: "direction", value: "in|out", help: "which way the message goes (out)"),
            Option(name: "trunk", value: "NAME", help: "whose message it is (trunk)"),
        ]
    ) { (arguments) throws(Failure) in
        let syntax = "test RULEFILE MESSAGE, or check RULEFILE..."
        let operands = try arguments.operands(2...1_000, syntax)
        switch operands[0] {
        case "check": return Self.checkRules(Array(operands.dropFirst()), arguments)
        case "test":
            guard operands.count == 3 else { throw .usage("\(syntax) is expected") }
            return try Self.testRules(operands[1], operands[2], arguments)
        default: throw .usage("there is no \"\(operands[0])\"; \(syntax) is expected")
        }
    }

    private static func checkRules(_ files: [String], _ arguments: Arguments) -> ExitStatus {
        var issues: [ConfigurationIssue] = []
        var lines: [String] = []
        for file in files {
            do throws(ConfigurationErrors) {
                let set = try RuleFile.load(path: file)
                lines.append("\(file): no fault; \(Terminal.count(set.rules.count, "rule"))")
            } catch {
                issues += error.issues
                lines += error.issues.map(\.description)
            }
        }
        if arguments.wantsJSON {
            Terminal.print([
                "files": .array(files.map { .string($0) }), "valid": .bool(issues.isEmpty),
                "issues": .array(
                    issues.map {
                        [
                            "file": .string($0.file), "line": JSONValue($0.line),
                            "key": .string($0.key), "problem": .string($0.problem),
                            "fix": .string($0.fix),
                        ]
                    }),
            ])
        } else {
            lines.forEach { Terminal.print($0) }
        }
        return issues.isEmpty ? .ok : .usage
    }

    private static func testRules(
        _ ruleFile: String, _ messageFile: String, _ arguments: Arguments
    ) throws(Failure) -> ExitStatus {
        let direction = arguments["direction"] ?? "out"
        guard ["in", "out"].contains(direction) else {
            throw .usage("--direction \(direction): write in or out")
        }
        let set: RuleSet
        do throws(ConfigurationErrors) {
            set = try RuleFile.load(path: ruleFile)
        } catch {
            throw .usage("\(error.description)")
        }
        let bytes = try Files.read(messageFile, limit: SIPLimits.messageBytes)
        let message: SIPMessage
        do throws(SIPParseError) {
            message = try SIPMessage.parse(bytes, framing: .datagram)
        } catch {
            let why = FaultTable.verdict(error, octets: bytes).reason
            throw .usage("\(messageFile): no SIP message: \(why) at octet \(error.offset)")
        }
        if direction == "in", message.examine() != .accept {
            throw .usage(
                "\(messageFile): the node would not let it in; trunkline message says why")
        }
        let trial = RuleTrial(set, message, trunk: arguments["trunk"] ?? "trunk")
        if arguments.wantsJSON { Terminal.print(trial.json) } else { Terminal.print(trial.text) }
        return trial.fault == nil ? .ok : .no
    }
}
