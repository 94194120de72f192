// SPDX-License-Identifier: Apache-2.0

import CFlowABI
import CallControl
import FlowABI
import FlowProgramming
import Foundation
import MediaPlanning
import NetworkAddress
import Testing

@testable import FakeFastPath

/// Calls whose callers' legs have one port together, against a fast path that does one step at a
/// time.
@Suite struct SharedFlowTests {
    typealias Bench = FlowProgrammerTests.Bench
    let one = MediaSession(1)
    let two = MediaSession(2)

    /// Call `number`: the caller's leg on the shared port, at a party of its own.
    private func intent(_ number: UInt16, party: UInt16? = nil) -> MediaIntent {
        var intent = sampleIntent(number + 1)
        let rtp = SocketAddress(address: intent.a.local.rtp.address, port: 20_000)
        intent.a.local = MediaPort(addressIndex: 0, rtp: rtp, share: 0x5150_0000 + UInt32(number))
        intent.a.remote?.port = party ?? 4000 + 2 * number
        return intent
    }

    private func sharing(_ configuration: inout FlowProgrammer.Configuration) {
        configuration.sharing = PortSharing(realms: [RealmIndex(0)], legsPerWorker: 8)
    }

    @Test func callsOnOnePort() throws {
        let bench = try Bench(change: self.sharing)
        try bench.programmer.start(self.one, self.intent(1))
        try bench.programmer.start(self.two, self.intent(2))
        #expect(bench.run() == [.installed(self.one), .installed(self.two)])
        let legs = bench.fake.taken.filter { $0.spec.flags & TL_FLOW_SHARED != 0 }
        #expect(legs.map(\.spec.local_port) == [20_000, 20_000])
        #expect(legs.map(\.spec.ssrc) == [0x5150_0001, 0x5150_0002])
        #expect(bench.fake.live.count == 4)
    }

    /// Nobody would hear a party that is where another one is: the leg has no flow any more, and
    /// the owner is told so, not that the old one is kept.
    @Test func aSourceInUseIsARefusal() throws {
        let bench = try Bench(change: self.sharing)
        try bench.programmer.start(self.one, self.intent(1))
        try bench.programmer.start(self.two, self.intent(2))
        _ = bench.run()
        try bench.programmer.update(self.two, self.intent(2, party: 4002))
        #expect(bench.run() == [.refused(self.two, .a, .sourceInUse)])
        bench.programmer.end(self.two)
        #expect(bench.run().count == 1 && bench.fake.live.count == 2)
        let third = MediaSession(3)
        try bench.programmer.start(third, self.intent(3, party: 4002))
        #expect(bench.run() == [.refused(third, .a, .sourceInUse)])
    }

    /// The pool follows where the parties are.
    @Test func thePoolKnowsWhereThePartiesAre() throws {
        let bench = try Bench(change: self.sharing)
        let pool = bench.programmer.ports
        func isFree(_ port: UInt16) throws -> Bool {
            let remote = SocketAddress(address: IPAddress(ipv4: 0xc633_6401), port: port)
            let pair = try #require(
                pool.reserve(
                    PortWish(
                        RealmIndex(0), isIPv4: true, mark: .address(rtp: remote, rtcp: nil)),
                    PortWish(RealmIndex(1), isIPv4: true)))
            defer { for leg in [pair.a, pair.b] { pool.release(leg) } }
            return pair.a.isShared
        }
        var intent = self.intent(1, party: 5000)
        #expect(pool.reserve(again: intent.a.local, mark: .ice))
        try bench.programmer.start(self.one, intent)
        #expect(try !isFree(5000) && !isFree(5001) && isFree(6000))
        intent.a.remote?.port = 7000
        intent.a.remoteRTCPPort = 7777
        try bench.programmer.update(self.one, intent)
        #expect(try !isFree(7000) && isFree(7001) && !isFree(7777))
        // A change that cannot be leaves it as it was.
        var wrong = intent
        wrong.a.remote?.port = 8000
        wrong.a.clockRate = 1
        #expect(throws: MediaSessionError.self) { try bench.programmer.update(self.one, wrong) }
        #expect(try !isFree(7000))
    }

    @Test func fastPathRestarts() throws {
        let bench = try Bench(change: self.sharing)
        for (session, number) in [(self.one, 1), (self.two, 2)] as [(MediaSession, UInt16)] {
            try bench.programmer.start(session, self.intent(number))
        }
        _ = bench.run()
        let flows = bench.programmer.flows(self.two)
        bench.fake.restart()
        bench.poll()
        try bench.match()
        #expect(Set(bench.run()) == [.installed(self.one), .installed(self.two)])
        #expect(bench.programmer.flows(self.two) == flows && bench.fake.live.count == 4)
    }

    /// Flows of one port are found again by the streams that they send.
    @Test func controlPlaneRestarts() throws {
        let bench = try Bench(flows: 16, change: self.sharing)
        let sessions = (1...3 as ClosedRange<UInt16>).map { (MediaSession(UInt64($0)), $0) }
        for (session, number) in sessions {
            try bench.programmer.start(session, self.intent(number))
        }
        _ = bench.run()
        let flows = sessions.map { bench.programmer.flows($0.0) }
        let path = bench.fake.directory
        var configuration = FlowProgrammer.Configuration(directory: path)
        configuration.controlFile = path + "/second.shm"
        self.sharing(&configuration)
        let second = FlowProgrammer(configuration)
        // The first call has ended; the others live on.
        for (session, number) in sessions.dropFirst() {
            second.restore(session, self.intent(number))
        }
        second.poll(nowNs: bench.nowNs)
        #expect(second.ports.counters.shared == 2 && second.ports.counters.reserved == 3)
        second.begin()
        second.poll(nowNs: bench.nowNs)
        try #require(rename(path + "/second.shm", path + "/control.shm") == 0)
        try bench.fake.shakeHands()
        for _ in 0..<8 {
            second.poll(nowNs: bench.nowNs)
            bench.fake.work()
        }
        second.poll(nowNs: bench.nowNs)
        #expect(Set(second.takeOutcomes()) == Set(sessions.dropFirst().map { .installed($0.0) }))
        for (place, (session, _)) in sessions.enumerated().dropFirst() {
            #expect(second.flows(session) == flows[place])
        }
        #expect(bench.fake.live.count == 4 && second.counters.orphansRemoved == 2)
        #expect(second.counters.reinstalled == 0 && second.counters.refused == 0)
    }
}
