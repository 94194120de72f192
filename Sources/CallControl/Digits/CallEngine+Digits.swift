// SPDX-License-Identifier: Apache-2.0

// Digits that the fast path and operators have for calls.
extension CallEngine {
    /// A digit of a party is over: it came with its media, and this long ago it began
    /// (milliseconds of ``monotonicNow``'s clock).
    public func digit(
        _ id: CallIdentifier, _ side: Side, _ key: DigitKey, _ form: DigitForm,
        startedAt: Milliseconds, durationMs: UInt32, level: UInt8
    ) {
        self.withCall(id) {
            $0.digitReported(
                side, key, form, startedAt: startedAt, durationMs: durationMs, level: level)
        }
    }

    /// Digits for a party were given up: the fast path had no room, or takes none.
    public func digitsLost(_ id: CallIdentifier, _ side: Side, count: Int) {
        self.withCall(id) { $0.unsent(count, side) }
    }

    /// Sends digits to a party of a call, in the form that it takes; nil: they are on their way.
    public func sendDigits(
        _ keys: [DigitKey], durationMs: UInt32? = nil, to side: Side, of id: CallIdentifier
    ) -> DigitRefusal? {
        guard let call = self.calls[id] else { return .noCall }
        defer { self.release() }
        return call.sendDigits(keys, durationMs: durationMs, to: side)
    }
}
