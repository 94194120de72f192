// SPDX-License-Identifier: Apache-2.0

import Management

/// Answers of the running process as text. Members that this program does not know are shown too:
/// a newer process may say more.
enum Render {
    /// A value in a cell.
    static func cell(_ value: JSONValue?) -> String {
        switch value {
        case nil, .null: "-"
        case .bool(let value): value ? "yes" : "no"
        case .integer(let value): "\(value)"
        case .number(let value): self.rounded(value)
        case .string(let value): value
        case .array(let values): values.map { self.cell($0) }.joined(separator: ", ")
        case .object(let object) where object.members.isEmpty: "-"
        case .object(let object):
            object.members.map { "\($0.name) \(self.cell($0.value))" }.joined(separator: ", ")
        }
    }

    /// With two digits behind the point.
    private static func rounded(_ value: Double) -> String {
        guard abs(value) < 1e15 else { return "\(value)" }
        let hundredths = Int((abs(value) * 100).rounded())
        let fraction = hundredths % 100
        let sign = value < 0 && hundredths > 0 ? "-" : ""
        return "\(sign)\(hundredths / 100).\(fraction < 10 ? "0" : "")\(fraction)"
    }

    /// A row for each object; the members named first, then whatever else the first one has.
    static func table(_ objects: [JSONValue], first: [String], without: [String] = []) -> String {
        let others = objects.first?.object?.members.map(\.name) ?? []
        let columns =
            first
            + others.filter { !first.contains($0) && !without.contains($0) }
        var table = Table(columns: columns)
        for object in objects { table.add(columns.map { self.cell(object[$0]) }) }
        return table.text
    }

    /// A column for each object, a row for each member: for few objects with many members.
    static func sideBySide(_ objects: [JSONValue]) -> String {
        let names = objects.first?.object?.members.map(\.name) ?? []
        var table = Table(
            columns: [String](repeating: "", count: objects.count + 1), hasTitles: false)
        for name in names {
            table.add([self.title(name)] + objects.map { self.cell($0[name]) })
        }
        return table.text
    }

    /// Members line by line; objects in objects as paragraphs, arrays of objects as tables, those
    /// of the names given side by side.
    static func members(_ value: JSONValue, sideBySide: [String] = []) -> String {
        guard let object = value.object else { return self.cell(value) }
        var plain = Table(columns: ["", ""], hasTitles: false)
        var paragraphs: [String] = []
        for (name, value) in object.members {
            switch value {
            case .object:
                paragraphs.append("\(self.title(name)):\n\(self.indented(self.members(value)))")
            case .array(let elements) where elements.first?.object != nil:
                let table =
                    sideBySide.contains(name)
                    ? self.sideBySide(elements) : self.table(elements, first: [])
                paragraphs.append("\(self.title(name)):\n\(self.indented(table))")
            case .array(let elements) where elements.count > 0:
                let lines = elements.map { self.cell($0) }.joined(separator: "\n")
                paragraphs.append("\(self.title(name)):\n\(self.indented(lines))")
            case .array: plain.add([self.title(name), "none"])
            default: plain.add([self.title(name), self.cell(value)])
            }
        }
        return ((plain.isEmpty ? [] : [plain.text]) + paragraphs).joined(separator: "\n")
    }

    private static func title(_ name: String) -> String {
        String(name.map { $0 == "_" ? " " : $0 })
    }

    private static func indented(_ text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false).map { "  " + $0 }
            .joined(separator: "\n")
    }
}
