// SPDX-License-Identifier: Apache-2.0

import FlowABI
import FlowProgramming
import Testing

@testable import FakeFastPath

/// What workers dropped, as the programmer finds it in their file.
@Suite struct DropTests {
    private typealias Bench = FlowProgrammerTests.Bench
    private let session = MediaSession(1)

    /// A call in flows 0 and 1.
    private func call() throws -> Bench {
        let bench = try Bench()
        try bench.programmer.start(self.session, sampleIntent(0))
        _ = bench.run()
        #expect(bench.fake.live == [0, 1])
        return bench
    }

    private func reason(_ name: String) throws -> DropReason { try #require(DropReason(name)) }

    /// Two names and counts as text, for one look at all flows.
    private func look(_ bench: Bench) -> [String] {
        bench.programmer.takeDrops(part: 0, of: 1).map { drops in
            "\(drops.session.value) \(drops.leg) "
                + drops.counts.byReason.map { "\($0.reason.name) \($0.count)" }
                .joined(separator: ", ")
        }
    }

    @Test func eachDropIsToldOnceByLegAndReason() throws {
        let bench = try self.call()
        #expect(self.look(bench).isEmpty)
        let (replay, tag) = (try self.reason("srtp_replay"), try self.reason("srtp_authentication"))
        bench.fake.drop(3, reason: replay.index, of: 0)
        bench.fake.drop(5, reason: tag.index, of: 0, place: 1)
        bench.fake.drop(1, reason: tag.index, of: 1)
        #expect(
            self.look(bench) == [
                "1 a srtp_authentication 5, srtp_replay 3", "1 b srtp_authentication 1",
            ])
        #expect(self.look(bench).isEmpty)
        bench.fake.drop(2, reason: replay.index, of: 0)
        #expect(self.look(bench) == ["1 a srtp_replay 2"])
        // A look takes nothing away from who asks for the call.
        let drops = bench.programmer.drops(self.session)
        #expect(drops.a?[replay] == 5 && drops.a?[tag] == 5 && drops.b?.total == 1)
    }

    @Test func partsAreAllOfIt() throws {
        let bench = try self.call()
        bench.fake.drop(1, reason: 9, of: 0)
        bench.fake.drop(1, reason: 9, of: 1)
        let found = (0..<3).map { bench.programmer.takeDrops(part: $0, of: 3).count }
        #expect(found.reduce(0, +) == 2)
    }

    /// Counts are of 32 bits, and a reason may be of a newer fast path.
    @Test func countsWrapAndReasonsMayBeNew() throws {
        let bench = try self.call()
        bench.fake.drop(.max - 1, reason: 250, of: 1)
        #expect(self.look(bench) == ["1 b unknown \(UInt32.max - 1)"])
        bench.fake.drop(10, reason: 250, of: 1)
        #expect(self.look(bench) == ["1 b unknown 10"])
    }

    @Test func aLegThatIsGoneTellsItsLast() throws {
        let bench = try self.call()
        bench.fake.drop(3, reason: 9, of: 1)
        _ = self.look(bench)
        bench.fake.drop(4, reason: 9, of: 1)
        bench.programmer.end(self.session)
        _ = bench.run()
        #expect(bench.fake.live.isEmpty)
        #expect(self.look(bench) == ["1 b stun 4"])
        #expect(self.look(bench).isEmpty)
    }

    /// What was counted before a restart was told of, or nobody knows; it is not told again.
    @Test func restartsTellNothingTwice() throws {
        let bench = try self.call()
        bench.fake.drop(3, reason: 9, of: 1)
        bench.fake.drop(3, reason: 4, of: nil)
        bench.fake.restart()
        try bench.match()
        _ = bench.run()
        #expect(self.look(bench).isEmpty && bench.programmer.takeDropsOfNoFlow().isEmpty)
        bench.fake.drop(2, reason: 9, of: 1)
        #expect(self.look(bench) == ["1 b stun 2"])
        bench.fake.restart()
        bench.fake.loseRecords()
        try bench.match()
        _ = bench.run()
        bench.fake.drop(1, reason: 9, of: 1)
        #expect(self.look(bench) == ["1 b stun 1"])
    }

    @Test func dropsOfNoFlow() throws {
        let bench = try self.call()
        #expect(bench.programmer.takeDropsOfNoFlow().isEmpty)
        bench.fake.drop(7, reason: 4, of: nil)
        #expect(bench.programmer.takeDropsOfNoFlow()[try self.reason("no_flow")] == 7)
        #expect(bench.programmer.takeDropsOfNoFlow().isEmpty)
        #expect(self.look(bench).isEmpty)
    }

    @Test func withoutAFastPathThereIsNothing() throws {
        let bench = try Bench(matched: false)
        #expect(self.look(bench).isEmpty && bench.programmer.takeDropsOfNoFlow().isEmpty)
        #expect(bench.programmer.drops(self.session).a == nil)
    }
}
