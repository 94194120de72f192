// SPDX-License-Identifier: Apache-2.0

import CallControl
import FlowABI
import FlowProgramming
import MediaPlanning
import SIPTransport

extension Shard {
    /// A fast path that restarted is noticed within this time.
    private static let pollMilliseconds: UInt64 = 20
    /// A fast path that did not beat for so long is hardly worth waiting for. It beats every 10 ms,
    /// and late on a busy machine.
    static let heartbeatNsWaitedFor: UInt64 = 250_000_000

    /// The name of a call's media.
    static func session(_ call: CallIdentifier) -> MediaSession { MediaSession(call.value) }

    /// Looks at the fast path now and again after a while.
    func poll() {
        self.pollMedia()
        self.followTestCalls()
        self.records.write()
        self.timers?.start(.poll, milliseconds: Self.pollMilliseconds)
    }

    /// Commands are not answered yet: has a turn soon, in which they may be. The fast path tells
    /// nobody of its answers, and it may need the core that we wait on.
    func awaitAnswers() {
        guard let answerTimer else { return }
        guard self.programmer.pending > 0, self.programmer.isServed(Clocks.monotonicNs) else {
            answerTimer.stop()
            return
        }
        guard self.outbox.count > 0 else {
            // Nobody waits for them but what comes next of the same flow.
            if !answerTimer.isRunning {
                answerTimer.start(microseconds: AnswerPace.lastMicroseconds)
            }
            return
        }
        let isNew = self.pacedCommands != self.programmer.counters.commands
        if isNew {
            self.pacedCommands = self.programmer.counters.commands
            self.answerPace.reset()
        }
        if isNew || !answerTimer.isRunning {
            answerTimer.start(microseconds: self.answerPace.next())
        }
    }

    /// One step with the rings; what happened goes to the engine.
    func pollMedia() {
        self.programmer.poll(nowNs: Clocks.monotonicNs)
        for outcome in self.programmer.takeOutcomes() { self.apply(outcome) }
        self.takeRecords()
    }

    private func apply(_ outcome: MediaOutcome) {
        self.trace(outcome)
        switch outcome {
        case .installed: break
        case .ended(let session, let a, let b):
            self.keepFigures(Self.call(session), a: a, b: b)
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
        case .digit(let session, let leg, let digit):
            let place = Self.leg(session, leg)
            self.digitReported(place.call, place.side, digit)
        case .digitsRefused(let session, let leg, let status):
            Log.line("trunkline: call \(Self.call(session)): leg \(leg): no digits: \(status)")
        case .digitsLost(let session, let leg, let count):
            let place = Self.leg(session, leg)
            self.digitsLost(place.call, place.side, count: count)
        case .lost(let session, let error):
            Log.line("trunkline: call \(Self.call(session)): its media is lost: \(error)")
            self.core.engine.mediaRefused(Self.call(session))
        }
    }

    /// Legs of two calls change places. Where one of the calls has no media any more, the other's
    /// next wish makes new flows.
    func exchangeMedia(_ exchange: MediaExchange) {
        self.wished += [Self.session(exchange.call), Self.session(exchange.other)]
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
        self.wished.append(session)
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
