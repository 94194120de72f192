// SPDX-License-Identifier: Apache-2.0

/// A set of ASCII octets in two words; octets from 128 on are never members.
struct ByteSet: Sendable {
    private var low: UInt64
    private var high: UInt64

    init(_ members: StaticString) {
        self.low = 0
        self.high = 0
        members.withUTF8Buffer { buffer in
            for byte in buffer {
                if byte < 64 {
                    self.low |= 1 << UInt64(byte)
                } else if byte < 128 {
                    self.high |= 1 << UInt64(byte - 64)
                }
            }
        }
    }

    private init(low: UInt64, high: UInt64) {
        self.low = low
        self.high = high
    }

    @inline(__always)
    func contains(_ byte: UInt8) -> Bool {
        let word = byte < 64 ? self.low : self.high
        return byte < 128 && word >> UInt64(byte & 63) & 1 != 0
    }

    func union(_ members: StaticString) -> ByteSet {
        let other = ByteSet(members)
        return ByteSet(low: self.low | other.low, high: self.high | other.high)
    }

    // RFC 3261 section 25.1, by the names of its grammar.
    static let digit = ByteSet("0123456789")
    static let alpha = ByteSet("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
    static let alphanum = alpha.union("0123456789")
    static let hex = ByteSet("0123456789abcdefABCDEF")
    static let token = alphanum.union("-.!%*_+`'~")
    static let callID = token.union("()<>:\\\"/[]?{}@")
    static let word = token.union("()<>:\\\"/[]?{}")
    static let unreserved = alphanum.union("-_.!~*'()")
    static let user = unreserved.union("&=+$,;?/%")
    static let password = unreserved.union("&=+$,%")
    static let uriParameter = unreserved.union("[]/:&+$%")
    static let uriHeader = unreserved.union("[]/?:+$%")
    static let uric = unreserved.union(";/?:@&=+$,%[]#")
    static let scheme = alphanum.union("+-.")
    static let hostname = alphanum.union("-._")
    /// Octets of an IPv6 reference, without its brackets.
    static let address = hex.union(":.")
    /// gen-value is a token or a host, which brings brackets and colons. Peers in the field also
    /// send "@", "=" and "/" in branches and tags; none of these can be taken for a separator.
    static let genericValue = token.union("[]:@=/?&$#^{}|")
}

/// Comparisons of protocol text: ASCII, octet by octet (RFC 3261 section 7.3.1). Inlinable, because
/// what other modules cannot specialise allocates an iterator a step.
public enum ASCII {
    /// The octet with A to Z made a to z; every other octet unchanged.
    @inlinable @inline(__always)
    public static func lowered(_ byte: UInt8) -> UInt8 {
        byte &- 0x41 < 26 ? byte | 0x20 : byte
    }

    /// True where both are the same octets but for the case of ASCII letters.
    @inlinable
    public static func equalsIgnoringCase(
        _ left: some Collection<UInt8>, _ right: some Collection<UInt8>
    ) -> Bool {
        guard left.count == right.count else { return false }
        return zip(left, right).allSatisfy { lowered($0) == lowered($1) }
    }

    /// As above, against a literal.
    @inlinable
    public static func equalsIgnoringCase(
        _ left: some Collection<UInt8>, _ right: StaticString
    ) -> Bool {
        right.withUTF8Buffer { equalsIgnoringCase(left, $0) }
    }

    /// The only number parser of the protocol modules: one or more digits, nothing else.
    ///
    /// nil for an empty value, any other octet (signs and spaces included) and values above
    /// `limit`. Leading zeros are allowed, as RFC 3261 allows them.
    public static func number(_ bytes: some Collection<UInt8>, limit: UInt64) -> UInt64? {
        guard !bytes.isEmpty else { return nil }
        var value: UInt64 = 0
        for byte in bytes {
            let digit = byte &- 0x30
            guard digit < 10 else { return nil }
            let (scaled, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = scaled.addingReportingOverflow(UInt64(digit))
            guard !overflow, !carry, sum <= limit else { return nil }
            value = sum
        }
        return value
    }

    /// The digits of a number, without leading zeros.
    public static func digits(_ value: some FixedWidthInteger & UnsignedInteger) -> [UInt8] {
        var rest = value
        var digits: [UInt8] = []
        digits.reserveCapacity(20)
        repeat {
            digits.append(UInt8(truncatingIfNeeded: rest % 10) + 0x30)
            rest /= 10
        } while rest != 0
        digits.reverse()
        return digits
    }

    /// The value of a hexadecimal digit; nil for any other octet.
    static func hexValue(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x41 + 10
        case 0x61...0x66: byte - 0x61 + 10
        default: nil
        }
    }
}

extension StaticString {
    /// The octets of a literal.
    var octets: [UInt8] { self.withUTF8Buffer { Array($0) } }
}
