// SPDX-License-Identifier: Apache-2.0

import NetworkAddress
import SDP

extension Call {
    /// Tells the owner what the media has to be, if that differs from what it was told last.
    func updateMedia(a: OfferAnswerLeg, b: OfferAnswerLeg) {
        var legs = self.media.legs
        if let plan = RelayPlan(a: a, b: b) {
            Self.apply(plan.a, to: &legs.a, learnSource: self.legs.a.trunk.learnSource)
            Self.apply(plan.b, to: &legs.b, learnSource: self.legs.b.trunk.learnSource)
        }
        self.gate(&legs)
        for side in Side.allCases where self.part(side, { $0.isClosed }) {
            // Nobody is there, or not any more.
            legs[side].remote = nil
            legs[side].receive = false
            legs[side].send = false
        }
        self.protect(.a, a, &legs.a)
        self.protect(.b, b, &legs.b)
        self.planDigits(a, b, &legs)
        for side in Side.allCases where legs[side].ice != self.media[side].ice {
            self.legs[side].path = nil
        }
        if case .up = self.state { self.settleHandshakes(legs) }
        let isChanged = legs != self.media.legs
        guard isChanged || !self.hasMedia else { return }
        if isChanged { self.media = MediaIntent(legs) }
        self.hasMedia = true
        self.emit(.media(self.id, self.media))
        self.armAudit()
        self.watchKeys()
    }

    /// Once the call is up no branch's handshake counts but the agreed one.
    private func settleHandshakes(_ legs: MediaIntent.Legs) {
        for side in Side.allCases {
            self.legs[side].keys.keep(only: legs[side].dtlsAgreement?.association)
        }
    }

    /// As both legs agreed.
    func updateMedia() { self.updateMedia(a: self.legs.a.session, b: self.legs.b.session) }

    /// As those legs agreed that the media follows, which before the answer are a branch's.
    func refreshMedia() {
        guard case .settingUp(let setup) = self.state, let fork = setup.speaking else {
            return self.updateMedia()
        }
        self.updateMedia(a: fork.a, b: fork.b)
    }

    /// Tells the owner what the media has to be, whatever it was told before.
    func mediaChanged() {
        self.hasMedia = false
        self.updateMedia()
    }

    /// Nobody hears anything any more. The ports stay reserved until the call is over.
    func removeMedia() {
        guard self.hasMedia else { return }
        self.hasMedia = false
        self.emit(.removeMedia(self.id))
    }

    private static func apply(
        _ plan: RelayPlan.Leg, to leg: inout MediaIntent.Leg, learnSource: Bool
    ) {
        leg.remote = plan.remote
        leg.remoteRTCPPort = plan.remoteRTCPPort
        leg.rtcpMux = plan.rtcpMux
        leg.receive = plan.receive
        leg.send = plan.send
        leg.payloadTypes = plan.payloadTypes.map {
            MediaIntent.PayloadTypeMapping(ingress: $0.ingress, egress: $0.egress)
        }
        leg.clockRate = plan.clockRate
        leg.packetsPerSecond = plan.packetsPerSecond
        leg.bitsPerSecond = plan.bitsPerSecond
        leg.learnSource = learnSource
    }

    /// No packet came from a party for too long, though it may send.
    func mediaTimedOut() {
        guard case .up = self.state else { return }
        self.context.counters.mediaTimeouts &+= 1
        self.end(.mediaTimeout, reason: "SIP;cause=480;text=\"Media timeout\"")
    }

    /// The fast path has no place for the call's flows.
    func mediaRefused() {
        self.end(.mediaRefused, status: 503, reason: "SIP;cause=503;text=\"No media resources\"")
    }

    /// A party's media would come from where another call's on the same port does.
    func mediaSourceInUse() {
        self.end(
            .mediaSourceInUse, status: 503,
            reason: "SIP;cause=503;text=\"Media address in use by another call\"")
    }

    func sourceLearned(_ address: SocketAddress, side: Side) {
        self.legs[side].learnedSource = address
    }
}
