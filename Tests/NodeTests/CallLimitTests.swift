// SPDX-License-Identifier: Apache-2.0

import Admission
import CallControl
import Configuration
import FlowProgramming
import Foundation
import Management
import Testing

@testable import Node

/// A machine that has enough of everything.
private func machine(_ identity: String = "here") -> Machine {
    var machine = Machine()
    machine.identity = identity
    machine.memoryKB = 64 << 20
    return machine
}

extension NodeConfiguration {
    fileprivate func withRealms(_ change: (inout Realm) -> Void) -> NodeConfiguration {
        var file = self
        for index in file.realms.indices { change(&file.realms[index]) }
        return file
    }
}

@Suite struct CallLimitTests {
    let directory: NodeDirectory

    init() throws { self.directory = try NodeDirectory() }

    private func file(_ more: String = "") throws -> NodeConfiguration {
        let text = NodeFixture.configuration(NodeAddresses(), self.directory.path) + more
        return try NodeConfiguration.parse(Array(text.utf8), file: "test")
    }

    private func save(_ ns: Double, _ machine: Machine) throws {
        let cost = try #require(WorkerCost([.init(calls: 1000, nsPerPacket: ns)]))
        try Calibration.save(cost, stateDirectory: self.directory.path, machine: machine)
    }

    private var path: String { Calibration.path(in: self.directory.path) }

    @Test func whatIsConfiguredIsInForce() throws {
        let limit = CallLimit(try self.file("limits: { calls: 7 }"), machine())
        #expect(limit.calls == 7)
        #expect(limit.reason.contains("limits.calls"))
        #expect(limit.advice == nil)
        let more = CallLimit(try self.file("limits: { calls: 6000 }"), machine())
        #expect(more.calls == 6000)
        // Two realms of one address and 10,000 ports, half of them for RTP.
        #expect(more.advice?.contains("is 5000 calls") == true)
    }

    @Test func withoutAMeasurementWhatIsKnownLimits() throws {
        let limit = CallLimit(try self.file(), machine())
        #expect(limit.calls == 5000)
        #expect(limit.reason.contains("ports"))
        #expect(limit.advice?.contains("trunkline size --save") == true)
    }

    /// Ports that legs share do not limit; flows do.
    @Test func sharedPortsAreNoLimit() throws {
        let few = try self.file().withRealms { $0.ports = 20_000...20_001 }
        #expect(CallLimit(few, machine()).calls == 1)
        let shared = few.withRealms { $0.onePort = true }
        #expect(CallLimit(shared, machine()).calls == 8192)
        let sharing = Settings.sharing(shared)
        #expect(sharing.realms == [RealmIndex(0), RealmIndex(1)])
        #expect(sharing.legsPerWorker == 16_384 && Settings.sharing(few) == PortSharing(
            realms: [], legsPerWorker: 16_384))
    }

    @Test func aSavedMeasurementLimits() throws {
        // 800 ns and the 2,200 of attach packet: 0.7 s have room for 2,333 calls.
        try self.save(800, machine())
        let limit = CallLimit(try self.file(), machine())
        #expect(limit.calls == 2333)
        #expect(limit.reason.contains("workers"))
        #expect(limit.advice == nil)
    }

    @Test func aMeasurementOfAnotherMachineIsRefusedAndSaid() throws {
        try self.save(800, machine("there"))
        let limit = CallLimit(try self.file(), machine())
        #expect(limit.calls == 5000)
        #expect(limit.advice?.contains("of another machine") == true)
        #expect(limit.advice?.contains(self.path) == true)
    }

    @Test func aFileThatMakesNoSenseIsRefusedAndSaid() throws {
        try self.save(800, machine())
        let good = try String(contentsOfFile: self.path, encoding: .utf8)
        for (old, new, word) in [
            ("\"version\":\"\(Version.text)\"", "\"version\":\"0\"", "another version"),
            ("800", "-800", "damaged"), ("800", "\"x\"", "damaged"), ("{", "", "damaged"),
            ("1000", "99999999999999999999", "damaged"),
            ("\"samples\"", "\"others\"", "damaged"),
        ] {
            let text = good.replacingOccurrences(of: old, with: new)
            try #require(text != good)
            try text.write(toFile: self.path, atomically: true, encoding: .utf8)
            let calibration = Calibration(stateDirectory: self.directory.path, machine: machine())
            guard case .refused(let why) = calibration else {
                Issue.record("\(new) was taken: \(calibration)")
                continue
            }
            #expect(why.contains(word))
        }
    }

    @Test func aMeasurementIsReadAsItWasWritten() throws {
        #expect(Calibration(stateDirectory: self.directory.path, machine: machine()) == .absent)
        let cost = try #require(
            WorkerCost([
                .init(calls: 1000, nsPerPacket: 35.25), .init(calls: 100_000, nsPerPacket: 95),
            ]))
        try Calibration.save(cost, stateDirectory: self.directory.path, machine: machine())
        #expect(
            Calibration(stateDirectory: self.directory.path, machine: machine()) == .good(cost))
        #expect(throws: NodeError.self) {
            try Calibration.save(cost, stateDirectory: "/proc/none", machine: machine())
        }
    }

    @Test func linksThatSayTheirSpeedCount() throws {
        var fast = machine()
        fast.linkMbits = ["out0": 100, "in0": 1000]
        let limit = CallLimit(try self.file(), fast)
        #expect(limit.calls == Int(0.9e8 / 95_200))
        #expect(limit.reason.contains("links"))
    }

    @Test func thisMachineIsDescribed() {
        let machine = Machine.current()
        #expect(machine == Machine.current() || machine.availableKB > 0)
        #expect(machine.identity == Machine.current().identity)
        #expect(machine.identity.contains(machine.processor))
        #expect(machine.cores >= 1 && machine.numaNodes >= 1)
        #expect(machine.memoryKB > machine.hugeKB)
        #expect(SystemFiles.list("0-2,5") == [0, 1, 2, 5])
        #expect(SystemFiles.list("3-1,x") == [0])
        #expect(SystemFiles.list(nil).isEmpty)
    }

    @Test func statusSaysTheLimitAndAReloadChangesIt() throws {
        let node = try NodeFixture()
        let before = try node.result("status")["limit"]
        #expect(before?["calls"]?.integer == 5000)
        #expect(before?["reason"]?.string?.contains("ports") == true)
        try node.edit("routes:", to: "limits: { calls: 7 }\nroutes:")
        node.shard.reload()
        let after = try node.result("status")["limit"]
        #expect(after?["calls"]?.integer == 7)
        #expect(node.shard.core.engine.admission.limits.callsMax == 7)
    }
}
