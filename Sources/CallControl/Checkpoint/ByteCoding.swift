// SPDX-License-Identifier: Apache-2.0

import NetworkAddress
import SDP

/// Writes a checkpoint: big-endian integers, byte strings and lists with their count before them,
/// in one byte where it is below 255.
struct CheckpointWriter {
    /// What was written, and room for more.
    private var room: [UInt8]
    private var count = 0

    init() { self.room = [UInt8](repeating: 0, count: Self.usualBytes) }

    /// With the messages of a call that is being set up.
    private static let usualBytes = 4096

    /// What was written.
    consuming func finish() -> [UInt8] {
        self.room.removeLast(self.room.count - self.count)
        return self.room
    }

    /// Writes so many bytes.
    @inline(__always)
    private mutating func put(_ bytes: Int, _ body: (UnsafeMutableRawBufferPointer) -> Void) {
        let end = self.count + bytes
        if end > self.room.count { self.room += repeatElement(0, count: end) }
        self.room.withUnsafeMutableBytes {
            body(UnsafeMutableRawBufferPointer(rebasing: $0[self.count..<end]))
        }
        self.count = end
    }

    @inline(__always)
    mutating func integer<Value: FixedWidthInteger & UnsignedInteger>(_ value: Value) {
        self.put(Value.bitWidth / 8) { $0.storeBytes(of: value.bigEndian, as: Value.self) }
    }

    @inline(__always)
    private mutating func count(_ count: Int) {
        if count < 255 {
            self.integer(UInt8(truncatingIfNeeded: count))
        } else {
            self.integer(UInt8.max)
            self.integer(UInt32(truncatingIfNeeded: count))
        }
    }

    mutating func flag(_ value: Bool) { self.integer(value ? 1 : 0 as UInt8) }

    @inline(__always)
    mutating func string(_ value: some Collection<UInt8>) {
        let count = value.count
        self.count(count)
        self.put(count) { $0.copyBytes(from: value) }
    }

    @inline(__always)
    mutating func array<Element>(
        _ elements: [Element], _ body: (inout CheckpointWriter, Element) -> Void
    ) {
        self.count(elements.count)
        for element in elements { body(&self, element) }
    }

    @inline(__always)
    mutating func optional<Value>(
        _ value: Value?, _ body: (inout CheckpointWriter, Value) -> Void
    ) {
        self.flag(value != nil)
        if let value { body(&self, value) }
    }

    mutating func choice<Choice: RawRepresentable>(_ value: Choice)
    where Choice.RawValue: FixedWidthInteger & UnsignedInteger {
        self.integer(value.rawValue)
    }

    mutating func text(_ value: SDPText) { self.string(value.bytes) }

    mutating func ip(_ value: IPAddress) {
        self.flag(value.isIPv4)
        if value.isIPv4 {
            self.integer(UInt32(truncatingIfNeeded: value.low))
        } else {
            self.integer(value.high)
            self.integer(value.low)
        }
    }

    mutating func address(_ value: SocketAddress) {
        self.ip(value.address)
        self.integer(value.port)
    }
}

/// Reads a checkpoint. Every length is checked before it is used, so that bytes from a damaged file
/// give an error and nothing else.
struct CheckpointReader {
    private let bytes: [UInt8]
    private(set) var offset = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var isAtEnd: Bool { self.offset == self.bytes.count }

    func failure(_ code: CheckpointError.Code) -> CheckpointError {
        CheckpointError(code: code, offset: self.offset)
    }

    mutating func integer<Value: FixedWidthInteger & UnsignedInteger>(
        _: Value.Type = Value.self
    ) throws(CheckpointError) -> Value {
        let size = Value.bitWidth / 8
        guard self.bytes.count - self.offset >= size else { throw self.failure(.cutShort) }
        var value: Value = 0
        for index in 0..<size {
            value =
                Value(truncatingIfNeeded: UInt64(value) << 8)
                | Value(truncatingIfNeeded: self.bytes[self.offset + index])
        }
        self.offset += size
        return value
    }

    mutating func flag() throws(CheckpointError) -> Bool {
        switch try self.integer(UInt8.self) {
        case 0: return false
        case 1: return true
        default: throw self.failure(.badValue)
        }
    }

    private mutating func count() throws(CheckpointError) -> Int {
        let short: UInt8 = try self.integer()
        return short < 255 ? Int(short) : Int(try self.integer(UInt32.self))
    }

    mutating func string(most: Int) throws(CheckpointError) -> [UInt8] {
        let count = try self.count()
        guard count <= most else { throw self.failure(.tooLong) }
        guard self.bytes.count - self.offset >= count else { throw self.failure(.cutShort) }
        defer { self.offset += count }
        return Array(self.bytes[self.offset..<self.offset + count])
    }

    mutating func array<Element>(
        most: Int, _ body: (inout CheckpointReader) throws(CheckpointError) -> Element
    ) throws(CheckpointError) -> [Element] {
        let count = try self.count()
        guard count <= most else { throw self.failure(.tooLong) }
        var elements: [Element] = []
        for _ in 0..<count { elements.append(try body(&self)) }
        return elements
    }

    mutating func optional<Value>(
        _ body: (inout CheckpointReader) throws(CheckpointError) -> Value
    ) throws(CheckpointError) -> Value? {
        try self.flag() ? try body(&self) : nil
    }

    mutating func choice<Choice: RawRepresentable>(
        _: Choice.Type = Choice.self
    ) throws(CheckpointError) -> Choice
    where Choice.RawValue: FixedWidthInteger & UnsignedInteger {
        guard let value = Choice(rawValue: try self.integer()) else {
            throw self.failure(.badValue)
        }
        return value
    }

    mutating func ip() throws(CheckpointError) -> IPAddress {
        try self.flag()
            ? IPAddress(ipv4: try self.integer())
            : IPAddress(high: try self.integer(), low: try self.integer())
    }

    mutating func address() throws(CheckpointError) -> SocketAddress {
        SocketAddress(address: try self.ip(), port: try self.integer())
    }
}

/// Why bytes are no checkpoint.
public struct CheckpointError: Error, Hashable {
    /// The kinds of fault.
    public enum Code: Sendable, Hashable {
        /// The bytes end too early.
        case cutShort
        /// Bytes are left over.
        case trailing
        /// Written by a version that this one does not know.
        case version
        /// A string or list is longer than the limit.
        case tooLong
        /// A field has a value that it cannot have.
        case badValue
    }
    /// The kind of fault.
    public let code: Code
    /// Where it was noticed, in bytes.
    public let offset: Int
}
