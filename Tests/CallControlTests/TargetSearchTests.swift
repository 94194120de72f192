// SPDX-License-Identifier: Apache-2.0

import NetworkAddress
import SIPTransaction
import Testing

@testable import CallControl
@testable import CallWorld

@Suite struct TargetSearchTests {
    private func search(_ count: Int, isEmergency: Bool = false) -> TargetSearch {
        TargetSearch(
            [SearchPolicy](repeating: SearchPolicy(), count: count), isEmergency: isEmergency)
    }

    private func refused(_ status: Int) -> TargetSearch.Event {
        .refused(status: status, retryAfterSeconds: nil)
    }

    @Test func silenceLeadsOnAndTheDeadlineEnds() {
        var search = self.search(2)
        #expect(
            search.start() == [
                .start(.deadline, milliseconds: 8000), .send(0),
                .start(.silence, milliseconds: 2000),
            ])
        #expect(
            search.apply(.timer(.silence)) == [
                .report(0, .silent), .abandon(0), .send(1), .stop(.silence),
            ])
        // There is nobody after the last one: it is waited for.
        #expect(search.apply(.timer(.silence)).isEmpty)
        #expect(
            search.apply(.timer(.deadline)) == [
                .report(1, .silent), .stop(.silence), .abandon(1), .giveUp(status: 503),
            ])
        #expect(search.apply(.answered).isEmpty)
    }

    @Test func aTargetThatTriesIsWaitedForUntilTheDeadline() {
        var search = self.search(2)
        _ = search.start()
        #expect(search.apply(.trying) == [.stop(.silence), .report(0, .answered)])
        #expect(search.apply(.trying).isEmpty)
        #expect(search.apply(.timer(.silence)).isEmpty)
        #expect(
            search.apply(.timer(.deadline)) == [
                .stop(.silence), .abandon(0), .giveUp(status: 503),
            ])
    }

    @Test(arguments: [408, 503, 504])
    func someRefusalsLeadOn(status: Int) {
        var search = self.search(2)
        _ = search.start()
        let outcome = TargetOutcome.refused(status: status, retryAfterSeconds: nil)
        #expect(
            search.apply(self.refused(status)) == [
                .report(0, outcome), .send(1), .stop(.silence),
            ])
        #expect(search.apply(self.refused(status)).last == .pass)
    }

    @Test(arguments: [300, 403, 404, 486, 488, 500, 600, 603, 606])
    func othersAreTheCallers(status: Int) {
        var search = self.search(2)
        _ = search.start()
        #expect(
            search.apply(self.refused(status)) == [
                .report(0, .answered), .stop(.silence), .stop(.deadline), .pass,
            ])
    }

    @Test func codesAreThoseOfTheTrunkThatRefused() {
        var first = SearchPolicy()
        first.codes = [500, 603]
        var search = TargetSearch([first, SearchPolicy(), SearchPolicy()], isEmergency: false)
        _ = search.start()
        #expect(search.apply(self.refused(500)).contains(.send(1)))
        #expect(search.apply(self.refused(500)).last == .pass)
        var other = TargetSearch([first, first], isEmergency: false)
        _ = other.start()
        #expect(other.apply(self.refused(603)).last == .pass, "603 whatever the list says")
    }

    @Test func afterProgressNobodyElseIsAsked() {
        for event in [
            self.refused(503), .timedOut, .unreachable, .timer(.deadline), .timer(.silence),
        ] {
            var search = self.search(3)
            _ = search.start()
            #expect(
                search.apply(.progress) == [
                    .report(0, .answered), .stop(.silence), .stop(.deadline),
                ])
            let actions = search.apply(event)
            #expect(!actions.contains { if case .send = $0 { true } else { false } }, "\(event)")
        }
    }

    @Test func whatCannotBeSentLeadsOn() {
        var search = self.search(3)
        _ = search.start()
        #expect(search.apply(.unreachable).prefix(2) == [.report(0, .unreachable), .send(1)])
        #expect(search.apply(.unusable(status: 488)).first == .send(2))
        #expect(search.apply(.unusable(status: 488)).last == .giveUp(status: 488))
    }

    @Test func emergencyGoesOnAfterAnyFailure() {
        for status in [403, 486, 600, 603] {
            var search = self.search(3, isEmergency: true)
            _ = search.start()
            #expect(search.apply(self.refused(status)).contains(.send(1)))
            _ = search.apply(.progress)
            let actions = search.apply(self.refused(status))
            #expect(actions.contains(.send(2)))
            #expect(actions.contains(.start(.deadline, milliseconds: 8000)))
            #expect(search.apply(.timer(.deadline)).isEmpty, "the last one is waited for")
            #expect(search.apply(self.refused(status)).last == .pass)
        }
    }

    @Test func emergencyDeadlineLeadsOn() {
        var search = self.search(2, isEmergency: true)
        _ = search.start()
        _ = search.apply(.trying)
        #expect(
            search.apply(.timer(.deadline)) == [
                .abandon(0), .start(.deadline, milliseconds: 8000), .send(1), .stop(.silence),
            ])
    }

    @Test func candidatesAreBounded() {
        var search = self.search(40)
        #expect(search.count == TargetSearch.limit)
        #expect(search.insert([SearchPolicy()]) == 0)
        var short = self.search(2)
        #expect(short.insert([SearchPolicy](repeating: SearchPolicy(), count: 40)) == 14)
    }

    /// Whatever happens, in whatever order: each candidate is tried once, in order; one end; timers
    /// do not outlive it.
    @Test func randomCoursesKeepTheRules() {
        for seed in UInt64(1)...2000 {
            var random = Randomness(seed: seed)
            let isEmergency = random.below(3) == 0
            var search = self.search(1 + Int(random.below(5)), isEmergency: isEmergency)
            var actions = search.start()
            var sent: [Int] = []
            var running: Set<TargetSearch.Timer> = []
            var ends = 0
            for _ in 0..<60 {
                for action in actions {
                    switch action {
                    case .send(let candidate): sent.append(candidate)
                    case .start(let timer, _): running.insert(timer)
                    case .stop(let timer): running.remove(timer)
                    case .pass, .giveUp: ends += 1
                    case .abandon, .report: break
                    }
                }
                if ends > 0 { break }
                var events: [TargetSearch.Event] = [
                    .trying, .progress, .refused(status: 503, retryAfterSeconds: 1),
                    .refused(status: 486, retryAfterSeconds: nil), .timedOut, .unreachable,
                    .unusable(status: 503),
                ]
                events += running.map { .timer($0) }
                let event = events[Int(random.below(UInt64(events.count)))]
                if case .timer(let timer) = event { running.remove(timer) }
                actions = search.apply(event)
            }
            #expect(sent == Array(0..<sent.count), "seed \(seed)")
            #expect(ends <= 1 && sent.count <= search.count, "seed \(seed)")
            if ends > 0 { #expect(search.apply(.progress).isEmpty, "seed \(seed)") }
            if ends > 0 { #expect(running.subtracting([.deadline]).isEmpty, "seed \(seed)") }
        }
    }
}

@Suite struct TargetOrderTests {
    private func target(
        _ number: UInt8, priority: UInt16 = 0, weight: UInt16 = 0, _ state: TargetState = .up
    ) -> TrunkTarget {
        let hop = Hop(
            listener: ListenerIndex(rawValue: 1), transport: .udp,
            remote: SocketAddress(address: World.ip("203.0.113.\(number)"), port: 5060))
        var target = TrunkTarget(
            hop: hop, host: Array("h\(number)".utf8), priority: priority, weight: weight)
        target.state = state
        return target
    }

    private func names(_ targets: [TrunkTarget]) -> [String] {
        targets.map { String(decoding: $0.host, as: UTF8.self) }
    }

    @Test func stateThenPriority() {
        var random = Randomness(seed: 7)
        let targets = [
            self.target(1, priority: 1, .down), self.target(2, priority: 5),
            self.target(3, priority: 2), self.target(4, priority: 0, .demoted),
            self.target(5, priority: 0, .draining), self.target(6, priority: 0, .down),
        ]
        #expect(
            self.names(TargetOrder.order(targets, &random)) == ["h3", "h2", "h4", "h6", "h1"])
        #expect(TargetOrder.order([targets[4]], &random).isEmpty)
    }

    /// RFC 2782: by weight, and each one once.
    @Test func weightsAreShares() {
        var random = Randomness(seed: 3)
        let targets = [
            self.target(1, weight: 60), self.target(2, weight: 30), self.target(3, weight: 10),
            self.target(4, weight: 0),
        ]
        var first: [String: Int] = [:]
        for _ in 0..<10_000 {
            let order = self.names(TargetOrder.order(targets, &random))
            #expect(Set(order).count == 4)
            first[order[0], default: 0] += 1
        }
        #expect((5700...6300).contains(first["h1"] ?? 0), "\(first)")
        #expect((2700...3300).contains(first["h2"] ?? 0), "\(first)")
        #expect((800...1200).contains(first["h3"] ?? 0), "\(first)")
        #expect((1...300).contains(first["h4"] ?? 0), "hardly ever, not never: \(first)")
    }

    @Test func withoutWeightsAllAreAlike() {
        var random = Randomness(seed: 5)
        let targets = (1...4).map { self.target(UInt8($0)) }
        var first: [String: Int] = [:]
        for _ in 0..<4000 {
            first[self.names(TargetOrder.order(targets, &random))[0], default: 0] += 1
        }
        for count in first.values { #expect((800...1200).contains(count), "\(first)") }
    }
}

@Suite struct TargetHoldTests {
    private func hop(_ number: Int) -> Hop {
        Hop(
            listener: ListenerIndex(rawValue: 1), transport: .udp,
            remote: SocketAddress(
                address: World.ip("203.0.\(number / 250).\(number % 250 + 1)"), port: 5060))
    }

    private func busy(_ seconds: UInt32, _ status: Int = 503) -> TargetOutcome {
        .refused(status: status, retryAfterSeconds: seconds)
    }

    @Test func aTargetIsHeldAsLongAsItAsked() {
        var holds = TargetHolds()
        holds.note(self.busy(5), of: self.hop(1), now: 1000)
        #expect(holds.holds(self.hop(1), now: 5999))
        #expect(!holds.holds(self.hop(2), now: 2000))
        #expect(!holds.holds(self.hop(1), now: 6000))
    }

    @Test func whatConcernsThePersonHoldsNobody() {
        var holds = TargetHolds()
        holds.note(self.busy(5, 480), of: self.hop(1), now: 0)
        holds.note(.silent, of: self.hop(1), now: 0)
        holds.note(self.busy(0), of: self.hop(1), now: 0)
        #expect(holds.count == 0)
    }

    @Test func holdsAreBoundedInTimeAndNumber() {
        var holds = TargetHolds()
        holds.note(self.busy(.max), of: self.hop(0), now: 0)
        #expect(holds.holds(self.hop(0), now: 3_599_999))
        #expect(!holds.holds(self.hop(0), now: 3_600_000))
        for number in 0..<TargetHolds.limit + 100 {
            holds.note(self.busy(10), of: self.hop(number), now: 0)
        }
        #expect(holds.count == TargetHolds.limit)
        // Those that are over make room.
        holds.note(self.busy(10), of: self.hop(5000), now: 20_000)
        #expect(holds.holds(self.hop(5000), now: 20_001) && holds.count == 1)
    }
}
