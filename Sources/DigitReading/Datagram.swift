// SPDX-License-Identifier: Apache-2.0

/// A UDP datagram of a capture.
struct Datagram {
    /// Since the capture's first packet.
    let timeNs: UInt64
    /// "192.0.2.1:4000"
    let source: String
    let destination: String
    let payload: ArraySlice<UInt8>
}

/// What carries IP in a capture (the LINKTYPE values of tcpdump.org).
enum LinkType: UInt32 {
    case null = 0
    case ethernet = 1
    case raw = 101
    case loop = 108
    case linuxSLL = 113
    case ipv4 = 228
    case ipv6 = 229
    case linuxSLL2 = 276

    /// Where IP begins; nil: something else is in the frame.
    func ipOffset(_ bytes: [UInt8], _ frame: Range<Int>) -> Int? {
        let start = frame.lowerBound
        switch self {
        case .null, .loop: return start + 4
        case .raw, .ipv4, .ipv6: return start
        case .linuxSLL: return start + 16
        case .linuxSLL2: return start + 20
        case .ethernet:
            var offset = start + 12
            while offset < frame.upperBound, let type = bytes.number(offset, 2, bigEndian: true) {
                switch type {
                case 0x8100, 0x88a8: offset += 4
                case 0x0800, 0x86dd: return offset + 2
                default: return nil
                }
            }
            return nil
        }
    }
}

extension Datagram {
    /// Of a captured frame; nil: no whole UDP datagram. Fragments are left out.
    init?(frame bytes: [UInt8], _ range: Range<Int>, _ link: LinkType, timeNs: UInt64) {
        guard let ip = link.ipOffset(bytes, range), ip < range.upperBound else {
            return nil
        }
        let isIPv6 = bytes[ip] >> 4 == 6
        let udp: Int
        if isIPv6 {
            guard ip + 48 <= range.upperBound, bytes[ip + 6] == 17 else { return nil }
            udp = ip + 40
        } else {
            udp = ip + Int(bytes[ip] & 15) * 4
            guard bytes[ip] >> 4 == 4, udp >= ip + 20, udp + 8 <= range.upperBound,
                bytes[ip + 9] == 17,
                (bytes.number(ip + 6, 2, bigEndian: true) ?? 1) & 0x3fff == 0
            else { return nil }
        }
        guard let length = bytes.number(udp + 4, 2, bigEndian: true), length >= 8,
            udp + Int(length) <= range.upperBound
        else { return nil }
        self.timeNs = timeNs
        self.source = Self.address(bytes, ip + (isIPv6 ? 8 : 12), isIPv6, port: udp)
        self.destination = Self.address(bytes, ip + (isIPv6 ? 24 : 16), isIPv6, port: udp + 2)
        self.payload = bytes[udp + 8..<udp + Int(length)]
    }

    private static func address(
        _ bytes: [UInt8], _ at: Int, _ isIPv6: Bool, port: Int
    ) -> String {
        let number = bytes.number(port, 2, bigEndian: true) ?? 0
        if !isIPv6 {
            return bytes[at..<at + 4].map { "\($0)" }.joined(separator: ".") + ":\(number)"
        }
        let words = stride(from: at, to: at + 16, by: 2).map {
            String(bytes.number($0, 2, bigEndian: true) ?? 0, radix: 16)
        }
        return "[" + words.joined(separator: ":") + "]:\(number)"
    }
}
