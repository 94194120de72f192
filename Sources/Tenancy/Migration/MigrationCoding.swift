// SPDX-License-Identifier: Apache-2.0

/// Why bytes are no plan, or no figures.
public struct MigrationCodingError: Error, Sendable, Hashable {
    /// The kinds of fault.
    public enum Code: Sendable, Hashable {
        /// The bytes end too early.
        case cutShort
        /// Bytes are left over.
        case trailing
        /// They are of something else, or of a version that this one does not know.
        case version
        /// A list or text is longer than its limit.
        case tooLong
        /// A field has a value that it cannot have.
        case badValue
    }
    /// The kind of fault.
    public let code: Code
    /// Where it was noticed, in bytes.
    public let offset: Int
}

/// Writes values for the store: integers in groups of seven bits, the lowest first, and texts and
/// lists with their count before them.
struct MigrationWriter {
    private(set) var bytes: [UInt8] = []

    mutating func integer(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            self.bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        self.bytes.append(UInt8(truncatingIfNeeded: rest))
    }

    mutating func integer(_ value: Int) { self.integer(UInt64(value)) }

    mutating func text(_ value: String) {
        self.integer(value.utf8.count)
        self.bytes += value.utf8
    }

    mutating func array<Element>(
        _ elements: [Element], _ body: (inout MigrationWriter, Element) -> Void
    ) {
        self.integer(elements.count)
        for element in elements { body(&self, element) }
    }

    mutating func optional<Value>(
        _ value: Value?, _ body: (inout MigrationWriter, Value) -> Void
    ) {
        self.integer(value == nil ? 0 : 1)
        if let value { body(&self, value) }
    }

    mutating func position(_ value: MigrationPosition) {
        self.integer(UInt64(value.step.rawValue))
        if value.step == .widen { self.integer(value.cohort) }
    }

    /// Ascending numbers as their distances, so that a block of numbers takes a byte for each.
    mutating func numbers(_ numbers: [E164]) {
        var previous: UInt64 = 0
        self.array(numbers) { writer, number in
            writer.integer(number.value - previous)
            previous = number.value
        }
    }
}

/// Reads what `MigrationWriter` wrote. Every length is checked before it is used, so that damaged
/// bytes give an error and nothing else.
struct MigrationReader {
    private let bytes: [UInt8]
    private(set) var offset = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    func failure(_ code: MigrationCodingError.Code) -> MigrationCodingError {
        MigrationCodingError(code: code, offset: self.offset)
    }

    func end() throws(MigrationCodingError) {
        guard self.offset == self.bytes.count else { throw self.failure(.trailing) }
    }

    /// An integer of at most `most`.
    mutating func integer(most: UInt64 = .max) throws(MigrationCodingError) -> UInt64 {
        var value: UInt64 = 0
        for shift in stride(from: 0, to: 64, by: 7) {
            guard self.offset < self.bytes.count else { throw self.failure(.cutShort) }
            let byte = UInt64(self.bytes[self.offset])
            self.offset += 1
            // One way to write each value: no bits above the 64th, no empty group at the end.
            guard shift < 63 || byte <= 1, shift == 0 || byte != 0 else {
                throw self.failure(.badValue)
            }
            value |= (byte & 0x7f) << UInt64(shift)
            if byte < 0x80 {
                guard value <= most else { throw self.failure(.badValue) }
                return value
            }
        }
        throw self.failure(.badValue)
    }

    mutating func int(most: Int) throws(MigrationCodingError) -> Int {
        Int(try self.integer(most: UInt64(most)))
    }

    /// A count of things that take a byte each, at least.
    private mutating func count(most: Int) throws(MigrationCodingError) -> Int {
        let count = try self.integer()
        guard count <= UInt64(most) else { throw self.failure(.tooLong) }
        guard count <= UInt64(self.bytes.count - self.offset) else { throw self.failure(.cutShort) }
        return Int(count)
    }

    mutating func text(most: Int) throws(MigrationCodingError) -> String {
        let count = try self.count(most: most)
        let bytes = self.bytes[self.offset..<self.offset + count]
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw self.failure(.badValue)
        }
        self.offset += count
        return text
    }

    mutating func array<Element>(
        most: Int, _ body: (inout MigrationReader) throws(MigrationCodingError) -> Element
    ) throws(MigrationCodingError) -> [Element] {
        let count = try self.count(most: most)
        var elements: [Element] = []
        elements.reserveCapacity(count)
        for _ in 0..<count { elements.append(try body(&self)) }
        return elements
    }

    mutating func optional<Value>(
        _ body: (inout MigrationReader) throws(MigrationCodingError) -> Value
    ) throws(MigrationCodingError) -> Value? {
        try self.integer(most: 1) == 1 ? try body(&self) : nil
    }

    mutating func choice<Choice: RawRepresentable>(
        _: Choice.Type = Choice.self
    ) throws(MigrationCodingError) -> Choice where Choice.RawValue == UInt8 {
        let value = UInt8(try self.integer(most: 255))
        guard let choice = Choice(rawValue: value) else { throw self.failure(.badValue) }
        return choice
    }

    mutating func position() throws(MigrationCodingError) -> MigrationPosition {
        let step: MigrationStep = try self.choice()
        guard step == .widen else { return MigrationPosition(step) }
        let cohort = try self.int(most: MigrationPlan.cohortsMax - 1)
        guard cohort > 0 else { throw self.failure(.badValue) }
        return MigrationPosition(.widen, cohort: cohort)
    }

    /// The number that is so far above the one before.
    mutating func number(
        after previous: inout UInt64
    ) throws(MigrationCodingError) -> E164 {
        let distance = try self.integer(most: 999_999_999_999_999)
        guard distance > 0, let number = E164(value: previous + distance) else {
            throw self.failure(.badValue)
        }
        previous = number.value
        return number
    }
}

extension TrunkSet {
    /// How it is stored, 0 being none.
    var code: UInt64 { self == .plain ? 1 : 2 }

    static func decode(_ code: UInt64) -> TrunkSet? {
        switch code {
        case 1: .plain
        case 2: .bypass
        default: nil
        }
    }
}
