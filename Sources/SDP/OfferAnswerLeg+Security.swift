// SPDX-License-Identifier: Apache-2.0

import NetworkAddress

extension OfferAnswerLeg {
    /// What one side's lines come to, before our own part is added.
    enum Choice {
        case plain
        case sdes(CryptoAttribute)
        case dtls
    }

    /// The policy, less what the leg cannot do: DTLS needs a certificate.
    var possible: MediaSecurityPolicy {
        var policy = self.policy
        if let secrets = self.security.secrets, secrets.fingerprint == nil {
            policy.keying.removeAll { $0 == .dtls }
        }
        return policy
    }

    /// What to take of the party's offer. What is agreed goes on if it is offered again; else the
    /// policy's order counts, and of several lines of a suite the first one without a key
    /// identifier. Nil if there is nothing.
    func choose(from stream: AudioStream) -> Choice? {
        let lines = stream.security.crypto
        switch self.security.agreed {
        case .sdes(let receive, _):
            if let same = lines.first(where: { $0.master == receive }) { return .sdes(same) }
        case .dtls where !stream.security.fingerprints.isEmpty: return .dtls
        default: break
        }
        for keying in self.policy.keying {
            switch keying {
            case .sdes:
                for suite in self.policy.suites {
                    let same = lines.filter { $0.suite == suite }
                    if let best = same.first(where: \.master.mki.isEmpty) ?? same.first {
                        return .sdes(best)
                    }
                }
            case .dtls:
                if !stream.security.fingerprints.isEmpty { return .dtls }
            }
        }
        return stream.security.isEmpty && self.policy.srtp != .required ? .plain : nil
    }

    /// Remembers what the party's offer makes us change.
    mutating func noteRenewal(for stream: AudioStream) {
        self.security.forgetRenewal()
        if self.local?.ice != nil, let old = self.remote?.ice, let new = stream.ice {
            self.security.renewsICE = !new.continues(old)
        }
        guard case .sdes(let line)? = self.choose(from: stream), self.security.usedMasters else {
            return
        }
        if case .sdes(line.master, _) = self.security.agreed { return }
        self.security.renewsKeys = true
    }

    /// True if the stream's keys and credentials lead to what is agreed already.
    func keepsSecurity(_ stream: AudioStream) -> Bool {
        switch (self.choose(from: stream), self.security.agreed) {
        case (.plain, .plain): break
        case (.sdes(let line), .sdes(let receive, _)):
            guard line.master == receive else { return false }
        case (.dtls, .dtls(let agreed)):
            guard stream.security.fingerprints == agreed.fingerprints,
                self.role(answering: stream.security.setup) == agreed.role
            else { return false }
        default: return false
        }
        guard self.local?.ice != nil, let ice = stream.ice, let old = self.remote?.ice else {
            return self.local?.ice == nil && stream.ice == nil
        }
        return ice.continues(old)
    }

    /// The answer's line with ours that it belongs to: by tag and suite, else the first of a suite
    /// that we offered, since services exist that count anew. One without a key identifier first.
    static func pair(
        _ answered: [CryptoAttribute], _ offered: [CryptoAttribute]
    ) -> (theirs: CryptoAttribute, mine: CryptoAttribute)? {
        let usable = answered.filter { !$0.master.plainSRTCP }
        let lines = usable.filter(\.master.mki.isEmpty) + usable.filter { !$0.master.mki.isEmpty }
        for theirs in lines {
            let mine = offered.first { $0.tag == theirs.tag && $0.suite == theirs.suite }
            if let mine { return (theirs, mine) }
        }
        for theirs in lines {
            let mine = offered.first { $0.suite == theirs.suite }
            if let mine { return (theirs, mine) }
        }
        return nil
    }

    /// Our role in an answer: as before if the offer lets us, else we begin where we may (RFC 5763
    /// section 5).
    func role(answering setup: SetupRole?) -> DTLSAgreement.Role {
        switch setup {
        case .active: return .server
        case .passive: return .client
        default:
            if case .dtls(let agreed) = self.security.agreed { return agreed.role }
            return .client
        }
    }

    /// The agreement of a leg whose party has these lines. Another role or certificate is another
    /// association, and an ICE restart alone is not (RFC 8842 sections 3.1 and 3.3): browsers and
    /// linphone go on with their keys over the new path, and say no hello.
    func association(
        _ role: DTLSAgreement.Role, with stream: AudioStream
    ) -> AgreedSecurity {
        if case .dtls(let agreed) = self.security.agreed, agreed.role == role,
            agreed.fingerprints == stream.security.fingerprints
        {
            return .dtls(agreed)
        }
        return .dtls(
            DTLSAgreement(
                role: role, fingerprints: stream.security.fingerprints,
                association: self.security.associations &+ 1))
    }

    /// Takes an agreement up.
    mutating func take(_ agreed: AgreedSecurity) {
        self.security.agreed = agreed
        switch agreed {
        case .plain: break
        case .sdes: self.security.usedMasters = true
        case .dtls(let agreement): self.security.associations = agreement.association
        }
    }

    func mismatch(_ stream: AudioStream) -> OfferAnswerError {
        let names = stream.security.crypto.map(\.suiteName)
        let keyed = stream.security.fingerprints.isEmpty ? names : names + ["DTLS-SRTP"]
        return .noCommonSecurity(
            SecurityMismatch(
                offered: keyed.isEmpty ? [stream.transport] : keyed,
                allowed: self.possible.allowed))
    }

    static func ice(_ secrets: LegSecrets, at address: SocketAddress) -> ICEDescription {
        ICEDescription(
            credentials: secrets.ice, isLite: true, candidates: [ICECandidate(lite: address)])
    }

    /// The transport of a first offer. Where both ways are offered the preferred one writes it.
    static func transport(
        _ own: StreamSecurity, _ policy: MediaSecurityPolicy
    ) -> SDPText {
        guard policy.srtp == .required else { return .plainRTP }
        let dtlsFirst = own.crypto.isEmpty || policy.keying.first == .dtls
        return dtlsFirst && !own.fingerprints.isEmpty ? "UDP/TLS/RTP/SAVP" : "RTP/SAVP"
    }
}
