// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import CallControl

/// A peer with a clock.
private struct Watched {
    var health: PeerHealth
    var now: Milliseconds = 1_000_000

    init(every seconds: UInt64) {
        self.health = PeerHealth(
            policy: .init(intervalMilliseconds: seconds * 1000), now: 1_000_000, spread: 0)
    }

    mutating func pass(_ milliseconds: UInt64) { self.now += milliseconds }

    /// Goes on until something is due; true when an OPTIONS is to be sent.
    mutating func next() -> Bool {
        guard let due = self.health.dueAt else { return false }
        self.now = max(self.now, due)
        return self.health.advance(self.now)
    }

    /// The next OPTIONS, answered after so long.
    mutating func probe(_ status: Int, after milliseconds: UInt64 = 40, retryAfter: UInt32? = nil) {
        while !self.next() {}
        let sentAt = self.now
        self.pass(milliseconds)
        self.health.probeAnswered(
            status: status, retryAfterSeconds: retryAfter, sentAt: sentAt, now: self.now)
    }

    /// The next OPTIONS, not answered.
    mutating func miss() {
        while !self.next() {}
        let sends = self.next()
        #expect(!sends)
    }
}

@Suite struct PeerHealthTests {
    @Test func silenceLeadsDownAndAnswersLeadBack() {
        var peer = Watched(every: 60)
        peer.probe(200)
        #expect(peer.health.state == .up && peer.health.roundTripMilliseconds == 40)
        #expect(peer.health.since == 1_000_000 && peer.health.lastFailure == nil)
        let first = peer.now
        peer.miss()
        // A minute to the OPTIONS, eight seconds for its answer.
        #expect(peer.now - first == 59_960 + 8000)
        #expect(peer.health.state == .demoted && peer.health.since == peer.now)
        #expect(peer.health.lastFailure?.failure == .unanswered)
        let second = peer.now
        peer.miss()
        #expect(peer.now - second == 18_000 && peer.health.state == .demoted)
        peer.miss()
        #expect(peer.now - second == 36_000 && peer.health.state == .down)
        // It stays so as long as nothing comes, and is asked all the time.
        for _ in 0..<100 { peer.miss() }
        #expect(peer.health.state == .down && peer.now - second == 36_000 + 100 * 18_000)
        peer.probe(200)
        #expect(peer.health.state == .demoted)
        let back = peer.now
        peer.probe(404)
        #expect(peer.health.state == .up && peer.now - back <= 10_040)
        // From here once a minute again.
        let again = peer.now
        peer.probe(200)
        #expect(peer.now - again == 60_000)
    }

    @Test func oneAnswerLeadsBackFromDemotion() {
        var peer = Watched(every: 60)
        peer.miss()
        peer.miss()
        #expect(peer.health.state == .demoted)
        peer.probe(405)
        #expect(peer.health.state == .up)
        // Failures count in a row.
        peer.miss()
        peer.miss()
        #expect(peer.health.state == .demoted)
    }

    @Test func everyStatusIsASignOfLifeButThree() {
        for status in 200...699 {
            var peer = Watched(every: 60)
            peer.probe(status)
            let isFailure = [408, 503, 504].contains(status)
            #expect(peer.health.state == (isFailure ? .demoted : .up), "\(status)")
        }
    }

    @Test func refusalsDemoteAndNeverLeadDown() {
        var peer = Watched(every: 60)
        for _ in 0..<20 { peer.probe(503) }
        #expect(peer.health.state == .demoted)
        #expect(peer.health.lastFailure?.failure == .refused(status: 503))
        peer.probe(200)
        #expect(peer.health.state == .up)
        for _ in 0..<3 { peer.probe(408) }
        #expect(peer.health.state == .down)
    }

    @Test func retryAfterIsWaitedFor() {
        var peer = Watched(every: 60)
        peer.probe(503, retryAfter: 120)
        let refused = peer.now
        peer.probe(200)
        #expect(peer.health.state == .demoted && peer.now < refused + 60_000)
        while peer.health.state == .demoted { if peer.next() { peer.probe200() } }
        #expect(peer.now == refused + 120_000)
        // An hour is the longest that is believed.
        peer.health.failed(.refused(status: 503), retryAfterSeconds: .max, now: peer.now)
        let late = peer.now
        while peer.health.state == .demoted { if peer.next() { peer.probe200() } }
        #expect(peer.now == late + 3_600_000)
    }

    @Test func lateAnswersCount() {
        var peer = Watched(every: 60)
        peer.miss()
        #expect(peer.health.state == .demoted)
        let sentAt = peer.now - 8000
        peer.pass(3000)
        peer.health.probeAnswered(
            status: 200, retryAfterSeconds: nil, sentAt: sentAt, now: peer.now)
        #expect(peer.health.state == .up && peer.health.roundTripMilliseconds == 11_000)
        // What was given up cannot fail once more.
        peer.health.probeFailed(.unanswered, sentAt: sentAt, now: peer.now)
        #expect(peer.health.state == .up)
    }

    @Test func transportFailuresLeadDown() {
        var peer = Watched(every: 60)
        for _ in 0..<3 {
            while !peer.next() {}
            peer.health.probeFailed(.transport, sentAt: peer.now, now: peer.now)
        }
        #expect(peer.health.state == .down && peer.health.lastFailure?.failure == .transport)
    }

    @Test func aBurstIsOneFailure() {
        var peer = Watched(every: 60)
        peer.probe(200)
        for _ in 0..<50 {
            peer.health.failed(.unanswered, retryAfterSeconds: nil, now: peer.now)
            peer.pass(10)
        }
        #expect(peer.health.state == .demoted)
        // Whether it is there shows soon.
        #expect((peer.health.dueAt ?? .max) <= peer.now + 10_000)
        for _ in 0..<2 {
            peer.pass(2500)
            peer.health.failed(.unanswered, retryAfterSeconds: nil, now: peer.now)
        }
        #expect(peer.health.state == .down)
        // A call that is answered is as good as an OPTIONS.
        peer.health.answered(peer.now)
        #expect(peer.health.state == .demoted)
        peer.health.answered(peer.now)
        #expect(peer.health.state == .up)
    }

    @Test func withoutOptionsAPeerReturnsByItself() {
        var peer = Watched(every: 0)
        #expect(peer.health.dueAt == nil)
        peer.health.failed(.unanswered, retryAfterSeconds: nil, now: peer.now)
        #expect(peer.health.state == .demoted && peer.health.dueAt == peer.now + 30_000)
        let sends = peer.next()
        #expect(!sends && peer.health.state == .up && peer.health.dueAt == nil)
        // Longer with each failure, and never down.
        for wait: UInt64 in [60_000, 120_000, 240_000, 300_000, 300_000] {
            peer.health.failed(.transport, retryAfterSeconds: nil, now: peer.now)
            #expect(peer.health.state == .demoted && peer.health.dueAt == peer.now + wait)
            let sends = peer.next()
            #expect(!sends && peer.health.state == .up)
        }
        peer.health.answered(peer.now)
        peer.health.failed(.transport, retryAfterSeconds: nil, now: peer.now)
        #expect(peer.health.dueAt == peer.now + 30_000)
        peer.health.failed(.refused(status: 503), retryAfterSeconds: 90, now: peer.now)
        #expect(peer.health.dueAt == peer.now + 90_000)
        // Retry-After is waited for, even where something was answered.
        peer.health.answered(peer.now)
        #expect(peer.health.state == .demoted)
    }

    @Test func whatAPeerSendsIsASignOfLife() {
        var quiet = Watched(every: 0)
        quiet.health.failed(.unanswered, retryAfterSeconds: nil, now: quiet.now)
        quiet.pass(1000)
        quiet.health.heard(quiet.now)
        #expect(quiet.health.dueAt == quiet.now + 29_000)
        quiet.pass(29_000)
        let sends = quiet.next()
        #expect(!sends && quiet.health.state == .up)
        // Where OPTIONS go out the next one goes at once: an answer leads back, nothing else.
        var peer = Watched(every: 60)
        for _ in 0..<3 { peer.miss() }
        #expect(peer.health.state == .down)
        peer.pass(3000)
        peer.health.heard(peer.now)
        #expect(peer.health.state == .down && peer.health.dueAt == peer.now)
        peer.probe(200)
        #expect(peer.health.state == .demoted)
    }

    @Test func drainingLiesAboveWhatIsKnown() {
        var peer = Watched(every: 60)
        peer.health.drain(true, now: peer.now)
        #expect(peer.health.state == .draining && peer.health.condition == .up)
        for _ in 0..<3 { peer.miss() }
        #expect(peer.health.state == .draining && peer.health.condition == .down)
        peer.health.drain(false, now: peer.now)
        #expect(peer.health.state == .down && peer.health.since == peer.now)
    }

    @Test func aClockThatIsPutBack() {
        var peer = Watched(every: 60)
        peer.probe(200)
        peer.pass(60_000)
        let isDue = peer.health.advance(peer.now)
        #expect(isDue)
        peer.now -= 900_000
        // The timers that run are those of the old time: one of them fires.
        let sends = peer.health.advance(peer.now)
        #expect(!sends && (peer.health.dueAt ?? .max) <= peer.now + 60_000)
        peer.probe(200)
        #expect(peer.health.state == .up)
    }

    /// Whatever happens in whatever order: something is due at some time, OPTIONS go out no more
    /// often than they should, and a peer that answers is up in the end.
    @Test func anyCourseOfEvents() {
        for seed: UInt64 in 0..<300 {
            var random = Randomness(seed: seed)
            let seconds = [0, 1, 5, 60, 3600][Int(random.below(5))]
            var peer = Watched(every: UInt64(seconds))
            var sent: [Milliseconds] = []
            for _ in 0..<200 {
                switch random.below(8) {
                case 0: peer.pass(random.below(100_000))
                case 1:
                    peer.health.failed(
                        [.unanswered, .transport, .refused(status: 503)][Int(random.below(3))],
                        retryAfterSeconds: random.below(4) == 0 ? UInt32(random.below(100)) : nil,
                        now: peer.now)
                case 2: peer.health.answered(peer.now)
                case 3: peer.health.heard(peer.now)
                case 4: peer.health.drain(random.below(2) == 0, now: peer.now)
                default:
                    if peer.next() {
                        sent.append(peer.now)
                        if random.below(2) == 0 {
                            peer.pass(random.below(7000))
                            peer.health.probeAnswered(
                                status: [200, 503, 404][Int(random.below(3))],
                                retryAfterSeconds: nil, sentAt: sent[sent.count - 1],
                                now: peer.now)
                        }
                    }
                }
                #expect(seconds == 0 || peer.health.dueAt != nil, "seed \(seed)")
                #expect(seconds > 0 || peer.health.condition != .down, "seed \(seed)")
            }
            #expect(seconds > 0 || sent.isEmpty)
            for (a, b) in zip(sent, sent.dropFirst()) {
                #expect(b - a >= min(UInt64(seconds) * 1000, 1000), "seed \(seed)")
            }
            peer.health.drain(false, now: peer.now)
            var rounds = 0
            while peer.health.state != .up, rounds < 100 {
                rounds += 1
                if peer.next() { peer.probe200() }
            }
            #expect(peer.health.state == .up, "seed \(seed)")
        }
    }
}

extension Watched {
    /// The OPTIONS that is out is answered.
    fileprivate mutating func probe200() {
        let sentAt = self.now
        self.pass(10)
        self.health.probeAnswered(
            status: 200, retryAfterSeconds: nil, sentAt: sentAt, now: self.now)
    }
}
