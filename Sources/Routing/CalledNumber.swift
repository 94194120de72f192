// SPDX-License-Identifier: Apache-2.0

/// The number that a request calls, as the route table compares it: digits, `*`, `#`, the letters
/// A to D (RFC 3966 section 3: phonedigit-hex) and a leading `+`; visual separators are gone.
/// A user part that is no number ("alice") has no symbols and is routed by the empty prefix alone.
public struct CalledNumber: Sendable, Hashable, CustomStringConvertible {
    /// The symbols as ASCII, letters upper-case.
    public let bytes: [UInt8]

    /// Symbols that are looked at: no number is longer (E.164 has 15 digits, RFC 3966 sets no
    /// limit), and what is longer is no number.
    public static let limit = 64

    /// From the user part of a Request-URI, percent-encoding and parameters included (RFC 3261
    /// section 19.1.6: a telephone-subscriber may stand there), or the number of a tel URI.
    public init(user: some Collection<UInt8>) {
        var symbols: [UInt8] = []
        var rest = Array(user)[...]
        scan: while let byte = Self.decoded(&rest) {
            switch byte {
            case 0x3b, 0x3a: break scan  // ";" begins parameters, ":" a password
            case 0x2d, 0x2e, 0x28, 0x29: continue  // - . ( )
            case 0x2b where symbols.isEmpty: symbols.append(byte)
            case 0x30...0x39, 0x2a, 0x23, 0x41...0x44: symbols.append(byte)
            case 0x61...0x64: symbols.append(byte & 0xdf)
            default:
                symbols = []
                break scan
            }
            guard symbols.count <= Self.limit else {
                symbols = []
                break scan
            }
        }
        self.bytes = symbols
    }

    /// From a whole Request-URI: `sip:`, `sips:` or `tel:`. Without a user part nobody is called
    /// by number.
    public init(requestURI uri: some Collection<UInt8>) {
        let uri = Array(uri)
        guard let colon = uri.firstIndex(of: 0x3a) else {
            self.init(user: [])
            return
        }
        let scheme = uri[..<colon].map { (0x41...0x5a).contains($0) ? $0 | 0x20 : $0 }
        let rest = uri[(colon + 1)...]
        if scheme == Array("tel".utf8) {
            self.init(user: rest)
        } else if scheme == Array("sip".utf8) || scheme == Array("sips".utf8),
            let at = rest.firstIndex(of: 0x40)
        {
            self.init(user: rest[..<at])
        } else {
            self.init(user: [])
        }
    }

    /// The symbols as text.
    public var description: String { String(decoding: self.bytes, as: UTF8.self) }

    /// Takes the next byte, `%41` as the byte that it stands for. A broken escape is a byte that no
    /// number has.
    private static func decoded(_ rest: inout ArraySlice<UInt8>) -> UInt8? {
        guard let byte = rest.popFirst() else { return nil }
        guard byte == 0x25 else { return byte }
        guard let high = rest.popFirst().flatMap(self.hex),
            let low = rest.popFirst().flatMap(self.hex)
        else { return 0x25 }
        return high << 4 | low
    }

    private static func hex(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x41 + 10
        case 0x61...0x66: byte - 0x61 + 10
        default: nil
        }
    }
}
