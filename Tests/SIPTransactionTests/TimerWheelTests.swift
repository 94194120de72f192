// SPDX-License-Identifier: Apache-2.0

import SIPTransaction
import Testing
import TestSupport

/// The wheel against a list that is sorted for each question.
@Suite struct TimerWheelTests {
    private struct Model {
        var now: UInt64
        var serial = 0
        var timers: [Int: (due: UInt64, serial: Int)] = [:]

        mutating func start(_ token: Int, milliseconds: UInt64) {
            self.serial += 1
            self.timers[token] = (self.now + max(milliseconds, 1), self.serial)
        }

        mutating func advance(to time: UInt64) -> [Int] {
            self.now = max(self.now, time)
            let due = self.timers.filter { $0.value.due <= time }
                .sorted { ($0.value.due, $0.value.serial) < ($1.value.due, $1.value.serial) }
            for (token, _) in due { self.timers[token] = nil }
            return due.map(\.key)
        }
    }

    @Test(arguments: 1...40 as ClosedRange<UInt64>)
    func behavesLikeTheModel(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let begin = seed % 4 == 0 ? UInt64.random(in: 0...1 << 40, using: &random) : seed * 61
        let wheel = TimerWheel<Int>(nowMilliseconds: begin)
        var model = Model(now: begin)
        for _ in 0..<3000 {
            let token = Int.random(in: 0..<60, using: &random)
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<5:
                let bits = UInt64.random(in: 0...26, using: &random)
                let delay = UInt64.random(in: 0...(1 << bits), using: &random)
                #expect(wheel.start(token, milliseconds: delay))
                model.start(token, milliseconds: delay)
            case 5..<7:
                let expected = model.timers.removeValue(forKey: token) != nil
                #expect(wheel.stop(token) == expected)
            default:
                let bits = UInt64.random(in: 0...20, using: &random)
                let time = model.now + UInt64.random(in: 0...(1 << bits), using: &random)
                #expect(wheel.advance(to: time) == model.advance(to: time), "seed \(seed)")
            }
            #expect(wheel.count == model.timers.count)
            let first = model.timers.values.map(\.due).min()
            #expect((wheel.nextDue == nil) == (first == nil))
            if let next = wheel.nextDue, let first {
                #expect(next > wheel.nowMilliseconds && next <= first, "seed \(seed)")
            }
        }
    }

    @Test func nextDueReachesEveryTimerInFewSteps() {
        let wheel = TimerWheel<Int>(nowMilliseconds: 63)
        wheel.start(1, milliseconds: 86_400_000)
        var steps = 0
        var fired: [Int] = []
        while let next = wheel.nextDue {
            fired += wheel.advance(to: next)
            steps += 1
        }
        #expect(fired == [1])
        #expect(wheel.nowMilliseconds == 86_400_063)
        #expect(steps <= 11)
    }

    @Test func startingAgainMovesTheTimer() {
        let wheel = TimerWheel<Int>(nowMilliseconds: 0)
        wheel.start(1, milliseconds: 10)
        wheel.start(1, milliseconds: 20)
        #expect(wheel.advance(to: 19) == [])
        #expect(wheel.advance(to: 20) == [1])
        #expect(wheel.count == 0)
        #expect(!wheel.stop(1))
    }

    @Test func equalTimesFireInOrderOfStart() {
        let wheel = TimerWheel<Int>(nowMilliseconds: 0)
        wheel.start(1, milliseconds: 5000)
        _ = wheel.advance(to: 4000)
        wheel.start(2, milliseconds: 1000)
        _ = wheel.advance(to: 4990)
        wheel.start(3, milliseconds: 10)
        #expect(wheel.advance(to: 5000) == [1, 2, 3])
    }

    @Test func limitRefusesAndCounts() {
        let wheel = TimerWheel<Int>(nowMilliseconds: 0, limit: 2)
        #expect(wheel.start(1, milliseconds: 5))
        #expect(wheel.start(2, milliseconds: 5))
        #expect(!wheel.start(3, milliseconds: 5))
        #expect(wheel.start(2, milliseconds: 6))
        #expect(wheel.refusedCount == 1)
        #expect(wheel.advance(to: 5) == [1])
        #expect(wheel.start(3, milliseconds: 5))
    }

    @Test func endOfTimeDoesNotTrap() {
        let wheel = TimerWheel<Int>(nowMilliseconds: UInt64.max - 10)
        wheel.start(1, milliseconds: UInt64.max)
        wheel.start(2, milliseconds: 3)
        #expect(wheel.advance(to: UInt64.max - 5) == [2])
        #expect(wheel.advance(to: UInt64.max) == [1])
        #expect(wheel.advance(to: 0) == [])
        #expect(wheel.nowMilliseconds == UInt64.max)
    }

    @Test func longPauseCostsOnlyWhatIsDue() {
        let wheel = TimerWheel<Int>(nowMilliseconds: 0)
        for token in 0..<1000 { wheel.start(token, milliseconds: UInt64(token) * 1_000_003 + 1) }
        #expect(wheel.advance(to: 1 << 60) == Array(0..<1000))
    }
}
