// SPDX-License-Identifier: Apache-2.0

/// A domain name in the one form in which two of them compare: ASCII letters in lower case, labels
/// of 1 to 63 bytes, at most 253 bytes, no final dot. Hosts and services (`_sip._udp.example.com`)
/// have such names; others in the DNS are of no use here.
public struct DomainName: Sendable, Hashable, CustomStringConvertible {
    /// The name, as `sip.example.com`.
    public let bytes: [UInt8]

    /// The longest, in bytes of text (RFC 1035 section 2.3.4: 255 on the wire).
    public static let bytesMax = 253
    /// The longest label.
    public static let labelBytesMax = 63

    /// Nil for what is no name: an empty one, an empty or overlong label, any byte beside letters,
    /// digits, `-` and `_`. A final dot is taken.
    public init?(_ text: some Collection<UInt8>) {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count)
        var label = 0
        for byte in text {
            guard bytes.count <= Self.bytesMax else { return nil }
            switch byte {
            case 0x41...0x5a: bytes.append(byte | 0x20)
            case 0x61...0x7a, 0x30...0x39, 0x2d, 0x5f: bytes.append(byte)
            case 0x2e:
                guard label > 0 else { return nil }
                bytes.append(byte)
                label = 0
                continue
            default: return nil
            }
            label += 1
            guard label <= Self.labelBytesMax else { return nil }
        }
        if bytes.last == 0x2e { bytes.removeLast() }
        guard !bytes.isEmpty, bytes.count <= Self.bytesMax else { return nil }
        self.bytes = bytes
    }

    /// From text.
    public init?(_ text: String) { self.init(text.utf8) }

    /// The name of a service of this domain (RFC 2782): `_sip._udp` and the domain. Nil where that
    /// is too long.
    func service(_ prefix: String) -> DomainName? {
        DomainName(Array(prefix.utf8) + [0x2e] + self.bytes)
    }

    /// As text.
    public var description: String { String(decoding: self.bytes, as: UTF8.self) }
}
