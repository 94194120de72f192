// SPDX-License-Identifier: Apache-2.0

/// The body of an unsolicited NOTIFY of telephone-event: one event packet (RFC 4733 section 2.3).
struct NotifyDigit: Equatable {
    var key: DigitKey
    /// The digit is over.
    var isEnd: Bool
    /// -dBm0, 0 to 63.
    var volume: UInt8
    /// So far, ms.
    var durationMs: UInt32

    static let octets = 4
    /// Clocks that an Event may name, Hz.
    static let clocks: ClosedRange<UInt64> = 1000...192_000

    init(_ key: DigitKey, isEnd: Bool, volume: UInt8, durationMs: UInt32) {
        self.key = key
        self.isEnd = isEnd
        self.volume = volume
        self.durationMs = durationMs
    }

    /// Of a body; `clock` is what its duration counts in, Hz.
    init(_ body: ArraySlice<UInt8>, clock: UInt32) throws(DigitFault) {
        guard body.count <= Self.octets else { throw .tooLong }
        guard body.count == Self.octets, clock > 0 else { throw .broken }
        let octets = Array(body)
        guard let key = DigitKey(code: octets[0]) else { throw .unknownKey }
        let units = UInt32(octets[2]) << 8 | UInt32(octets[3])
        let isEnd = octets[1] & 0x80 != 0
        // A digit that is over lasted some time; one that begins may not have yet.
        guard !isEnd || units > 0 else { throw .absurdDuration }
        let durationMs = UInt32(UInt64(units) * 1000 / UInt64(clock))
        guard durationMs <= InfoDigit.durationMsMax else { throw .absurdDuration }
        self.init(key, isEnd: isEnd, volume: octets[1] & 0x3f, durationMs: durationMs)
    }

    /// As a body; a duration that does not fit is cut.
    func body(clock: UInt32) -> [UInt8] {
        let units = UInt64(self.durationMs) * UInt64(clock) / 1000
        let duration = UInt16(clamping: max(units, 1))
        return [
            self.key.code, (self.isEnd ? 0x80 : 0) | min(self.volume, 63), UInt8(duration >> 8),
            UInt8(duration & 0xff),
        ]
    }
}

/// Event packets of one party to digits, each once: a digit may be told of when it begins, while it
/// lasts and when it is over, and any of these may be missing or come again.
struct NotifyDigits: Equatable {
    private struct Open: Equatable {
        var packet: NotifyDigit
        let startedAt: Milliseconds
    }

    private struct Last: Equatable {
        let key: DigitKey
        let endedAt: Milliseconds
        /// It was told of before it was over.
        let hadBegun: Bool
    }

    /// A digit that is over.
    struct Whole: Equatable {
        let packet: NotifyDigit
        let startedAt: Milliseconds
    }

    private var open: Open?
    private var last: Last?

    /// Two digits of one key are at least so far apart: what comes sooner is the same once more.
    private static let apartMs: Milliseconds = 40

    /// A packet came. What is over with it: as a rule one digit or none; two where the end of the
    /// one before was lost.
    mutating func receive(_ packet: NotifyDigit, at now: Milliseconds) -> [Whole] {
        var over: [Whole] = []
        if let open = self.open {
            let isSame =
                open.packet.key == packet.key && packet.durationMs >= open.packet.durationMs
            if isSame {
                self.open = packet.isEnd ? nil : Open(packet: packet, startedAt: open.startedAt)
                guard packet.isEnd else { return [] }
                return [self.end(packet, open.startedAt, at: now, hadBegun: true)]
            }
            over.append(self.end(open.packet, open.startedAt, at: now, hadBegun: true))
            self.open = nil
        } else if self.isRepeated(packet, at: now) {
            return []
        }
        let startedAt = now &- min(UInt64(packet.durationMs), now)
        if packet.isEnd {
            over.append(self.end(packet, startedAt, at: now, hadBegun: false))
        } else {
            self.open = Open(packet: packet, startedAt: startedAt)
        }
        return over
    }

    /// An end of the same key so soon after its end that no second digit could have been pressed.
    /// Of who tells of digits when they begin, one whose beginning should have been told, too.
    private func isRepeated(_ packet: NotifyDigit, at now: Milliseconds) -> Bool {
        guard packet.isEnd, let last = self.last, last.key == packet.key else { return false }
        let begun = last.hadBegun ? UInt64(packet.durationMs) / 2 : 0
        return now &- min(last.endedAt, now) < max(Self.apartMs, begun)
    }

    private mutating func end(
        _ packet: NotifyDigit, _ startedAt: Milliseconds, at now: Milliseconds, hadBegun: Bool
    ) -> Whole {
        self.last = Last(key: packet.key, endedAt: now, hadBegun: hadBegun)
        return Whole(packet: packet, startedAt: startedAt)
    }
}
