// SPDX-License-Identifier: Apache-2.0

internal import NetworkAddress

/// Ethernet, IP and UDP or TCP around bytes that came without them.
enum SyntheticFrame {
    /// Bytes that one frame carries at most: the length field of IPv4 has 16 bits.
    static let payloadBytesMax = 65_000

    /// Locally administered.
    private static let ethernet: [UInt8] = [2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1]

    static func udp(
        _ source: SocketAddress, _ destination: SocketAddress, _ payload: [UInt8]
    ) -> [UInt8] {
        var segment: [UInt8] = []
        BigEndian.append(source.port, to: &segment)
        BigEndian.append(destination.port, to: &segment)
        BigEndian.append(UInt16(truncatingIfNeeded: payload.count + 8), to: &segment)
        return self.frame(source, destination, 17, segment + [0, 0] + payload, checksumAt: 6)
    }

    static func tcp(
        _ source: SocketAddress, _ destination: SocketAddress, _ payload: [UInt8],
        sequence: UInt32, acknowledged: UInt32
    ) -> [UInt8] {
        var segment: [UInt8] = []
        BigEndian.append(source.port, to: &segment)
        BigEndian.append(destination.port, to: &segment)
        BigEndian.append(sequence, to: &segment)
        BigEndian.append(acknowledged, to: &segment)
        // Five words of header; PSH and ACK; the largest window.
        segment += [0x50, 0x18, 0xff, 0xff, 0, 0, 0, 0]
        return self.frame(source, destination, 6, segment + payload, checksumAt: 16)
    }

    private static func frame(
        _ source: SocketAddress, _ destination: SocketAddress, _ number: UInt8,
        _ segment: [UInt8], checksumAt place: Int
    ) -> [UInt8] {
        let isIPv4 = source.address.isIPv4 && destination.address.isIPv4
        let ends =
            isIPv4
            ? source.address.networkBytes.suffix(4) + destination.address.networkBytes.suffix(4)
            : source.address.networkBytes[...] + destination.address.networkBytes
        var segment = segment
        let length = UInt32(truncatingIfNeeded: segment.count)
        var pseudo = Array(ends)
        BigEndian.append(length, to: &pseudo)
        pseudo += [0, 0, 0, number]
        let sum = self.checksum(pseudo + segment)
        // Zero means that there is none (RFC 768).
        let shown = sum == 0 && number == 17 ? 0xffff : sum
        segment[place] = UInt8(truncatingIfNeeded: shown >> 8)
        segment[place + 1] = UInt8(truncatingIfNeeded: shown)
        let type: [UInt8] = isIPv4 ? [0x08, 0x00] : [0x86, 0xdd]
        let header =
            isIPv4
            ? self.ipv4(Array(ends), number, segment.count)
            : self.ipv6(Array(ends), number, segment.count)
        return self.ethernet + type + header + segment
    }

    private static func ipv4(_ ends: [UInt8], _ number: UInt8, _ count: Int) -> [UInt8] {
        var header: [UInt8] = [0x45, 0]
        BigEndian.append(UInt16(truncatingIfNeeded: count + 20), to: &header)
        // Not fragmented, 64 hops.
        header += [0, 0, 0x40, 0, 64, number, 0, 0] + ends
        let sum = self.checksum(header)
        header[10] = UInt8(truncatingIfNeeded: sum >> 8)
        header[11] = UInt8(truncatingIfNeeded: sum)
        return header
    }

    private static func ipv6(_ ends: [UInt8], _ number: UInt8, _ count: Int) -> [UInt8] {
        var header: [UInt8] = [0x60, 0, 0, 0]
        BigEndian.append(UInt16(truncatingIfNeeded: count), to: &header)
        return header + [number, 64] + ends
    }

    /// RFC 1071.
    private static func checksum(_ bytes: [UInt8]) -> UInt16 {
        var sum: UInt32 = 0
        var index = 0
        while index < bytes.count {
            let low = index + 1 < bytes.count ? bytes[index + 1] : 0
            sum += UInt32(bytes[index]) << 8 | UInt32(low)
            sum = (sum & 0xffff) + (sum >> 16)
            index += 2
        }
        return ~UInt16(truncatingIfNeeded: sum)
    }
}
