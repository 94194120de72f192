// SPDX-License-Identifier: Apache-2.0

import SIPTransaction
import Testing

@Suite struct TransactionTimingTests {
    @Test(
        arguments: [
            (TransactionTimer.a, 500), (.b, 32000), (.c, 181_000), (.d, 32000), (.e, 500),
            (.f, 32000), (.g, 500), (.h, 32000), (.i, 5000), (.j, 32000), (.k, 5000), (.l, 32000),
            (.m, 32000), (.trying, 200), (.lateTrying, 3500), (.cancelled, 32000), (.success, 500),
        ] as [(TransactionTimer, UInt32)])
    func rfc3261_table4_defaults(_ timer: TransactionTimer, milliseconds: UInt32) {
        #expect(TransactionTiming().milliseconds(timer) == milliseconds)
    }

    @Test func rfc3261_17_1_1_1_valuesOutOfRangeAreMoved() {
        let least = TransactionTiming(t1: 0, t2: 0, t4: 0, c: 0, trying: 0)
        #expect(least == TransactionTiming(t1: 1, t2: 1, t4: 1, c: 1, trying: 1))
        #expect(least.milliseconds(.lateTrying) == 1)
        let most = TransactionTiming(t1: .max, t2: .max, t4: .max, c: .max, trying: .max)
        #expect(most.t1 == 60_000)
        #expect(most.t2 == 60_000)
        #expect(most.limit == 3_840_000)
    }

    @Test func timerSetHoldsEachTimerAlone() {
        for timer in TransactionTimer.allCases {
            let set = TimerSet(timer)
            #expect(TransactionTimer.allCases.filter { set.contains($0) } == [timer])
        }
    }
}
