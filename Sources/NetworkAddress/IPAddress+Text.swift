// SPDX-License-Identifier: Apache-2.0

extension IPAddress {
    /// Parses dotted IPv4 (no leading zeros, RFC 3986 section 3.2.2) or IPv6 (RFC 4291 section 2.2)
    /// without brackets or zone; nil for anything else.
    public init?(text bytes: ArraySlice<UInt8>) {
        guard bytes.count <= 45 else { return nil }
        if bytes.contains(UInt8(ascii: ":")) {
            guard let groups = Self.parseIPv6(bytes) else { return nil }
            self.init(
                high: groups[0..<4].reduce(0) { $0 << 16 | UInt64($1) },
                low: groups[4..<8].reduce(0) { $0 << 16 | UInt64($1) })
        } else {
            guard let value = Self.parseIPv4(bytes) else { return nil }
            self.init(ipv4: value)
        }
    }

    /// As above, from any octets.
    public init?(text: some Collection<UInt8>) {
        self.init(text: Array(text)[...])
    }

    /// As above, from a String.
    public init?(_ text: String) {
        self.init(text: text.utf8)
    }

    private static func parseIPv4(_ bytes: ArraySlice<UInt8>) -> UInt32? {
        var value: UInt32 = 0
        var rest = bytes
        for index in 0..<4 {
            let part = rest.prefix { $0 != UInt8(ascii: ".") }
            guard (1...3).contains(part.count), part.count == 1 || part.first != UInt8(ascii: "0")
            else { return nil }
            var octet: UInt32 = 0
            for byte in part {
                guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
                octet = octet * 10 + UInt32(byte - UInt8(ascii: "0"))
            }
            guard octet <= 255 else { return nil }
            value = value << 8 | octet
            rest = rest[part.endIndex...]
            // A dot between two numbers, nothing behind the last.
            guard (index == 3) == rest.isEmpty else { return nil }
            rest = rest.dropFirst()
        }
        return value
    }

    private static func parseIPv6(_ bytes: ArraySlice<UInt8>) -> [UInt16]? {
        var head: [UInt16] = []
        var tail: [UInt16]?
        var rest = bytes
        if rest.starts(with: [0x3a, 0x3a]) {
            tail = []
            rest = rest.dropFirst(2)
        }
        while !rest.isEmpty {
            let end = rest.firstIndex(of: 0x3a) ?? rest.endIndex
            let part = rest[rest.startIndex..<end]
            var groups: [UInt16] = []
            if end == rest.endIndex, part.contains(0x2e) {
                guard let ipv4 = parseIPv4(part) else { return nil }
                groups = [UInt16(ipv4 >> 16), UInt16(truncatingIfNeeded: ipv4)]
            } else {
                guard let group = parseGroup(part) else { return nil }
                groups = [group]
            }
            if tail == nil { head += groups } else { tail?.append(contentsOf: groups) }
            rest = rest[end...]
            if rest.starts(with: [0x3a, 0x3a]) {
                guard tail == nil else { return nil }
                tail = []
                rest = rest.dropFirst(2)
            } else if !rest.isEmpty {
                rest = rest.dropFirst()
                guard !rest.isEmpty else { return nil }
            }
        }
        let count = head.count + (tail?.count ?? 0)
        guard let tail else { return count == 8 ? head : nil }
        guard count <= 7 else { return nil }
        return head + [UInt16](repeating: 0, count: 8 - count) + tail
    }

    private static func parseGroup(_ part: ArraySlice<UInt8>) -> UInt16? {
        guard (1...4).contains(part.count) else { return nil }
        var value: UInt16 = 0
        for byte in part {
            let digit: UInt8
            switch byte {
            case 0x30...0x39: digit = byte - 0x30
            case 0x41...0x46: digit = byte - 0x41 + 10
            case 0x61...0x66: digit = byte - 0x61 + 10
            default: return nil
            }
            value = value << 4 | UInt16(digit)
        }
        return value
    }
}

extension IPAddress: CustomStringConvertible {
    /// Dotted IPv4, or IPv6 in the form of RFC 5952.
    public var description: String {
        if self.isIPv4 {
            let value = self.ipv4
            return "\(value >> 24).\(value >> 16 & 255).\(value >> 8 & 255).\(value & 255)"
        }
        let groups = (0..<8).map { index -> UInt16 in
            let half = index < 4 ? self.high : self.low
            return UInt16(truncatingIfNeeded: half >> UInt64(48 - 16 * (index % 4)))
        }
        var best = 0..<0
        var start = 0
        while start < 8 {
            var end = start
            while end < 8, groups[end] == 0 { end += 1 }
            if end - start > max(best.count, 1) { best = start..<end }
            start = max(end, start + 1)
        }
        let hex = groups.map { String($0, radix: 16) }
        guard !best.isEmpty else { return hex.joined(separator: ":") }
        return hex[..<best.lowerBound].joined(separator: ":") + "::"
            + hex[best.upperBound...].joined(separator: ":")
    }
}

extension SocketAddress: CustomStringConvertible {
    /// `address:port`, with brackets around IPv6.
    public var description: String {
        self.address.isIPv4 ? "\(self.address):\(self.port)" : "[\(self.address)]:\(self.port)"
    }
}
