// SPDX-License-Identifier: Apache-2.0

extension OfferAnswerLeg {
    /// The certificate that we signal, where there is one.
    public var fingerprint: Fingerprint? { self.security.secrets?.fingerprint }

    /// The party may begin a DTLS handshake: it was agreed on, or our open offer has it.
    public var expectsHandshake: Bool {
        if case .dtls = self.security.agreed { return true }
        return self.phase == .offerSent && self.pendingLocal?.security.setup != nil
    }

    /// Our next offer is to lead to other keys in both directions: for keys that nobody can go on
    /// with. `needsSecrets` is true afterwards; `abandonOffer` takes it back. Without effect on a
    /// leg without keys, or while an offer is open.
    public mutating func renewKeys() {
        guard self.phase == .stable else { return }
        switch self.security.agreed {
        case .plain: break
        case .sdes: self.security.renewsKeys = true
        case .dtls: self.security.renewsICE = self.local?.ice != nil
        }
        self.security.renewsOwn = self.security.agreed != .plain
    }

    /// Our open offer, or the next one, is for other keys.
    public var renewsKeys: Bool { self.security.renewsOwn }

    /// What the offer that begins it has in place of what was agreed.
    func renewed(_ own: StreamSecurity) -> StreamSecurity {
        guard self.security.renewsOwn else { return own }
        var renewed = own
        if self.security.renewsKeys, let secrets = self.security.renewed {
            renewed.crypto = own.crypto.compactMap { line in
                secrets.master(line.suite).map {
                    CryptoAttribute(tag: line.tag, master: $0, suiteName: line.suiteName)
                }
            }
        }
        // The other role makes it another association (RFC 8842 section 3.1); with ICE the restart
        // tells its records from those of the one before.
        if case .dtls(let agreed) = self.security.agreed {
            renewed.setup = agreed.role == .client ? .passive : .active
        }
        return renewed
    }
}
