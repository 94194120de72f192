// SPDX-License-Identifier: Apache-2.0

import CFlowABI
import Testing

@testable import FlowABI

/// The control plane's half of waking a worker that sleeps (CFlowABI.h, WAKING).
@Suite struct WakeTests {
    private let flow = FlowID(index: FlowIndex(9), generation: Generation(3))

    private func fallAsleep(_ pair: RingTests.Pair, _ number: UInt32) {
        let page = tl_section_at(&pair.map, &pair.layout.workers, 1)?
            .assumingMemoryBound(to: tl_worker_page.self)
        page?.pointee.sleep = number
    }

    private func doorbell(_ pair: RingTests.Pair, worker: Int) -> UInt32 {
        pair.control.element(pair.control.layout.channels, worker)
            .load(as: tl_channel_control.self).command_producer.doorbell
    }

    private func publish(_ channel: Channel) throws {
        _ = try #require(try channel.commands.write(FlowCommand(.ping, flow: self.flow)))
        channel.commands.publish()
    }

    @Test func rungOnceForEachSleep() throws {
        let pair = try RingTests.Pair(start: 0)
        try self.publish(pair.channel)
        #expect(self.doorbell(pair, worker: 1) == 0)
        self.fallAsleep(pair, 3)
        pair.channel.commands.publish()
        #expect(self.doorbell(pair, worker: 1) == 0, "nothing was written")
        try self.publish(pair.channel)
        #expect(self.doorbell(pair, worker: 1) == 1)
        try self.publish(pair.channel)
        #expect(self.doorbell(pair, worker: 1) == 1, "it wakes up from this sleep already")
        self.fallAsleep(pair, 5)
        try self.publish(pair.channel)
        #expect(self.doorbell(pair, worker: 1) == 2)
        #expect(self.doorbell(pair, worker: 0) == 0)
    }

    @Test func allShardsRingTheSameBell() throws {
        let pair = try RingTests.Pair(start: 0, shards: 2)
        let other = try #require(
            Channel(
                Channel.Place(shard: ShardIndex(1), worker: WorkerIndex(1)), control: pair.control,
                fastPath: pair.fastPath, incarnation: pair.fastPath.incarnation))
        self.fallAsleep(pair, 7)
        try self.publish(other)
        try self.publish(pair.channel)
        #expect(self.doorbell(pair, worker: 1) == 2)
        let second = Int(pair.fastPath.geometry.workers) + 1
        #expect(self.doorbell(pair, worker: second) == 0)
    }
}
