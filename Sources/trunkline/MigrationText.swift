// SPDX-License-Identifier: Apache-2.0

import Management
import Trace

/// Plans of migrations as text.
enum MigrationText {
    static func printList(_ answer: JSONValue, _ arguments: Arguments) {
        guard !arguments.wantsJSON else { return Terminal.print(answer) }
        let plans = (answer["migrations"]?.array ?? []).map(self.dated)
        Terminal.print(plans.isEmpty ? "no migrations" : Render.table(plans, first: ["plan"]))
    }

    static func print(_ answer: JSONValue, _ arguments: Arguments) {
        guard !arguments.wantsJSON else { return Terminal.print(answer) }
        Terminal.print(Render.members(self.dated(answer)))
    }

    /// What a change led to.
    static func tell(_ answer: JSONValue, _ arguments: Arguments) {
        guard !arguments.wantsJSON else { return Terminal.print(answer) }
        let isRehearsal = answer["dry-run"]?.bool == true
        guard let plan = answer["migration"], let name = plan["plan"]?.string else {
            let name = Render.cell(answer["migration"])
            return Terminal.print("migration \(name): \(isRehearsal ? "it would be " : "")removed")
        }
        let state = "\(Render.cell(plan["state"])), step \(Render.cell(plan["step"]))"
        Terminal.print("migration \(name): " + (isRehearsal ? "it would be \(state)" : state))
    }

    /// Dates in place of milliseconds.
    private static func dated(_ value: JSONValue) -> JSONValue {
        switch value {
        case .object(let object):
            var dated: JSONObject = [:]
            for (name, value) in object.members {
                if ["since", "time"].contains(name), let ms = value.integer {
                    let text = WallTime.text(us: UInt64(clamping: ms) &* 1000)
                    dated[name] = .string(String(text.prefix(19)))
                } else {
                    dated[name] = self.dated(value)
                }
            }
            return .object(dated)
        case .array(let elements): return .array(elements.map(self.dated))
        default: return value
        }
    }
}
