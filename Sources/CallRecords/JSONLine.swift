// SPDX-License-Identifier: Apache-2.0

/// One JSON object on one line, written byte by byte: no value in between, no text. What comes from
/// the wire is valid JSON afterwards, whatever it was.
struct JSONLine {
    private(set) var bytes: [UInt8] = []
    /// No member was written since the last opening bracket.
    private var isFirst = true

    /// Bytes of a text; more are cut off. So is the longest line shorter than 64 KB.
    static let textBytesMax = 256

    /// An object that begins. `room` is what the line is going to have, more or less.
    init(room: Int) {
        self.bytes.reserveCapacity(room)
        self.bytes.append(UInt8(ascii: "{"))
    }

    /// The line with its end.
    mutating func finish() -> [UInt8] {
        self.bytes.append(UInt8(ascii: "}"))
        self.bytes.append(0x0a)
        return self.bytes
    }

    // MARK: Members

    private mutating func name(_ name: StaticString) {
        if !self.isFirst { self.bytes.append(UInt8(ascii: ",")) }
        self.isFirst = false
        self.bytes.append(UInt8(ascii: "\""))
        self.literal(name)
        self.bytes.append(UInt8(ascii: "\""))
        self.bytes.append(UInt8(ascii: ":"))
    }

    private mutating func literal(_ text: StaticString) {
        text.withUTF8Buffer { self.bytes.append(contentsOf: $0) }
    }

    /// A text that needs no escapes.
    mutating func word(_ name: StaticString, _ value: String) {
        self.name(name)
        self.bytes.append(UInt8(ascii: "\""))
        self.bytes.append(contentsOf: value.utf8)
        self.bytes.append(UInt8(ascii: "\""))
    }

    /// Any bytes.
    mutating func text(_ name: StaticString, _ value: some Collection<UInt8>) {
        self.name(name)
        self.bytes.append(UInt8(ascii: "\""))
        // Nearly all are as they have to be.
        if value.withContiguousStorageIfAvailable(Self.isPlain) == true {
            self.bytes.append(contentsOf: value)
        } else {
            self.append(escaped: value.prefix(Self.textBytesMax))
        }
        self.bytes.append(UInt8(ascii: "\""))
    }

    mutating func integer(_ name: StaticString, _ value: some BinaryInteger) {
        self.name(name)
        if value < 0 { self.bytes.append(UInt8(ascii: "-")) }
        self.decimal(UInt64(value.magnitude))
    }

    /// A number in thousandths.
    mutating func thousandths(_ name: StaticString, _ value: UInt32) {
        self.name(name)
        self.decimal(UInt64(value / 1000))
        self.bytes.append(UInt8(ascii: "."))
        self.three(Int(value % 1000))
    }

    /// A number in hundredths.
    mutating func hundredths(_ name: StaticString, _ value: UInt16) {
        self.name(name)
        self.decimal(UInt64(value / 100))
        self.bytes.append(UInt8(ascii: "."))
        self.two(Int(value % 100))
    }

    mutating func flag(_ name: StaticString, _ value: Bool) {
        self.name(name)
        self.literal(value ? "true" : "false")
    }

    /// Sixteen hexadecimal digits.
    mutating func identifier(_ name: StaticString, _ value: UInt64) {
        self.name(name)
        self.identifier(value)
    }

    /// RFC 3339, UTC, with milliseconds, from milliseconds since 1970.
    mutating func time(_ name: StaticString, _ milliseconds: UInt64) {
        self.name(name)
        self.bytes.append(UInt8(ascii: "\""))
        let date = CalendarDate(days: Int(clamping: milliseconds / 86_400_000))
        let ofDay = Int(milliseconds % 86_400_000)
        self.two(date.year / 100)
        self.two(date.year % 100)
        self.bytes.append(UInt8(ascii: "-"))
        self.two(date.month)
        self.bytes.append(UInt8(ascii: "-"))
        self.two(date.day)
        self.bytes.append(UInt8(ascii: "T"))
        self.two(ofDay / 3_600_000)
        self.bytes.append(UInt8(ascii: ":"))
        self.two(ofDay / 60_000 % 60)
        self.bytes.append(UInt8(ascii: ":"))
        self.two(ofDay / 1000 % 60)
        self.bytes.append(UInt8(ascii: "."))
        self.three(ofDay % 1000)
        self.bytes.append(UInt8(ascii: "Z"))
        self.bytes.append(UInt8(ascii: "\""))
    }

    mutating func object(_ name: StaticString, _ body: (inout JSONLine) -> Void) {
        self.name(name)
        self.brackets("{", "}", body)
    }

    mutating func array<Element>(
        _ name: StaticString, _ elements: [Element], _ body: (inout JSONLine, Element) -> Void
    ) {
        self.name(name)
        self.brackets("[", "]") { line in
            for element in elements {
                if !line.isFirst { line.bytes.append(UInt8(ascii: ",")) }
                body(&line, element)
                line.isFirst = false
            }
        }
    }

    // MARK: Elements of arrays

    mutating func element(_ body: (inout JSONLine) -> Void) { self.brackets("{", "}", body) }

    mutating func identifier(_ value: UInt64) {
        self.bytes.append(UInt8(ascii: "\""))
        for position in 0..<16 { self.hexadecimal(value >> (60 - 4 * UInt64(position))) }
        self.bytes.append(UInt8(ascii: "\""))
    }

    private mutating func brackets(
        _ open: Unicode.Scalar, _ close: Unicode.Scalar, _ body: (inout JSONLine) -> Void
    ) {
        self.bytes.append(UInt8(ascii: open))
        self.isFirst = true
        body(&self)
        self.isFirst = false
        self.bytes.append(UInt8(ascii: close))
    }

    // MARK: Digits

    private mutating func decimal(_ value: UInt64) {
        var unit: UInt64 = 1
        while unit <= value / 10 { unit *= 10 }
        while unit > 0 {
            self.bytes.append(0x30 + UInt8(truncatingIfNeeded: value / unit % 10))
            unit /= 10
        }
    }

    /// The last two digits.
    private mutating func two(_ value: Int) {
        self.bytes.append(0x30 + UInt8(truncatingIfNeeded: value / 10 % 10))
        self.bytes.append(0x30 + UInt8(truncatingIfNeeded: value % 10))
    }

    /// The last three.
    private mutating func three(_ value: Int) {
        self.bytes.append(0x30 + UInt8(truncatingIfNeeded: value / 100 % 10))
        self.two(value)
    }

    private mutating func hexadecimal(_ value: UInt64) {
        let digit = UInt8(truncatingIfNeeded: value & 15)
        self.bytes.append(digit < 10 ? 0x30 + digit : 0x57 + digit)
    }

    // MARK: Texts

    /// Short, and without anything that needs an escape.
    private static func isPlain(_ value: some Collection<UInt8>) -> Bool {
        value.count <= self.textBytesMax
            && value.allSatisfy {
                (0x20..<0x7f).contains($0) && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\")
            }
    }

    private mutating func append(escaped value: some Collection<UInt8>) {
        var index = value.startIndex
        while index < value.endIndex {
            let byte = value[index]
            if byte < 0x80 {
                self.ascii(byte)
                value.formIndex(after: &index)
            } else if let count = Self.scalarBytes(value[index...]) {
                let end = value.index(index, offsetBy: count)
                self.bytes.append(contentsOf: value[index..<end])
                index = end
            } else {
                // U+FFFD for what is no UTF-8.
                self.bytes.append(contentsOf: [0xef, 0xbf, 0xbd])
                value.formIndex(after: &index)
            }
        }
    }

    private mutating func ascii(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"):
            self.bytes.append(UInt8(ascii: "\\"))
            self.bytes.append(byte)
        case 0..<0x20, 0x7f:
            self.literal("\\u00")
            self.hexadecimal(UInt64(byte >> 4))
            self.hexadecimal(UInt64(byte))
        default: self.bytes.append(byte)
        }
    }

    /// Bytes of the scalar that begins here (Unicode 15, table 3-7); nil where none does.
    private static func scalarBytes(_ value: some Collection<UInt8>) -> Int? {
        var next = value.makeIterator()
        let continuation: ClosedRange<UInt8> = 0x80...0xbf
        guard let lead = next.next(), let second = next.next() else { return nil }
        let ofSecond: ClosedRange<UInt8>
        switch lead {
        case 0xe0: ofSecond = 0xa0...0xbf
        case 0xed: ofSecond = 0x80...0x9f
        case 0xf0: ofSecond = 0x90...0xbf
        case 0xf4: ofSecond = 0x80...0x8f
        default: ofSecond = continuation
        }
        let count: Int
        switch lead {
        case 0xc2...0xdf: count = 2
        case 0xe0...0xef: count = 3
        case 0xf0...0xf4: count = 4
        default: return nil
        }
        guard ofSecond.contains(second) else { return nil }
        for _ in 2..<count {
            guard let byte = next.next(), continuation.contains(byte) else { return nil }
        }
        return count
    }
}

/// A day of the Gregorian calendar, counted in eras of 400 years that begin on the first of March.
struct CalendarDate: Equatable {
    let year: Int
    let month: Int
    let day: Int

    /// From days since 1970-01-01.
    init(days: Int) {
        let shifted = days + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted % 146_097
        let yearOfEra =
            (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        self.day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        self.month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        self.year = yearOfEra + era * 400 + (self.month <= 2 ? 1 : 0)
    }
}
