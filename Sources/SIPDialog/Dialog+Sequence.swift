// SPDX-License-Identifier: Apache-2.0

extension Dialog {
    /// Takes the next CSeq number, for a request of the dialog that is sent once more; nil when the
    /// numbers are used up.
    public mutating func nextSequence() -> UInt32? {
        let next = (self.localSequence ?? 0).addingReportingOverflow(1)
        guard !next.overflow, next.partialValue <= Self.sequenceLimit else { return nil }
        self.localSequence = next.partialValue
        return next.partialValue
    }
}
