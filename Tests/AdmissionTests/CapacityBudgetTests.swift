// SPDX-License-Identifier: Apache-2.0

import Admission
import Testing

private func cost(_ samples: [(Int, Double)]) -> WorkerCost? {
    WorkerCost(samples.map { .init(calls: $0.0, nsPerPacket: $0.1) })
}

@Suite struct CapacityBudgetTests {
    private func calls(
        _ resource: CapacityBudget.Resource, _ change: (inout CapacityResources) -> Void
    ) -> Int? {
        var resources = CapacityResources()
        change(&resources)
        return CapacityBudget(resources).limits.first { $0.resource == resource }?.calls
    }

    @Test func whatIsNotKnownLimitsNothing() {
        let budget = CapacityBudget(CapacityResources())
        #expect(budget.limits.map(\.resource) == [.signalling])
        #expect(budget.limiting.calls == 126_000)
    }

    @Test func workersCarryWhatFitsIntoTheirShare() {
        // 0.7 s of a second, 100 packets of 100 ns a call and second.
        #expect(self.calls(.workers) { $0.cost = cost([(1000, 100)]) } == 70_000)
        #expect(
            self.calls(.workers) {
                $0.cost = cost([(1000, 100)])
                $0.driverNsPerPacket = 1900
                $0.workers = 4
            } == 4 * 3500)
    }

    @Test func aPacketCostsMoreTheMoreCallsThereAre() throws {
        let line = try #require(cost([(100_000, 200), (1000, 100)]))
        #expect(line.nsPerPacket(calls: 1) == 100)
        #expect(line.nsPerPacket(calls: 1000) == 100)
        #expect(line.nsPerPacket(calls: 50_500) == 150)
        #expect(line.nsPerPacket(calls: 1_000_000) == 200)
        let calls = try #require(self.calls(.workers) { $0.cost = line })
        #expect(Double(calls) * 100 * line.nsPerPacket(calls: calls) <= 0.7e9)
        #expect(Double(calls + 1) * 100 * line.nsPerPacket(calls: calls + 1) > 0.7e9)
        #expect((35_000...70_000).contains(calls))
    }

    @Test func aMeasurementThatMakesNoSenseIsNone() {
        for samples: [(Int, Double)] in [
            [], [(0, 100)], [(1000, 0)], [(1000, -1)], [(1000, .nan)], [(1000, .infinity)],
            [(1000, 100), (2000, 1e9)],
        ] {
            #expect(cost(samples) == nil)
        }
    }

    @Test func aCallTakesTwoFlowsAndTwoPorts() {
        #expect(
            self.calls(.flows) {
                $0.flowsPerWorker = 16_384
                $0.workers = 2
            } == 16_384)
        #expect(self.calls(.ports) { $0.portsOfRealms = [5000, 100] } == 2550)
        // With a leg in each of two realms the smaller one limits.
        #expect(
            self.calls(.ports) {
                $0.portsOfRealms = [5000, 100]
                $0.callsCross = true
            } == 100)
        #expect(
            self.calls(.ports) {
                $0.portsOfRealms = [50, 60, 70]
                $0.callsCross = true
            } == 90)
    }

    @Test func aLinkCarriesBothDirections() {
        // 50 packets of 238 bytes a second, leg and direction: 95,200 bits.
        let one = Int(0.9e9 / 95_200)
        #expect(self.calls(.links) { $0.linkBits = [1_000_000_000] } == one / 2)
        #expect(
            self.calls(.links) {
                $0.linkBits = [1_000_000_000, nil]
                $0.callsCross = true
            } == one)
        #expect(self.calls(.links) { $0.linkBits = [1_000_000_000, nil] } == nil)
        #expect(self.calls(.links) { $0.linkBits = [nil] } == nil)
    }

    @Test func theSmallestLimits() {
        var resources = CapacityResources()
        resources.memoryBytes = 1 << 30
        resources.flowsPerWorker = 100
        let budget = CapacityBudget(resources)
        #expect(budget.limits.map(\.resource) == [.flows, .memory, .signalling])
        #expect(budget.limiting == budget.limits[0])
        #expect(budget.limiting.calls == 50)
        resources.memoryBytes = 0
        #expect(CapacityBudget(resources).limiting.resource == .memory)
    }

    @Test func numbersThatAreTooBigStayNumbers() {
        var resources = CapacityResources()
        resources.workers = .max
        resources.flowsPerWorker = .max
        resources.portsOfRealms = [.max, .max]
        resources.linkBits = [.max]
        resources.memoryBytes = .max
        resources.cost = cost([(1, 1)])
        resources.shards = .max
        #expect(CapacityBudget(resources).limits.allSatisfy { $0.calls > 0 })
    }
}
