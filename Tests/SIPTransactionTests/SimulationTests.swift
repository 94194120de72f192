// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import SIPTransaction

@Suite struct SimulationTests {
    /// Every transaction ends, the user sees each request once, no table keeps an entry.
    @Test(
        arguments: [
            (1, 0, 0), (2, 10, 5), (3, 20, 20), (4, 30, 50), (5, 0, 100), (6, 50, 10), (7, 90, 0),
        ] as [(UInt64, Int, Int)])
    func everyTransactionEnds(seed: UInt64, lossPercent: Int, duplicatePercent: Int) {
        let simulation = Simulation(
            seed: seed, lossPercent: lossPercent, duplicatePercent: duplicatePercent)
        let name: Comment = "seed \(seed)"
        #expect(simulation.run(exchanges: 600, steps: 2_000_000), name)
        #expect(simulation.faults == [], name)
        for layer in simulation.layers {
            #expect(layer.tableEntryCount == 0, name)
            #expect(layer.counters.unbuildableMessages == 0, name)
        }
        #expect(simulation.held.map(\.count) == [0, 0], name)
        for (number, exchange) in simulation.exchanges.enumerated() {
            let which: Comment = "seed \(seed), exchange \(number): \(exchange)"
            #expect(exchange.isOver, which)
            #expect(exchange.deliveries == (exchange.arrivals > 0 ? 1 : 0), which)
            #expect(exchange.failures <= 1 && exchange.timeouts <= 1, which)
            let endings = [exchange.failures, exchange.timeouts, exchange.successes].filter {
                $0 > 0
            }
            #expect(endings.count == 1, which)
            if !exchange.isInvite { #expect(exchange.successes <= 1, which) }
        }
        if lossPercent == 0 {
            let finals = simulation.exchanges.count { $0.timeouts == 0 }
            #expect(finals > 550, name)
        }
    }

    @Test func oneSeedMakesOneRun() {
        let runs = (0..<2).map { _ in
            let simulation = Simulation(seed: 11, lossPercent: 25, duplicatePercent: 10)
            _ = simulation.run(exchanges: 100, steps: 1_000_000)
            return simulation.layers.map(\.counters)
        }
        #expect(runs[0] == runs[1])
        #expect(runs[0][0].retransmissionsSent > 0)
    }
}
