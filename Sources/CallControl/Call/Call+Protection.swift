// SPDX-License-Identifier: Apache-2.0

import NetworkAddress
import SDP

// Keys and credentials: what offer and answer agreed on, as the fast path has to have it.
extension Call {
    /// Says in a leg's intent how its media is protected. It is asked before both legs agree too:
    /// checks come as soon as an offer of ours is out, and a leg that must be secure always is.
    func protect(_ side: Side, _ session: OfferAnswerLeg, _ leg: inout MediaIntent.Leg) {
        let policy = self.part(side) { $0.trunk.security }
        let agreed = session.agreedSecurity
        leg.isSecure = policy.srtp == .required || agreed != .plain
        leg.ice = Self.ice(session, policy)
        leg.dtls = session.expectsHandshake
        leg.dtlsAgreement = nil
        leg.security = nil
        switch agreed {
        case .plain: break
        case .sdes(let receive, let send):
            let key = SRTPKey(send)
            leg.security = LegSecurity(
                keyID: self.legs[side].keys.id(of: key), receive: SRTPKey(receive), send: key,
                plainSRTCPIn: receive.plainSRTCP, plainSRTCPOut: send.plainSRTCP)
        case .dtls(let agreement):
            let mayBeBranch = if case .settingUp = self.state { true } else { false }
            let association = self.legs[side].keys.association(
                agreement, remoteUfrag: session.remote?.ice?.credentials.ufrag,
                mayBeBranch: mayBeBranch)
            leg.dtlsAgreement = LegDTLS(
                association: association.number, role: agreement.role,
                fingerprints: agreement.fingerprints, certificate: session.fingerprint,
                profiles: policy.suites.compactMap(\.profile))
            if let receive = association.receive, let send = association.send {
                leg.security = LegSecurity(
                    keyID: self.legs[side].keys.id(of: send), receive: receive, send: send)
            }
        }
    }

    /// With a lite party no checks come: media goes between the default candidates.
    private static func ice(_ session: OfferAnswerLeg, _ policy: MediaSecurityPolicy) -> LegICE? {
        guard let local = session.localICE else { return nil }
        // The answer to our own ICE restart brings other credentials than those that are known.
        let isCurrent = session.local?.ice?.credentials == local
        let remote = isCurrent ? session.remoteICE : nil
        guard remote?.isLite != true else { return nil }
        let ufrag = remote?.credentials.ufrag
        return LegICE(
            localUfrag: local.ufrag, localPassword: local.password,
            remoteUfrag: ufrag.flatMap { $0.count <= 64 ? $0 : nil },
            earlyLatch: policy.earlyLatch)
    }

    /// What protects the legs, for people.
    var protection: LegProtections {
        LegProtections(a: self.protection(.a), b: self.protection(.b))
    }

    private func protection(_ side: Side) -> LegProtection {
        let leg = self.media[side]
        let isRequired = self.part(side) { $0.trunk.security.srtp == .required }
        let keying: LegProtection.Keying =
            if leg.dtlsAgreement != nil { .dtls } else if leg.security != nil { .sdes } else {
                leg.isSecure ? .pending : .plain
            }
        return LegProtection(
            keying: keying, suite: leg.security.flatMap { SRTPSuite(rawValue: $0.send.suite) },
            isRequired: isRequired, ice: self.iceState(side),
            path: leg.ice == nil ? nil : self.legs[side].path?.address)
    }

    private func iceState(_ side: Side) -> LegProtection.ICE {
        guard let ice = self.media[side].ice else {
            return self.part(side) { $0.session.remoteICE } == nil ? .off : .bothLite
        }
        if let path = self.legs[side].path { return path.isNominated ? .nominated : .connected }
        return ice.remoteUfrag == nil ? .offered : .checking
    }
}
