// SPDX-License-Identifier: Apache-2.0

/// An RTP packet (RFC 3550 section 5.1) in a datagram.
struct RTPPacket {
    let payloadType: UInt8
    let sequence: UInt16
    let timestamp: UInt32
    let ssrc: UInt32
    let payload: ArraySlice<UInt8>

    /// Nil: not RTP, or RTCP (RFC 5761 section 4).
    init?(_ bytes: ArraySlice<UInt8>) {
        let start = bytes.startIndex
        guard bytes.count >= 12, bytes[start] >> 6 == 2 else { return nil }
        let type = bytes[start + 1] & 0x7f
        guard !(64...95).contains(type) else { return nil }
        var header = start + 12 + Int(bytes[start] & 15) * 4
        if bytes[start] & 0x10 != 0 {
            guard header + 4 <= bytes.endIndex else { return nil }
            header += 4 + (Int(bytes[header + 2]) << 8 | Int(bytes[header + 3])) * 4
        }
        var end = bytes.endIndex
        if bytes[start] & 0x20 != 0, let padding = bytes.last { end -= Int(padding) }
        guard header <= end else { return nil }
        self.payloadType = type
        self.sequence = UInt16(bytes[start + 2]) << 8 | UInt16(bytes[start + 3])
        self.timestamp = Self.word(bytes, start + 4)
        self.ssrc = Self.word(bytes, start + 8)
        self.payload = bytes[header..<end]
    }

    private static func word(_ bytes: ArraySlice<UInt8>, _ at: Int) -> UInt32 {
        bytes[at..<at + 4].reduce(0) { $0 << 8 | UInt32($1) }
    }
}
