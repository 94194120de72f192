// SPDX-License-Identifier: Apache-2.0

public import FlowABI
import MediaPlanning
public import NetworkAddress

/// A DTLS record that arrived at a leg.
public struct MediaRecord: Sendable, Hashable {
    /// Whose leg.
    public let session: MediaSession
    /// Which leg.
    public let leg: MediaLeg
    /// Its flow, for the answer.
    public let flow: FlowID
    /// Where it came from.
    public let source: SocketAddress
    /// The source is not known to be the party's: nobody had named the party yet.
    public let isEarly: Bool
    /// Its UDP payload, 1 to 2,048 bytes.
    public let bytes: [UInt8]
}

/// DTLS records up and down: each worker's packet rings with this shard.
extension FlowProgrammer {
    /// Most packets that one poll takes from one worker; the rest waits in the ring.
    public static let recordsPerPoll = 64
    /// Most records that wait here; what comes above is dropped, as DTLS may lose any.
    public static let recordsMax = 1024

    /// The records of the polls since the last time, oldest first of each worker.
    public func takeRecords() -> [MediaRecord] {
        defer { self.records = [] }
        return self.records
    }

    /// Sends a record to the party of a flow. False when it is lost: the flow is gone, the fast
    /// path away, its ring full, or the bytes none or too many (`InjectProducer.payloadMax`).
    @discardableResult
    public func inject(_ flow: FlowID, _ bytes: [UInt8]) -> Bool {
        guard let entry = self.table?.entries[flow.index], entry.flow == flow,
            entry.installed == .none, entry.desired != nil,
            entry.waiting.count < FlowEntry.waitingMax
        else { return self.send(flow, bytes) }
        entry.waiting.append(bytes) // the first hello must not overtake the flow
        return true
    }

    /// Sends what waited for a flow that the worker has now.
    func sendWaiting(_ entry: FlowEntry) {
        guard !entry.waiting.isEmpty else { return }
        for bytes in entry.waiting { _ = self.send(entry.flow, bytes) }
        entry.waiting = []
    }

    private func send(_ flow: FlowID, _ bytes: [UInt8]) -> Bool {
        var isSent = false
        if self.link.state == .matched, self.table?.entries[flow.index]?.flow == flow,
            let worker = self.table?.geometry.worker(of: flow.index).value,
            worker < self.link.channels.count
        {
            do throws(RingFault) {
                isSent = try self.link.channels[Int(worker)].inject.send(bytes, flow: flow)
            } catch {
                self.fault(error)
            }
        }
        if isSent {
            self.counters.packetsInjected &+= 1
        } else {
            self.counters.packetsRefused &+= 1
        }
        return isSent
    }

    func readRecords(_ channel: Channel) throws(RingFault) {
        let malformed = channel.packets.malformed
        defer {
            channel.packets.release()
            self.counters.packetsMalformed &+= channel.packets.malformed &- malformed
        }
        var left = Self.recordsPerPoll
        while left > 0, let packet = try channel.packets.next() {
            left -= 1
            guard let entry = self.table?.entries[packet.flow.index], entry.flow == packet.flow,
                let owner = entry.owner
            else {
                self.counters.packetsStale &+= 1
                continue
            }
            guard let wish = entry.desired?.specification, wish.flags.contains(.deliver),
                self.mayBeParty(packet.source, of: packet.flow, wish),
                self.records.count < Self.recordsMax
            else {
                self.counters.packetsUnwanted &+= 1
                continue
            }
            self.records.append(
                MediaRecord(
                    session: owner.session, leg: owner.leg, flow: packet.flow,
                    source: packet.source,
                    isEarly: wish.remote == nil && !wish.flags.contains(.ice),
                    bytes: packet.payload))
        }
    }

    /// The worker has checked the source against the flow that it had then: one without a party
    /// takes records from anybody, and the party may have been named since. Another source than the
    /// named one is the party's when the worker has learned it from what only the party can seal.
    private func mayBeParty(
        _ source: SocketAddress, of flow: FlowID, _ wish: FlowSpecification
    ) -> Bool {
        guard !wish.flags.contains(.ice), let remote = wish.remote else { return true }
        if source == remote { return true }
        guard wish.flags.contains(.learn),
            let record = self.link.fastPath?.record(flow.index), record.flow == flow
        else { return false }
        return record.sourceLearned && record.source == source
    }
}
