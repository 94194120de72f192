// SPDX-License-Identifier: Apache-2.0

/// What a party may be expected to send at most; policing allows twice that.
struct AudioBudget {
    let packetsPerSecond: UInt32
    let bitsPerSecond: UInt32

    /// Bytes of an RTP header without extensions and contributing sources.
    private static let headerBytes: UInt64 = 12

    /// For the agreed formats, and the packet times (microseconds) that either side named. A party
    /// that was asked for long packets may still send the usual 20 ms; below 1 ms nobody goes.
    init(_ formats: [RTPFormat], _ ptimes: [UInt32?]) {
        let shortest = min(ptimes.compactMap { $0 }.min() ?? 20_000, 20_000)
        let packets = 1_000_000 / max(shortest, 1000)
        let payload = formats.map(Self.bitRate).max() ?? 64_000
        self.packetsPerSecond = packets
        self.bitsPerSecond = UInt32(
            min(payload + Self.headerBytes * 8 * UInt64(packets), 1_000_000_000))
    }

    /// Highest bit rate of a codec's payload.
    private struct Rate {
        let name: StaticString
        /// Bits of one sample, where the rate follows the clock; 0 where it does not.
        let bitsPerSample: UInt64
        /// Bits per second beside that.
        let fixed: UInt64
    }

    /// By encoding name (RFC 3551 and the codec's own RFC).
    private static let rates: [Rate] =
        ([("PCMU", 8), ("PCMA", 8), ("L8", 8), ("L16", 16), ("L20", 20), ("L24", 24)]
        as [(StaticString, UInt64)]).map { Rate(name: $0.0, bitsPerSample: $0.1, fixed: 0) }
        + [Rate(name: "DVI4", bitsPerSample: 4, fixed: 1600)]
        + ([
            ("G722", 64_000), ("G729", 8000), ("G729D", 6400), ("G729E", 11_800), ("G723", 6400),
            ("G728", 16_000), ("GSM", 13_200), ("GSM-EFR", 12_400), ("GSM-HR-08", 5600),
            ("iLBC", 15_200), ("G726-16", 16_000), ("G726-24", 24_000), ("G726-32", 32_000),
            ("G726-40", 40_000), ("LPC", 5600), ("QCELP", 13_300), ("AMR", 12_800),
            ("AMR-WB", 24_800), ("EVS", 128_800), ("G7221", 48_000), ("speex", 44_200),
            ("SILK", 40_000), ("opus", 510_000), ("telephone-event", 3200), ("CN", 8000),
        ] as [(StaticString, UInt64)]).map { Rate(name: $0.0, bitsPerSample: 0, fixed: $0.1) }

    private static func bitRate(_ format: RTPFormat) -> UInt64 {
        let samples = UInt64(format.clockRate) * UInt64(format.channels)
        guard let rate = self.rates.first(where: { format.isNamed($0.name) }) else {
            return max(samples * 16, 256_000)
        }
        return samples * rate.bitsPerSample + rate.fixed
    }
}
