// SPDX-License-Identifier: Apache-2.0

/// The secrets of a leg and what was agreed with them; a leg's snapshot holds it.
public struct SecurityState: Sendable, Hashable {
    /// What both sides agreed last.
    public var agreed: AgreedSecurity = .plain
    /// Ours, in use or offered.
    public var secrets: LegSecrets?
    /// The open offer of the party has another key, so our answer must have other keys too: a key
    /// set is changed as a whole, and a key is not used for a second stream.
    public var renewsKeys = false
    /// The open offer of the party is an ICE restart, so our answer needs other credentials.
    public var renewsICE = false
    /// The renewal is our own wish, and goes out with our next offer.
    public var renewsOwn = false
    /// The secrets for the answer to that offer, or for our own.
    public var renewed: LegSecrets?
    /// The master keys of the secrets have been agreed upon.
    public var usedMasters = false
    /// DTLS associations so far.
    public var associations: UInt32 = 0

    /// A leg's that has agreed on nothing.
    public init() {}

    /// As it began.
    var isUntouched: Bool {
        self.agreed == .plain && self.secrets == nil && self.renewed == nil && !self.renewsKeys
            && !self.renewsICE && !self.renewsOwn && !self.usedMasters && self.associations == 0
    }

    /// The open offer is gone.
    mutating func forgetRenewal() {
        self.renewsKeys = false
        self.renewsICE = false
        self.renewsOwn = false
        self.renewed = nil
    }

    /// The answer to the open offer went out.
    mutating func takeRenewal() {
        if let renewed = self.renewed {
            if self.renewsKeys { self.usedMasters = false }
            self.secrets = renewed
        }
        self.forgetRenewal()
    }
}

extension OfferAnswerLeg {
    /// True if the next `makeOffer` or `makeAnswer` needs secrets that this leg has not used:
    /// before the first one, after `receiveOffer` where the party changed its own, and after
    /// `renewKeys`. Copies of the leg that answer the same offer must get them before they are
    /// copied, so that a 183 and the 200 say the same.
    public var needsSecrets: Bool {
        guard self.policy.srtp != .off || self.policy.ice != .off else { return false }
        if self.security.secrets == nil { return true }
        return (self.security.renewsKeys || self.security.renewsICE)
            && self.security.renewed == nil
    }

    /// Gives the leg secrets; they are left alone unless `needsSecrets`. What did not change stays
    /// as it was: credentials change with an ICE restart only, keys with the party's only.
    public mutating func provide(_ secrets: LegSecrets) {
        guard self.needsSecrets else { return }
        guard var next = self.security.secrets else {
            self.security.secrets = secrets
            return
        }
        if self.security.renewsKeys { next.masters = secrets.masters }
        if self.security.renewsICE { next.ice = secrets.ice }
        self.security.renewed = next
    }

    /// What both sides agreed last about the protection of media.
    public var agreedSecurity: AgreedSecurity { self.security.agreed }

    /// The party's side of ICE, if both sides speak it.
    public var remoteICE: ICEDescription? { self.local?.ice == nil ? nil : self.remote?.ice }

    /// Our credentials as the party knows them: checks may come as soon as they went out, so also
    /// those of an offer that nobody has answered.
    public var localICE: ICECredentials? {
        self.phase == .offerSent
            ? self.pendingLocal?.ice?.credentials : self.local?.ice?.credentials
    }
}
