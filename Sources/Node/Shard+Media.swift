// SPDX-License-Identifier: Apache-2.0

import CallControl
import FlowABI
import FlowProgramming
import MediaPlanning
import SIPTransport

extension Shard {
    /// While commands wait for their answers.
    private static let busyPollMilliseconds: UInt64 = 1
    /// Otherwise; a fast path that restarted is noticed within this time.
    private static let idlePollMilliseconds: UInt64 = 20

    /// The name of a call's media.
    static func session(_ call: CallIdentifier) -> MediaSession { MediaSession(call.value) }

    /// Looks at the fast path now and again after a while.
    func poll() {
        self.pollMedia()
        let busy = self.programmer.pending > 0
        self.timers?.start(
            .poll, milliseconds: busy ? Self.busyPollMilliseconds : Self.idlePollMilliseconds)
    }

    /// One step with the rings; what happened goes to the engine.
    func pollMedia() {
        let wasBusy = self.programmer.pending > 0
        self.programmer.poll(nowNs: Clocks.monotonicNs)
        for outcome in self.programmer.takeOutcomes() { self.apply(outcome) }
        self.takeRecords()
        if !wasBusy, self.programmer.pending > 0 {
            self.timers?.start(.poll, milliseconds: Self.busyPollMilliseconds)
        }
    }

    private func apply(_ outcome: MediaOutcome) {
        self.trace(outcome)
        switch outcome {
        case .installed, .ended: break
        case .refused(let session, _, let status):
            Log.line("trunkline: call \(Self.call(session)): the fast path refused: \(status)")
            if status == .sourceInUse {
                self.core.engine.mediaSourceInUse(Self.call(session))
            } else {
                self.core.engine.mediaRefused(Self.call(session))
            }
        case .kept(let session, let leg, let status):
            // A re-INVITE asked for what cannot be had: the last media goes on, and where it goes
            // nowhere any more the media time-out ends the call.
            Log.line("trunkline: call \(Self.call(session)): leg \(leg) kept: \(status)")
        case .mediaTimeout(let session, _, _):
            self.core.engine.mediaTimedOut(Self.call(session))
        case .sourceLearned(let session, let leg, let address):
            self.core.engine.sourceLearned(Self.call(session), leg == .a ? .a : .b, address)
        case .pathSelected(let session, let leg, let address, let isNominated):
            let place = Self.leg(session, leg)
            self.core.engine.pathSelected(
                place.call, place.side, address, isNominated: isNominated)
            self.handshakeReachable(place)
        case .keysSpent(let session, let leg, _):
            let place = Self.leg(session, leg)
            Log.line("trunkline: call \(place.call): leg \(leg) needs other keys")
            self.core.engine.mediaKeysLost(place.call, place.side)
        case .lost(let session, let error):
            Log.line("trunkline: call \(Self.call(session)): its media is lost: \(error)")
            self.core.engine.mediaRefused(Self.call(session))
        }
    }

    /// Legs of two calls change places. Where one of the calls has no media any more, the other's
    /// next wish makes new flows.
    func exchangeMedia(_ exchange: MediaExchange) {
        self.programmer.exchange(
            Self.session(exchange.call), exchange.side == .a ? .a : .b,
            with: Self.session(exchange.other), exchange.otherSide == .a ? .a : .b)
        self.exchangeHandshakes(
            CallLeg(call: exchange.call, side: exchange.side),
            CallLeg(call: exchange.other, side: exchange.otherSide))
    }

    private static func call(_ session: MediaSession) -> CallIdentifier {
        CallIdentifier(session.value)
    }

    /// Makes the media of a call what the engine wants it to be.
    func want(_ call: CallIdentifier, _ intent: MediaIntent) {
        let session = Self.session(call)
        do {
            if self.programmer.has(session) {
                try self.programmer.update(session, intent)
            } else {
                try self.programmer.start(session, intent)
            }
        } catch {
            Log.line("trunkline: call \(call): no media: \(error)")
            self.core.engine.mediaRefused(call)
        }
    }
}
