// SPDX-License-Identifier: Apache-2.0

extension JSONValue {
    /// The value as text in UTF-8, on one line, or indented for people.
    public func encoded(pretty: Bool = false) -> [UInt8] {
        var output: [UInt8] = []
        self.write(to: &output, indent: pretty ? 0 : nil)
        return output
    }

    private func write(to output: inout [UInt8], indent: Int?) {
        switch self {
        case .null: output.append(contentsOf: "null".utf8)
        case .bool(let value): output.append(contentsOf: (value ? "true" : "false").utf8)
        case .integer(let value): output.append(contentsOf: String(value).utf8)
        case .number(let value):
            output.append(contentsOf: (value.isFinite ? "\(value)" : "null").utf8)
        case .string(let value): Self.write(value, to: &output)
        case .array(let elements):
            Self.write(elements.count, in: ("[", "]"), to: &output, indent: indent) {
                elements[$0].write(to: &$1, indent: $2)
            }
        case .object(let object):
            Self.write(object.members.count, in: ("{", "}"), to: &output, indent: indent) {
                Self.write(object.members[$0].name, to: &$1)
                $1.append(contentsOf: (indent == nil ? ":" : ": ").utf8)
                object.members[$0].value.write(to: &$1, indent: $2)
            }
        }
    }

    private static func write(
        _ count: Int, in brackets: (Unicode.Scalar, Unicode.Scalar), to output: inout [UInt8],
        indent: Int?, element: (Int, inout [UInt8], Int?) -> Void
    ) {
        output.append(UInt8(ascii: brackets.0))
        for index in 0..<count {
            if index > 0 { output.append(UInt8(ascii: ",")) }
            if let indent { Self.newLine(indent + 2, &output) }
            element(index, &output, indent.map { $0 + 2 })
        }
        if let indent, count > 0 { Self.newLine(indent, &output) }
        output.append(UInt8(ascii: brackets.1))
    }

    private static func newLine(_ indent: Int, _ output: inout [UInt8]) {
        output.append(UInt8(ascii: "\n"))
        output.append(contentsOf: repeatElement(UInt8(ascii: " "), count: indent))
    }

    private static func write(_ string: String, to output: inout [UInt8]) {
        let digits = Array("0123456789abcdef".utf8)
        output.append(UInt8(ascii: "\""))
        for byte in string.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                output.append(UInt8(ascii: "\\"))
                output.append(byte)
            case 0x0a: output.append(contentsOf: "\\n".utf8)
            case 0x0d: output.append(contentsOf: "\\r".utf8)
            case 0x09: output.append(contentsOf: "\\t".utf8)
            case 0..<0x20, 0x7f:
                output.append(contentsOf: "\\u00".utf8)
                output.append(digits[Int(byte >> 4)])
                output.append(digits[Int(byte & 15)])
            default: output.append(byte)
            }
        }
        output.append(UInt8(ascii: "\""))
    }
}
