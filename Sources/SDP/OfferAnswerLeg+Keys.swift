// SPDX-License-Identifier: Apache-2.0

import NetworkAddress

extension OfferAnswerLeg {
    /// Our keys and credentials for an answer to the party's offer.
    func answer(
        to offer: AudioStream, local address: SocketAddress
    ) throws(OfferAnswerError) -> (StreamSecurity, ICEDescription?, AgreedSecurity) {
        guard !self.needsSecrets else { throw .secretsMissing }
        let secrets = self.security.renewed ?? self.security.secrets
        let ice = offer.ice == nil ? nil : secrets.map { Self.ice($0, at: address) }
        switch self.choose(from: offer) {
        case .plain: return (StreamSecurity(), ice, .plain)
        case .sdes(let line):
            guard var mine = secrets?.master(line.suite) else { throw .secretsMissing }
            mine.plainSRTCP = line.master.plainSRTCP
            let own = CryptoAttribute(tag: line.tag, master: mine, suiteName: line.suiteName)
            return (
                StreamSecurity(crypto: [own]), ice, .sdes(receive: line.master, send: mine)
            )
        case .dtls:
            guard let fingerprint = secrets?.fingerprint else { throw .secretsMissing }
            let role = self.role(answering: offer.security.setup)
            let own = StreamSecurity(
                fingerprints: [fingerprint], setup: role == .client ? .active : .passive)
            return (own, ice, self.association(role, with: offer))
        case nil: throw self.mismatch(offer)
        }
    }

    /// Our keys and credentials for an offer: all that the policy has the first time, then what
    /// was agreed, in the same words.
    func offer(
        at address: SocketAddress
    ) throws(OfferAnswerError) -> (StreamSecurity, ICEDescription?, transport: SDPText) {
        guard !self.needsSecrets else { throw .secretsMissing }
        let secrets = self.security.renewed ?? self.security.secrets
        if let local = self.local {
            var own = local.security
            if own.setup != nil { own.setup = .actpass }
            own = self.renewed(own)
            let ice = local.ice == nil ? nil : secrets.map { Self.ice($0, at: address) }
            return (own, ice, local.transport)
        }
        let policy = self.possible
        var own = StreamSecurity()
        if policy.usesSDES {
            let masters = policy.suites.compactMap { secrets?.master($0) }
            for (index, master) in masters.enumerated() {
                own.crypto.append(CryptoAttribute(tag: UInt32(index) + 1, master: master))
            }
        }
        if policy.usesDTLS, let fingerprint = secrets?.fingerprint {
            own.fingerprints = [fingerprint]
            own.setup = .actpass
        }
        guard policy.srtp == .off || !own.isEmpty else { throw .secretsMissing }
        let ice = policy.ice == .off ? nil : secrets.map { Self.ice($0, at: address) }
        return (own, ice, Self.transport(own, policy))
    }

    /// What the party's answer to `local` comes to.
    func agreement(
        _ answer: AudioStream, to local: Local
    ) throws(OfferAnswerError) -> (StreamSecurity, AgreedSecurity) {
        for keying in self.policy.keying {
            switch keying {
            case .sdes:
                guard let (theirs, mine) = Self.pair(answer.security.crypto, local.security.crypto)
                else { continue }
                return (
                    StreamSecurity(crypto: [mine]),
                    .sdes(receive: theirs.master, send: mine.master)
                )
            case .dtls:
                guard !answer.security.fingerprints.isEmpty, local.security.setup != nil,
                    answer.security.setup != .actpass
                else { continue }
                let role: DTLSAgreement.Role =
                    answer.security.setup == .passive ? .client : .server
                let own = StreamSecurity(
                    fingerprints: local.security.fingerprints,
                    setup: role == .client ? .active : .passive)
                return (own, self.association(role, with: answer))
            }
        }
        // Plain where keys were a wish (RFC 8643 section 4.2), not where they were the profile.
        let mayBePlain = answer.security.isEmpty && self.policy.srtp != .required
        guard mayBePlain, MediaProfile(local.transport)?.isSecure != true else {
            throw self.mismatch(answer)
        }
        return (StreamSecurity(), .plain)
    }
}
