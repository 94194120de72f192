// SPDX-License-Identifier: Apache-2.0

import Admission
import Configuration
import Management
import Node
import Testing

@testable import trunkline

private func machine(availableKB: Int = 32 << 20) -> Machine {
    var machine = Machine()
    machine.processor = "Test"
    machine.cores = 4
    machine.memoryKB = 64 << 20
    machine.availableKB = availableKB
    machine.linkMbits = ["eth1": 10_000]
    return machine
}

private func report(_ realms: String?) throws -> SizeReport {
    var configuration: NodeConfiguration?
    if let realms {
        let text = """
            fastpath: { cores: [1, 2] }
            realms:
            \(realms)
            listeners:
              - { name: l, transport: udp, address: "198.18.1.1:5060" }
            """
        configuration = try NodeConfiguration.parse(Array(text.utf8), file: "test")
    }
    let load = SelfLoad(
        program: "p", cores: configuration?.fastPath.cores ?? [3], hugePages: false,
        machine: machine(), isQuick: false)
    let cost = try #require(
        WorkerCost([
            .init(calls: 1000, nsPerPacket: 40), .init(calls: 100_000, nsPerPacket: 100),
        ]))
    return SizeReport(
        machine: machine(), configuration: configuration, load: load, cost: cost,
        memoryNs: [20, 50])
}

private let carrier = "  - { name: a, attach: xdp, interface: eth1, addresses: [198.18.1.1] }"

@Suite struct SizeTests {
    @Test func theTableSaysWhatLimitsAndWhatToDo() throws {
        let text = try report(carrier).text
        #expect(text.contains("This machine carries 2500 calls; what limits it is ports"))
        #expect(text.contains("RTP in the clear; SRTP takes about three times as much"))
        #expect(text.contains("give the realms more addresses"))
        #expect(text.contains("allowance of 2000 for the driver (xdp)"))
        #expect(text.contains("eth1, 10000 Mbit/s"))
        #expect(text.contains("100 ns a packet with 100000 calls a worker"))
    }

    @Test func theVerdictSaysWhenItRestsOnTheDriver() throws {
        #expect(try !report(carrier).text.contains("was not measured here"))
        let text = try report(nil).text
        #expect(text.contains("what limits it is workers"))
        #expect(text.contains("the allowance for the xdp driver, which was not measured here"))
    }

    @Test func theJSONHasEveryLimit() throws {
        let json = try report(carrier).json
        #expect(json["calls"]?.integer == 2500)
        #expect(json["limit"]?.string == "ports")
        #expect(json["workers"]?.integer == 2)
        let limits = json["limits"]?.array ?? []
        #expect(
            limits.map { $0["resource"]?.string }
                == CapacityBudget.Resource.allCases.map(\.rawValue))
        #expect(limits.compactMap { $0["calls"]?.integer }.min() == 2500)
        #expect(json["samples"]?.array?.count == 2)
        // The better the way to attach, the more calls.
        let ways = json["workers_by_attach"]?.array ?? []
        let byWay = Dictionary(
            uniqueKeysWithValues: ways.compactMap { way in
                way["attach"]?.string.map { ($0, way["calls"]?.integer ?? 0) }
            })
        #expect(byWay["memif"] ?? 0 > 10 * (byWay["xdp"] ?? 0))
        #expect(byWay["xdp"] ?? 0 > byWay["packet"] ?? 0)
        #expect(limits.first?["calls"]?.integer == byWay["xdp"])
    }

    @Test func withoutAConfigurationNothingIsMadeUp() throws {
        let report = try report(nil)
        #expect(report.budget.limits.map(\.resource) == [.workers, .memory, .signalling])
        #expect(report.attach == .xdp)
        #expect(report.advice.contains("fastpath.cores"))
    }

    @Test func theSlowestWayToAttachCounts() throws {
        let mixed =
            carrier
            + "\n  - { name: b, attach: packet, interface: eth2, addresses: [198.18.2.1] }"
        #expect(try report(mixed).attach == .packet)
    }

    @Test func theLoadFitsTheMachine() {
        func load(_ availableKB: Int, _ cores: [Int], quick: Bool = false) -> SelfLoad {
            SelfLoad(
                program: "p", cores: cores, hugePages: false,
                machine: machine(availableKB: availableKB), isQuick: quick)
        }
        #expect(load(32 << 20, [1]).calls == [1000, 100_000])
        #expect(load(32 << 20, Array(1...64)).calls[1] == 700_000 / 64)
        #expect(load(500_000, [1]).calls[1] == (250_000 - 200_000) / 3)
        #expect(load(0, [1]).calls == [1000, 1000])
        #expect(load(32 << 20, [1]).rounds * 2 * load(32 << 20, [1]).seconds <= 30)
        #expect(load(32 << 20, [1], quick: true).rounds == 1)
        let words = load(32 << 20, [1, 2]).words(calls: 100_000)
        #expect(words.contains("sessions=200000,seconds=4,addresses=17"))
        #expect(words.contains("--no-huge") && words.contains("1,2"))
    }

    @Test func aLoadThatCannotRunIsSaid() throws {
        let load = SelfLoad(
            program: "/bin/false", cores: [0], hugePages: false, machine: machine(), isQuick: true)
        let failure = try #require(throws: Failure.self) { try load.run { _ in } }
        #expect(failure.status == .no && failure.text.contains("status 1"))
    }
}
