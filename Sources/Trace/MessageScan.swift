// SPDX-License-Identifier: Apache-2.0

/// Finds the Call-ID of a message without parsing it.
public enum CallIDScan {
    /// Its bytes; none where there is no Call-ID.
    public static func callID(of message: [UInt8]) -> [UInt8] {
        MessageScan(message).callID.map { Array(message[$0]) } ?? []
    }
}

/// What says which call a message belongs to, found without parsing the rest: messages that were
/// refused because they are malformed are kept too.
struct MessageScan {
    let isRequest: Bool
    /// Of the bytes.
    private(set) var callID: Range<Int>?
    /// The tag in From.
    private(set) var fromTag: Range<Int>?

    init(_ bytes: [UInt8]) {
        self.isRequest = !bytes.starts(with: Self.version)
        var start = 0
        while start < bytes.count, self.callID == nil || self.fromTag == nil {
            let end = Bytes.index(of: 0x0a, in: bytes, from: start)
            let length = end - start - (end > start && bytes[end - 1] == 0x0d ? 1 : 0)
            if length == 0 { return }
            self.look(bytes, start..<start + length)
            start = end + 1
        }
    }

    private static let version = Array("SIP/2.0 ".utf8)

    private mutating func look(_ bytes: [UInt8], _ line: Range<Int>) {
        switch bytes[line.lowerBound] | 0x20 {
        case 0x63:  // Call-ID
            if let value = Self.value(of: "call-id", bytes, line) { self.callID = value }
        case 0x69:
            if let value = Self.value(of: "i", bytes, line) { self.callID = value }
        case 0x66:  // From
            let value =
                Self.value(of: "from", bytes, line) ?? Self.value(of: "f", bytes, line)
            if let value { self.fromTag = Self.tag(bytes, value) }
        default: break
        }
    }

    /// The value of a header of this name, lower case, without space around it.
    static func value(
        of name: StaticString, _ bytes: [UInt8], _ line: Range<Int>
    ) -> Range<Int>? {
        let count = name.utf8CodeUnitCount
        guard line.count > count, ASCIIText.matches(name, bytes, line.lowerBound) else {
            return nil
        }
        var position = line.lowerBound + count
        while position < line.upperBound, ASCIIText.isSpace(bytes[position]) { position += 1 }
        guard position < line.upperBound, bytes[position] == 0x3a else { return nil }
        position += 1
        while position < line.upperBound, ASCIIText.isSpace(bytes[position]) { position += 1 }
        var end = line.upperBound
        while end > position, ASCIIText.isSpace(bytes[end - 1]) { end -= 1 }
        return position..<end
    }

    /// The tag parameter behind the address; what a display name says is no parameter.
    private static func tag(_ bytes: [UInt8], _ value: Range<Int>) -> Range<Int>? {
        var position = value.lowerBound
        var isQuoted = false
        while position < value.upperBound {
            switch bytes[position] {
            case 0x22: isQuoted.toggle()
            case 0x5c where isQuoted: position += 1
            case 0x3b where !isQuoted:
                if ASCIIText.matches("tag=", bytes, position + 1) {
                    let start = min(position + 5, value.upperBound)
                    var end = start
                    while end < value.upperBound, bytes[end] != 0x3b, bytes[end] != 0x20,
                        bytes[end] != 0x3e
                    { end += 1 }
                    return start..<end
                }
            default: break
            }
            position += 1
        }
        return nil
    }
}

/// Comparing as ASCII.
enum ASCIIText {
    /// The lower-case text stands at a place, in any case.
    static func matches(_ text: StaticString, _ bytes: [UInt8], _ start: Int) -> Bool {
        let count = text.utf8CodeUnitCount
        guard start >= 0, count <= bytes.count - start else { return false }
        return text.withUTF8Buffer { pattern in
            for index in 0..<count where self.lowered(bytes[start + index]) != pattern[index] {
                return false
            }
            return true
        }
    }

    static func lowered(_ byte: UInt8) -> UInt8 {
        (0x41...0x5a).contains(byte) ? byte | 0x20 : byte
    }

    static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

    static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

    static func isLineEnd(_ byte: UInt8) -> Bool { byte == 0x0a || byte == 0x0d }
}
