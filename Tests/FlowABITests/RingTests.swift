// SPDX-License-Identifier: Apache-2.0

import CFlowABI
import Foundation
import NetworkAddress
import Testing

@testable import FlowABI

/// The Swift ring ends against a fast path's file whose memory the test writes itself.
@Suite struct RingTests {
    /// Both files in one process, matched.
    final class Pair {
        let scratch: Scratch
        var map = tl_map()
        var layout = tl_layout()
        let fastPath: FastPathFile
        let control: ControlFile
        let channel: Channel

        init(start: UInt32, shards: UInt32 = 1) throws {
            self.scratch = try Scratch()
            var geometry = smallGeometry()
            geometry.cursor_start = start
            geometry.shard_count = shards
            var kept: Int32 = 0
            try #require(
                tl_file_own(
                    self.scratch.fastPath, UInt64(TL_MAGIC_FASTPATH), &geometry, 0o600, &self.map,
                    &self.layout, &kept) == TL_FILE_OK)
            self.fastPath = try FastPathFile(attaching: self.scratch.fastPath)
            self.control = try ControlFile(
                owning: self.scratch.control, geometry: self.fastPath.geometry, mode: 0o600)
            self.control.reset(for: self.fastPath.incarnation)
            let header = self.map.base.assumingMemoryBound(to: tl_file_header.self)
            tl_header_set_peer(header, self.control.incarnation)
            try #require(self.control.isMatched(with: self.fastPath))
            let place = Channel.Place(shard: ShardIndex(0), worker: WorkerIndex(1))
            self.channel = try #require(
                Channel(
                    place, control: self.control, fastPath: self.fastPath,
                    incarnation: self.fastPath.incarnation))
        }

        deinit { tl_file_unmap(&self.map) }

        /// Sets a cursor of the fast path: 0 commands, 1 events, 2 packets, 3 inject.
        func setCursor(_ end: Int, _ value: UInt32) {
            let base = tl_section_at(&self.map, &self.layout.channels, 1)
            base?.storeBytes(of: value, toByteOffset: 64 * end, as: UInt32.self)
        }

        func putEvent(_ position: UInt32, _ event: tl_event) {
            tl_section_at(&self.map, &self.layout.events, UInt64(4 + position % 4))?
                .storeBytes(of: event, as: tl_event.self)
        }

        func command(_ position: UInt32) -> tl_command {
            self.control.element(self.control.layout.commands, Int(4 + position % 4))
                .load(as: tl_command.self)
        }
    }

    let flow = FlowID(index: FlowIndex(9), generation: Generation(3))

    @Test(arguments: [0, 0xffff_fffe] as [UInt32]) func commandsFillTheRing(start: UInt32) throws {
        let pair = try Pair(start: start)
        for number in 0..<4 as Range<UInt32> {
            let sequence = try pair.channel.commands.write(FlowCommand(.remove, flow: self.flow))
            #expect(sequence == start &+ number)
        }
        #expect(try pair.channel.commands.write(FlowCommand(.remove, flow: self.flow)) == nil)
        pair.channel.commands.publish()
        #expect(pair.channel.commands.inFlight == 4)
        #expect(pair.command(start).operation == TL_OP_REMOVE)

        // Answered, but not yet given back by the worker's cursor: wiped, and still no room.
        try pair.channel.commands.answered(start)
        #expect(pair.command(start).operation == 0)
        #expect(try pair.channel.commands.write(FlowCommand(.ping, flow: self.flow)) == nil)
        pair.setCursor(0, start &+ 1)
        #expect(try pair.channel.commands.write(FlowCommand(.ping, flow: self.flow)) == start &+ 4)

        // Out of turn, or never asked for.
        #expect(throws: RingFault.answer(sequence: start &+ 3)) {
            try pair.channel.commands.answered(start &+ 3)
        }
        pair.channel.commands.wipe()
        #expect(pair.channel.commands.inFlight == 0)
        for slot in 0..<4 { #expect(pair.command(UInt32(slot)).size_bytes == 0) }
    }

    @Test func answerBeforeItsCommandWasPublishedIsALie() throws {
        let pair = try Pair(start: 0)
        _ = try pair.channel.commands.write(FlowCommand(.ping, flow: self.flow))
        #expect(throws: RingFault.answer(sequence: 0)) {
            try pair.channel.commands.answered(0)
        }
    }

    @Test func cursorsThatCannotBeTrue() throws {
        let pair = try Pair(start: 0)
        pair.setCursor(0, 1)
        #expect(throws: RingFault.cursor(.commands, producer: 0, consumer: 1)) {
            _ = try pair.channel.commands.write(FlowCommand(.ping, flow: self.flow))
        }
        pair.setCursor(1, 5)
        #expect(throws: RingFault.cursor(.events, producer: 5, consumer: 0)) {
            _ = try pair.channel.events.next()
        }
        pair.setCursor(2, 3)
        #expect(throws: RingFault.cursor(.packets, producer: 3, consumer: 0)) {
            _ = try pair.channel.packets.next()
        }
        pair.setCursor(3, 0xffff_fff0)
        #expect(throws: RingFault.cursor(.inject, producer: 0, consumer: 0xffff_fff0)) {
            _ = try pair.channel.inject.send([1], flow: self.flow)
        }
    }

    /// A cursor of the next incarnation is not believed, also where it looks possible.
    @Test func restartedPeerIsNoFault() throws {
        let pair = try Pair(start: 0)
        let header = pair.map.base.assumingMemoryBound(to: tl_file_header.self)
        header.pointee.incarnation &+= 1
        pair.setCursor(1, 2)
        #expect(throws: RingFault.peerRestarted) { _ = try pair.channel.events.next() }
        #expect(!pair.control.isMatched(with: pair.fastPath))
    }

    @Test(arguments: [0, 0xffff_fffd] as [UInt32]) func eventsOfEveryKind(start: UInt32) throws {
        let pair = try Pair(start: start)
        var event = tl_event()
        event.flow_index = 9
        event.generation = 3
        event.time_ns = 77
        event.sequence = 5
        event.status = TL_STATUS_STALE
        event.value = 1500
        event.port = 4000
        withUnsafeMutableBytes(of: &event.address) {
            $0.copyBytes(from: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 192, 0, 2, 7])
        }
        let address = SocketAddress(address: IPAddress(ipv4: 0xc000_0207), port: 4000)
        let kinds: [FlowEvent.Kind] = [
            .unknown(0), .answer(.stale, value: 1500), .listed, .mediaTimeout(silentMs: 1500),
            .sourceLearned(address), .pathSelected(address, isNominated: false), .unknown(6),
            .unknown(7),
        ]
        for (number, kind) in kinds.enumerated() {
            event.kind = UInt32(number)
            pair.putEvent(start &+ UInt32(number), event)
            pair.setCursor(1, start &+ UInt32(number) &+ 1)
            let read = try #require(try pair.channel.events.next())
            #expect(read.kind == kind)
            #expect(read.flow == self.flow && read.sequence == 5 && read.timeNs == 77)
            #expect(try pair.channel.events.next() == nil)
            pair.channel.events.release()
            let cursor = pair.control.element(pair.control.layout.channels, 1) + 64
            #expect(cursor.load(as: UInt32.self) == start &+ UInt32(number) &+ 1)
        }
    }

    @Test func packetsWithImpossibleLengthsAreLeftOut() throws {
        let pair = try Pair(start: 0xffff_ffff)
        func put(_ position: UInt32, _ length: UInt32) {
            var slot = tl_packet_slot()
            slot.flow_index = 9
            slot.generation = 3
            slot.payload_bytes = length
            slot.port = 5
            withUnsafeMutableBytes(of: &slot.payload) { $0[0] = 22 }
            tl_section_at(&pair.map, &pair.layout.packets, UInt64(2 + position % 2))?
                .storeBytes(of: slot, as: tl_packet_slot.self)
        }
        put(0xffff_ffff, 2049)
        put(0, 3)
        pair.setCursor(2, 1)
        let packet = try #require(try pair.channel.packets.next())
        #expect(packet.payload == [22, 0, 0] && packet.flow == self.flow)
        #expect(pair.channel.packets.malformed == 1)
        put(1, 0)
        put(2, 2048)
        pair.channel.packets.release()
        pair.setCursor(2, 3)
        #expect(try pair.channel.packets.next()?.payload.count == 2048)
        #expect(try pair.channel.packets.next() == nil)
        #expect(pair.channel.packets.malformed == 2)
    }

    @Test func injectedPackets() throws {
        let pair = try Pair(start: 0xffff_ffff)
        #expect(try pair.channel.inject.send([], flow: self.flow) == false)
        let long = [UInt8](repeating: 7, count: 2049)
        #expect(try pair.channel.inject.send(long, flow: self.flow) == false)
        #expect(try pair.channel.inject.send(Array(long.dropLast()), flow: self.flow) == true)
        #expect(try pair.channel.inject.send([1, 2], flow: self.flow) == true)
        #expect(try pair.channel.inject.send([1, 2], flow: self.flow) == false)
        let slot = pair.control.element(pair.control.layout.packets, 2)
            .load(as: tl_packet_slot.self)
        #expect(slot.payload_bytes == 2 && slot.flow_index == 9 && slot.size_bytes == 64)
    }

    @Test func specificationsAsTheContractWritesThem() throws {
        let remote = SocketAddress(address: IPAddress(ipv4: 0x0102_0304), port: 30_000)
        var spec = FlowSpecification(address: AddressIndex(2), localPort: 20_000, ssrc: 0xdead_beef)
        spec.peer = FlowID(index: FlowIndex(7), generation: Generation(8))
        spec.remote = remote
        spec.remoteRTCPPort = 30_003
        spec.flags = [.receive, .learn]
        spec.payloadTypes = (0..<20).map { .init(ingress: $0, egress: 100 + $0) }
        let shared = spec.shared
        #expect(shared.peer_index == 7 && shared.peer_generation == 8)
        #expect(loadAddress(shared.remote_address) == remote.address)
        #expect(shared.remote_port == 30_000 && shared.remote_rtcp_port == 30_003)
        #expect(shared.flags == TL_FLOW_RECEIVE | TL_FLOW_LEARN)
        #expect(shared.payload_types.15.ingress == 15 && shared.payload_types.15.egress == 115)
        spec.payloadTypes = []
        spec.peer = nil
        spec.remote = nil
        #expect(spec.shared.payload_types.0.ingress == 0xff)
        #expect(spec.shared.peer_index == TL_NO_FLOW)
        #expect(loadAddress(spec.shared.remote_address) == .unspecified)
    }

    @Test func countersAreReadInOnePieceOrNotAtAll() throws {
        let pair = try Pair(start: 0)
        let page = tl_section_at(&pair.map, &pair.layout.workers, 1)
            .assumingMemoryBound(to: tl_worker_page.self)
        page.pointee.received = 5
        page.pointee.media_timeouts = 6
        page.pointee.drops.4 = 9
        page.pointee.drops.63 = 2
        let counters = try #require(pair.fastPath.counters(WorkerIndex(1)))
        #expect(counters.value("received") == 5 && counters.value("media_timeouts") == 6)
        #expect(counters.value("nonsense") == nil)
        let reason = try #require(DropReason.all.first { $0.name == "no_flow" })
        #expect(counters.drops[reason.index] == 9)
        #expect(counters.unknownDrops == 2)
        page.pointee.version = 1
        #expect(pair.fastPath.counters(WorkerIndex(1)) == nil)
        #expect(pair.fastPath.counters(WorkerIndex(2)) == nil)
    }

    @Test func recordsByGeneration() throws {
        let pair = try Pair(start: 0)
        let record = tl_section_at(&pair.map, &pair.layout.records, 9)
            .assumingMemoryBound(to: tl_flow_record.self)
        record.pointee.generation = 3
        record.pointee.state = TL_RECORD_LIVE
        record.pointee.rx_packets = 12
        record.pointee.rx_lost = -2
        #expect(pair.fastPath.statistics(self.flow)?.receivedPackets == 12)
        #expect(pair.fastPath.statistics(self.flow)?.lost == -2)
        #expect(pair.fastPath.record(FlowIndex(9))?.state == .live)
        record.pointee.generation = 4
        #expect(pair.fastPath.statistics(self.flow) == nil)
        #expect(pair.fastPath.record(FlowIndex(16)) == nil)
    }

    @Test func generationsLeaveZeroOut() {
        #expect(Generation(.max).next == Generation(1))
        #expect(Generation(1).isAfter(Generation(.max)))
        #expect(!Generation(.max).isAfter(Generation(1)))
        #expect(!Generation(5).isAfter(Generation(5)))
    }
}
