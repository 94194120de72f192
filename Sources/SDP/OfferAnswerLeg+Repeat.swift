// SPDX-License-Identifier: Apache-2.0

extension OfferAnswerLeg {
    /// Counts on from what another copy of this leg told the party: an answer in a provisional
    /// response that is not the last word.
    public mutating func keepVersion(of other: OfferAnswerLeg) {
        guard other.sessionID == self.sessionID, other.version > self.version else { return }
        self.lastSent = other.lastSent
        self.isTextOfOffer = false
        self.version = other.version
        self.originAddress = other.originAddress
    }

    /// Offers the party what we told it last once more, so that a session is refreshed and nothing
    /// changes: the same text with the same version (RFC 3264 section 8), unless the last one came
    /// to nothing and what was agreed before has to be said again.
    public mutating func repeatOffer() throws(OfferAnswerError) -> SessionDescription {
        guard self.phase == .stable, let local = self.local, !self.needsSecrets else {
            throw .outOfTurn
        }
        if self.remoteOfferedLast || self.pendingLocal == nil { self.pendingLocal = local }
        if self.isLastAgreed, let bytes = self.lastSent,
            let last = try? SessionDescription.parse(bytes)
        {
            self.phase = .offerSent
            return last
        }
        self.pendingLocal = local
        let session = self.describe(local)
        self.phase = .offerSent
        return session
    }
}
