// SPDX-License-Identifier: Apache-2.0

import Management
import Manipulation
import SIPMessage

/// A message that was put through rules without a node, and what there is to say of it.
struct RuleTrial {
    /// One line of the message, before or after.
    struct Line: Equatable {
        enum Kind: String { case kept = "same", gone = "removed", new = "added" }
        let kind: Kind
        let text: String
    }

    private let set: RuleSet
    private let reports: [RuleReport]
    private let before: SIPMessage
    private let after: SIPMessage
    /// The rule that is at fault, and why.
    let fault: (rule: String, text: String)?

    init(_ set: RuleSet, _ message: SIPMessage, trunk: String) {
        var pass = RulePass(set, trunk: Array(trunk.utf8))
        let outcome = pass.run(message)
        self.set = set
        self.reports = pass.reports
        self.before = message
        switch outcome {
        case .unchanged:
            self.after = message
            self.fault = nil
        case .changed(let changed):
            self.after = changed
            self.fault = nil
        case .fault(let rule, let fault):
            self.after = message
            self.fault = (set.rules[rule].name, fault.text)
        }
    }

    // MARK: What changed

    /// The longest common lines stay; bounded by the lines of a message.
    var difference: [Line] {
        let old = Self.lines(self.before)
        let new = Self.lines(self.after)
        let changes = new.difference(from: old)
        var removed: Set<Int> = []
        var inserted: Set<Int> = []
        for change in changes {
            switch change {
            case .remove(let offset, _, _): removed.insert(offset)
            case .insert(let offset, _, _): inserted.insert(offset)
            }
        }
        var lines: [Line] = []
        var position = 0
        for (offset, text) in old.enumerated() {
            if removed.contains(offset) {
                lines.append(Line(kind: .gone, text: text))
                continue
            }
            while inserted.contains(position) {
                lines.append(Line(kind: .new, text: new[position]))
                position += 1
            }
            lines.append(Line(kind: .kept, text: text))
            position += 1
        }
        lines += new[position...].map { Line(kind: .new, text: $0) }
        return lines
    }

    private static func lines(_ message: SIPMessage) -> [String] {
        message.bytes.split(separator: 0x0a, omittingEmptySubsequences: false).map {
            String(decoding: $0.last == 0x0d ? $0.dropLast() : $0, as: UTF8.self)
        }
    }

    // MARK: What the rules did

    private func words(_ report: RuleReport) -> String {
        let rule = self.set.rules[report.rule]
        switch report.verdict {
        case .filtered: return "not for this message (methods, messages or status)"
        case .failed(let condition):
            let part = rule.conditions[condition]
            let why =
                part.isNegated ? "holds, and must not" : "does not hold"
            return "condition \(condition + 1) \(why)"
        case .applied: return "applied"
        case .notReached: return "not reached"
        }
    }

    var text: String {
        var table = Table(columns: ["", ""], hasTitles: false)
        for report in self.reports {
            table.add(["  " + self.set.rules[report.rule].name, self.words(report)])
        }
        var text = "rules:\n\(table.text)\n\n"
        if let fault = self.fault {
            text += "rule \(fault.rule) is at fault: \(fault.text)\n"
            return text + "the message would go on as it is, or be refused (on-fault)"
        }
        let lines = self.difference
        guard lines.contains(where: { $0.kind != .kept }) else { return text + "nothing changes" }
        let marks: [Line.Kind: String] = [.kept: "  ", .gone: "- ", .new: "+ "]
        return text
            + lines.map { (marks[$0.kind] ?? "") + $0.text }.joined(separator: "\n")
    }

    var json: JSONValue {
        [
            "rules": .array(
                self.reports.map { report in
                    [
                        "name": JSONValue(self.set.rules[report.rule].name),
                        "applied": .bool(report.verdict == .applied),
                        "why": .string(self.words(report)),
                    ]
                }),
            "changed": .bool(self.difference.contains { $0.kind != .kept }),
            "fault": self.fault.map {
                ["rule": JSONValue($0.rule), "why": JSONValue($0.text)] as JSONValue
            } ?? .null,
            "before": JSONValue(String(decoding: self.before.bytes, as: UTF8.self)),
            "after": JSONValue(String(decoding: self.after.bytes, as: UTF8.self)),
            "lines": .array(
                self.difference.map {
                    ["kind": JSONValue($0.kind.rawValue), "text": JSONValue($0.text)]
                }),
        ]
    }
}
