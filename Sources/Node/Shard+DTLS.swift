// SPDX-License-Identifier: Apache-2.0

import CallControl
import DTLS
import FlowABI
import FlowProgramming
import MediaPlanning
import SIPTransport

extension Shard {
    /// A time for handshakes, milliseconds of the clock that the loop's timers have.
    private var handshakeMs: UInt64 { Clocks.monotonicNs / 1_000_000 }

    /// Where a leg of the media stands among the calls.
    static func leg(_ session: MediaSession, _ leg: MediaLeg) -> CallLeg {
        CallLeg(call: CallIdentifier(session.value), side: leg == .a ? .a : .b)
    }

    /// Tells the agent what signalling agreed on.
    func agreeHandshakes(_ call: CallIdentifier, _ intent: MediaIntent) {
        for side in Side.allCases {
            let leg = CallLeg(call: call, side: side)
            let wish = intent[side]
            if let agreement = wish.dtlsAgreement {
                // With ICE the address is the peer's to show: before that nobody may be there.
                self.dtls.agree(
                    leg, agreement, hasKeys: wish.security != nil,
                    isReachable: wish.ice == nil && wish.remote != nil, remote: wish.remote,
                    ufrag: wish.ice?.localUfrag, now: self.handshakeMs)
            } else if !wish.dtls {
                self.dtls.forget(leg)
            }
        }
        self.carryOutHandshakes()
    }

    /// A call has no media any more.
    func forgetHandshakes(_ call: CallIdentifier) {
        self.dtls.forget(call)
        self.carryOutHandshakes()
    }

    /// Legs of two calls change places.
    func exchangeHandshakes(_ leg: CallLeg, _ other: CallLeg) {
        self.dtls.exchange(leg, other, now: self.handshakeMs)
        self.carryOutHandshakes()
    }

    /// Records that came up the rings.
    func takeRecords() {
        let records = self.programmer.takeRecords()
        guard !records.isEmpty else { return }
        for record in records {
            self.dtls.received(
                record.bytes, Self.leg(record.session, record.leg),
                from: record.source, isEarly: record.isEarly, now: self.handshakeMs)
        }
        self.carryOutHandshakes()
    }

    /// There is a way to a leg's party.
    func handshakeReachable(_ leg: CallLeg) {
        self.dtls.reachable(leg, now: self.handshakeMs)
        self.carryOutHandshakes()
    }

    /// The timer of a leg's handshake ran out.
    func handshakeTimerFired(_ leg: CallLeg) {
        self.dtls.fired(leg, now: self.handshakeMs)
        self.carryOutHandshakes()
    }

    /// Another certificate, for the calls that begin from now on.
    func rotateCertificate() {
        do {
            try self.dtls.rotate()
            self.core.engine.configure(
                try Settings.calls(
                    self.file, self.callLimit, fingerprint: self.dtls.fingerprint))
        } catch {
            // The one that is in use is good for weeks.
            Log.line("trunkline: no new DTLS certificate: \(error)")
        }
        self.timers?.start(.certificate, milliseconds: DTLSCertificates.rotationMilliseconds)
    }

    private func carryOutHandshakes() {
        for action in self.dtls.takeActions() { self.carryOut(action) }
    }

    /// Does one thing that the agent wants.
    func carryOut(_ action: DTLSAgent.Action) {
        self.trace(action)
        switch action {
        case .send(let leg, let datagram):
            let flows = self.programmer.flows(Self.session(leg.call))
            let flow = leg.side == .a ? flows.a : flows.b
            guard let flow, self.programmer.inject(flow, datagram) else {
                return self.dtls.sendRefused()
            }
        case .timer(let leg, let milliseconds?):
            self.timers?.start(.handshake(leg), milliseconds: milliseconds)
        case .timer(let leg, nil):
            self.timers?.stop(.handshake(leg))
        case .established(let leg, let number, let keys):
            self.tellTime()
            self.core.engine.dtlsEstablished(leg.call, leg.side, association: number, keys: keys)
        case .renewed(let leg, let number, let keys):
            self.tellTime()
            self.core.engine.dtlsRenewed(leg.call, leg.side, association: number, keys: keys)
        case .failed(let leg, let number, let reason):
            Log.line("trunkline: call \(leg.call): leg \(leg.side): \(reason)")
            self.tellTime()
            self.core.engine.dtlsFailed(leg.call, leg.side, association: number, reason: reason)
        }
    }
}
