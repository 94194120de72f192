// SPDX-License-Identifier: Apache-2.0

/// Reads a value from left to right; its positions are offsets in the message.
struct Cursor {
    let bytes: ArraySlice<UInt8>
    private(set) var index: Int

    init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        self.index = bytes.startIndex
    }

    var atEnd: Bool { self.index >= self.bytes.endIndex }

    var current: UInt8? { self.index < self.bytes.endIndex ? self.bytes[self.index] : nil }

    var rest: ArraySlice<UInt8> { self.bytes[self.index...] }

    func error(_ code: SIPParseError.Code) -> SIPParseError { SIPParseError(code, at: self.index) }

    mutating func advance() {
        if self.index < self.bytes.endIndex { self.index += 1 }
    }

    mutating func move(to index: Int) {
        self.index = max(self.index, min(index, self.bytes.endIndex))
    }

    mutating func skipWhiteSpace() {
        while let byte = self.current, byte.isWhiteSpace { self.index += 1 }
    }

    /// Takes one octet where it is the next one.
    mutating func take(_ byte: UInt8) -> Bool {
        guard self.current == byte else { return false }
        self.index += 1
        return true
    }

    /// Takes a separator with white space around it (SEMI, EQUAL, SLASH, ... of the grammar).
    mutating func takeSeparator(_ byte: UInt8) -> Bool {
        let start = self.index
        self.skipWhiteSpace()
        guard self.take(byte) else {
            self.index = start
            return false
        }
        self.skipWhiteSpace()
        return true
    }

    /// Takes octets of a set, perhaps none.
    mutating func take(while set: ByteSet) -> ArraySlice<UInt8> {
        let start = self.index
        let end = self.bytes.endIndex
        var index = start
        while index < end, set.contains(self.bytes[index]) { index &+= 1 }
        self.index = index
        return self.bytes[start..<index]
    }

    /// Takes at least one octet of a set.
    mutating func require(
        _ set: ByteSet, _ code: SIPParseError.Code
    ) throws(SIPParseError) -> ArraySlice<UInt8> {
        let taken = self.take(while: set)
        guard !taken.isEmpty else { throw self.error(code) }
        return taken
    }

    /// Takes a quoted string, quotes included. The cursor stands on the opening quote.
    mutating func quotedString() throws(SIPParseError) -> ArraySlice<UInt8> {
        let start = self.index
        self.advance()
        while let byte = self.current {
            self.index += 1
            if byte == UInt8(ascii: "\"") { return self.bytes[start..<self.index] }
            if byte == UInt8(ascii: "\\") {
                guard self.current.map({ $0 < 0x80 }) == true else { break }
                self.index += 1
            }
        }
        throw SIPParseError(.quoteUnterminated, at: start)
    }

    /// Fails unless everything was taken.
    func requireEnd(_ code: SIPParseError.Code) throws(SIPParseError) {
        guard self.atEnd else { throw self.error(code) }
    }
}
