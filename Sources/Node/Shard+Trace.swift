// SPDX-License-Identifier: Apache-2.0

import Admission
import CallControl
import FlowABI
import FlowProgramming
import SDP
import SIPTransaction
import Trace

// What the tracer is told. Messages come by two ways and go by one; each is told of once.
extension Shard {
    /// Before a message is handled: when it came. What was pending is done first, so that the call
    /// that the engine touches next is the message's. Nil where nobody wants to know.
    func beginTrace() -> TraceTime? {
        guard self.tracer.isOn else { return nil }
        self.carryOut()
        self.core.engine.forgetTouchedLeg()
        return .now
    }

    /// After a message was handled, or refused.
    func endTrace(_ time: TraceTime?, _ bytes: [UInt8], _ hop: Hop) {
        guard let time else { return }
        self.tracer.message(
            bytes, hop, isSent: false, at: time,
            leg: { self.isProxys(hop) ? nil : self.core.engine.touchedLeg })
    }

    /// A message is about to leave.
    func traceSent(_ bytes: [UInt8], _ hop: Hop, _ owner: TransactionID?) {
        guard self.tracer.isOn else { return }
        self.tracer.message(
            bytes, hop, isSent: true, at: .now,
            leg: { self.isProxys(hop) ? nil : self.core.leg(of: owner) })
    }

    /// A message did not leave.
    func traceFailed(_ hop: Hop, _ owner: TransactionID?, _ why: String) {
        guard self.tracer.isOn, let leg = self.core.leg(of: owner) else { return }
        self.tracer.event(
            .sendFailed, leg.call, leg.side, address: hop.remote, text: Array(why.utf8))
    }

    /// The trunks of a call.
    func parties(_ call: CallIdentifier) -> [UInt8]? {
        self.core.engine.trunks(of: call).map { Array("\($0.from.text) to \($0.to.text)".utf8) }
    }

    /// What became of media.
    func trace(_ outcome: MediaOutcome) {
        guard self.tracer.isOn else { return }
        func note(
            _ kind: TraceEventKind, _ session: MediaSession, _ leg: MediaLeg?, _ text: String = ""
        ) {
            self.tracer.event(
                kind, CallIdentifier(session.value), leg.map { $0 == .a ? .a : .b },
                text: Array(text.utf8))
        }
        switch outcome {
        case .installed(let session): note(.mediaInstalled, session, nil)
        case .refused(let session, let leg, let status):
            note(.mediaRefused, session, leg, "\(status)")
        case .kept(let session, let leg, let status): note(.mediaKept, session, leg, "\(status)")
        case .ended(let session, let a, let b):
            if let a { note(.mediaEnded, session, .a, Self.figures(a)) }
            if let b { note(.mediaEnded, session, .b, Self.figures(b)) }
        case .mediaTimeout(let session, let leg, let silentMs):
            note(.mediaTimeout, session, leg, "for \(silentMs / 1000) s")
        case .sourceLearned(let session, let leg, let address):
            let place = Self.leg(session, leg)
            self.tracer.event(.sourceLearned, place.call, place.side, address: address)
        case .pathSelected(let session, let leg, let address, let isNominated):
            let place = Self.leg(session, leg)
            self.tracer.event(
                isNominated ? .pathNominated : .pathSelected, place.call, place.side,
                address: address)
        case .keysSpent(let session, let leg, _): note(.keysSpent, session, leg)
        // What the engine makes of them is told.
        case .digit, .digitsLost: break
        case .digitsRefused(let session, let leg, let status):
            note(.mediaKept, session, leg, "without digits: \(status)")
        case .lost(let session, let error): note(.mediaLost, session, nil, "\(error)")
        }
    }

    /// What a leg's flow did in all.
    private static func figures(_ flow: FlowStatistics) -> String {
        let drops = flow.receiveDrops &+ flow.sendDrops
        let dropped =
            drops == 0
            ? "none dropped" : "dropped \(flow.receiveDrops) in and \(flow.sendDrops) out"
        return "\(flow.receivedPackets) packets in, \(flow.sentPackets) out, \(dropped), "
            + "\(max(flow.lost, 0)) lost"
    }

    /// What the media of a call is to be.
    func traceKeys(_ call: CallIdentifier, _ intent: MediaIntent) {
        guard self.tracer.isOn else { return }
        for side in Side.allCases {
            self.tracer.keys(
                CallLeg(call: call, side: side), intent[side].security?.keyID
            ) {
                let protection = self.core.engine.call(call)?.protection
                let leg = side == .a ? protection?.a : protection?.b
                let suite = leg?.suite.map { "\($0.name)" } ?? ""
                return Array("\(suite) by \(leg?.keying.rawValue ?? "?")".utf8)
            }
        }
    }

    /// What became of a handshake.
    func trace(_ action: DTLSAgent.Action) {
        guard self.tracer.isOn else { return }
        switch action {
        case .established(let leg, _, _): self.tracer.event(.dtlsEstablished, leg.call, leg.side)
        case .renewed(let leg, _, _): self.tracer.event(.dtlsRenewed, leg.call, leg.side)
        case .failed(let leg, _, let reason):
            self.tracer.event(.dtlsFailed, leg.call, leg.side, text: Array("\(reason)".utf8))
        case .send, .timer: break
        }
    }

    /// A call is over.
    func trace(_ record: CallRecord) {
        guard self.tracer.isOn else { return }
        self.tracer.forget(record.id)
        let end = record.end?.description ?? "in progress"
        self.tracer.event(.callEnded, record.id, text: Array("\(end), \(record.status)".utf8))
    }
}
