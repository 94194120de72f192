// SPDX-License-Identifier: Apache-2.0

/// Cuts the header section into fields in one pass (RFC 3261 section 7.3.1).
struct LineScanner {
    /// Offset behind the start line, without its line end.
    private(set) var startLineEnd = 0
    private(set) var fields: [HeaderField] = []
    /// Offsets of the line ends that fold a field.
    private(set) var folds: [Int] = []
    /// Offset behind the empty line; nil where the octets end before it.
    private(set) var bodyStart: Int?
    private(set) var startFault: SIPParseError?
    /// First fault behind the start line.
    private(set) var fault: SIPParseError?

    // Globals are asked for once a message, not once an octet.
    private let token = ByteSet.token
    private let names = HeaderNameTable.shared

    private enum LineEnd { case complete, outOfBytes }

    static func scan(_ bytes: Span<UInt8>, from start: Int) -> LineScanner {
        var scanner = LineScanner()
        scanner.run(bytes, from: start)
        return scanner
    }

    private mutating func note(_ code: SIPParseError.Code, at offset: Int) {
        if self.fault == nil { self.fault = SIPParseError(code, at: offset) }
    }

    private mutating func run(_ bytes: Span<UInt8>, from start: Int) {
        self.fields.reserveCapacity(24)
        var index = start
        let first = self.lineEnd(bytes, &index)
        self.startLineEnd = index
        self.startFault = self.fault
        self.fault = nil
        guard first == .complete else { return }
        index &+= 2
        if index < bytes.count, bytes[index].isWhiteSpace { self.note(.headerSyntax, at: index) }
        while index &+ 1 < bytes.count {
            if bytes[index] == 0x0d, bytes[index &+ 1] == 0x0a {
                self.bodyStart = index &+ 2
                return
            }
            guard self.field(bytes, &index) == .complete else { return }
        }
    }

    /// Moves to the CR of the line end. A CR or LF on its own is a fault of the line.
    @inline(__always)
    private mutating func lineEnd(_ bytes: Span<UInt8>, _ index: inout Int) -> LineEnd {
        while index < bytes.count {
            let byte = bytes[index]
            if byte > 0x0d {
                index &+= 1
                continue
            }
            if byte == 0x0d {
                guard index &+ 1 < bytes.count else { return .outOfBytes }
                if bytes[index &+ 1] == 0x0a { return .complete }
                self.note(.lineEnding, at: index)
            } else if byte == 0x0a {
                self.note(.lineEnding, at: index)
            }
            index &+= 1
        }
        return .outOfBytes
    }

    /// One field, with the lines that continue it; `index` ends up behind its last line end.
    @inline(__always)
    private mutating func field(_ bytes: Span<UInt8>, _ index: inout Int) -> LineEnd {
        let start = index
        while index < bytes.count, self.token.contains(bytes[index]) { index &+= 1 }
        let nameEnd = index
        while index < bytes.count, bytes[index].isWhiteSpace { index &+= 1 }
        let hasName = index < bytes.count && bytes[index] == 0x3a && nameEnd > start
        if hasName {
            index &+= 1
        } else if index < bytes.count {
            self.note(.headerSyntax, at: index)
        }
        while index < bytes.count, bytes[index].isWhiteSpace { index &+= 1 }
        var valueStart = index
        guard self.value(bytes, &index) == .complete else { return .outOfBytes }
        guard hasName else {
            index &+= 2
            return .complete
        }
        var valueEnd = index
        index &+= 2
        while valueEnd > valueStart, Self.isBlank(bytes[valueEnd &- 1]) { valueEnd &-= 1 }
        while valueStart < valueEnd, Self.isBlank(bytes[valueStart]) { valueStart &+= 1 }
        self.append(bytes, start, nameEnd, valueStart, valueEnd)
        return .complete
    }

    /// White space and the line ends of folds, at the ends of a value.
    @inline(__always)
    private static func isBlank(_ byte: UInt8) -> Bool {
        byte.isWhiteSpace || byte == 0x0d || byte == 0x0a
    }

    /// Moves to the line end that no continuation follows.
    @inline(__always)
    private mutating func value(_ bytes: Span<UInt8>, _ index: inout Int) -> LineEnd {
        while true {
            guard self.lineEnd(bytes, &index) == .complete else { return .outOfBytes }
            let next = index &+ 2
            guard next < bytes.count, bytes[next].isWhiteSpace else { return .complete }
            self.folds.append(index)
            index = next
        }
    }

    @inline(__always)
    private mutating func append(
        _ bytes: Span<UInt8>, _ start: Int, _ nameEnd: Int, _ valueStart: Int, _ valueEnd: Int
    ) {
        if valueEnd &- start > SIPLimits.headerBytes {
            self.note(.headerTooLong, at: start &+ SIPLimits.headerBytes)
        }
        guard self.fields.count < SIPLimits.headerCount else {
            return self.note(.tooManyHeaders, at: start)
        }
        self.fields.append(
            HeaderField(
                code: self.names.code(of: bytes, from: start, to: nameEnd),
                nameStart: UInt32(truncatingIfNeeded: start),
                nameEnd: UInt32(truncatingIfNeeded: nameEnd),
                valueStart: UInt32(truncatingIfNeeded: valueStart),
                valueEnd: UInt32(truncatingIfNeeded: valueEnd)))
    }
}
