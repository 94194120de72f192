// SPDX-License-Identifier: Apache-2.0

import CallControl
import FlowABI
import MediaPlanning
import NetworkAddress

/// After a restart of either process: what the fast path has against what the calls want.
extension FlowProgrammer {
    /// Another file is mapped, with another geometry new flows. Its process may still be starting:
    /// its pages are read for good when it has answered the handshake.
    func attached() {
        guard let file = self.link.fastPath else { return }
        let isFirst = self.table == nil
        self.readPages(file)
        if isFirst { self.restRecentPorts(file) }
        if self.table?.geometry != file.geometry {
            for session in self.sessions.keys {
                self.sessions[session]?.a = nil
                self.sessions[session]?.b = nil
            }
            self.table = FlowTable(file.geometry)
        }
        self.clearQueues(file.geometry)
    }

    /// Realms and addresses. The same ones again change nothing.
    private func readPages(_ file: FastPathFile) {
        let realms = file.realms
        let addresses = file.addresses
        self.dscpOf = [:]
        for address in addresses where Int(address.realm) < realms.count {
            self.dscpOf[address.index] = realms[Int(address.realm)].dscp
        }
        self.ports.configure(geometry: file.geometry, realms: realms, addresses: addresses)
        for session in self.sessions.values { self.reservePorts(session.intent) }
    }

    /// Calls that lived through our restart have their ports still.
    func reservePorts(_ intent: MediaIntent) {
        for leg in [intent.a, intent.b] where !self.ports.isReserved(leg.local) {
            // False for a port that its realm has lost; planning the session says so.
            _ = self.ports.reserve(again: leg.local, mark: leg.mark)
        }
    }

    /// Ports of calls that ended shortly before our restart rest as those of any other call.
    private func restRecentPorts(_ file: FastPathFile) {
        for index in 0..<file.geometry.flows {
            guard let occupant = file.occupant(FlowIndex(index)), occupant.generation.value != 0,
                let record = file.record(FlowIndex(index)), record.localPort != 0
            else { continue }
            self.ports.rest(
                record.address, port: record.localPort, source: record.source,
                sinceNs: record.lastUsedNs)
        }
    }

    private func clearQueues(_ geometry: Geometry) {
        let workers = Int(geometry.workers)
        self.queues = Array(repeating: Queue(), count: workers)
        self.sent = Array(repeating: Queue(), count: workers)
        self.heldDigits = []
    }

    /// The rings are gone with what was in them. Wishes stay; what they have led to is found out
    /// at the next match.
    func lost() {
        guard let geometry = self.table?.geometry else { return }
        self.clearQueues(geometry)
        for entry in self.table?.entries.all ?? [] {
            entry.isQueued = false
            entry.isInFlight = false
            // A flow without an owner has nobody who asks for it after this.
            if entry.owner == nil { self.table?.free(entry.flow.index) }
        }
        for (session, current) in self.sessions where current.isEnding {
            let figures = self.statistics(session)
            self.sessions[session] = nil
            for flow in [current.a?.flow, current.b?.flow].compactMap(\.self) {
                self.table?.free(flow.index)
            }
            self.outcomes.append(.ended(session, a: figures.a, b: figures.b))
        }
    }

    /// The rings are empty and ours: compares every index with what is wanted.
    func matched() {
        guard let file = self.link.fastPath else { return }
        self.counters.matches &+= 1
        self.link.control?.setState(.running)
        self.readPages(file)
        self.clearQueues(file.geometry)
        self.table = FlowTable(file.geometry)
        self.dropsOfNoFlowTold = self.dropsOfNoFlow(file)
        self.adopt(file)
        for session in self.sessions.keys { self.claimAgain(session, file) }
        self.removeOrphans(file)
        for session in Array(self.sessions.keys) {
            do {
                try self.plan(session)
            } catch {
                self.forget(session)
                self.outcomes.append(.lost(session, error))
            }
        }
    }

    /// What a leg's flow is found by: its port, and on a shared one the stream that it sends.
    private struct FlowPlace: Hashable {
        let port: PortKey
        let share: UInt32

        init(_ port: MediaPort) {
            self.port = PortKey(port)
            self.share = port.share
        }

        init(_ record: FlowRecord, share: UInt32) {
            self.port = PortKey(address: record.address, port: record.localPort)
            self.share = share
        }
    }

    /// Finds the flows of restored sessions by their places: live ones, or the last that had them.
    private func adopt(_ file: FastPathFile) {
        var wanted: [FlowPlace: (session: MediaSession, leg: MediaLeg, port: MediaPort)] = [:]
        for (session, current) in self.sessions {
            let (a, b) = (current.intent.a.local, current.intent.b.local)
            if current.a == nil { wanted[FlowPlace(a)] = (session, .a, a) }
            if current.b == nil { wanted[FlowPlace(b)] = (session, .b, b) }
        }
        guard !wanted.isEmpty else { return }
        var found: [FlowPlace: FlowRecord] = [:]
        for index in 0..<file.geometry.flows {
            guard let occupant = file.occupant(FlowIndex(index)), occupant.state != .free,
                let record = file.record(FlowIndex(index))
            else { continue }
            // A record does not say whether its port was shared: who wants it does.
            let places = [
                FlowPlace(record, share: record.egressSSRC), FlowPlace(record, share: 0),
            ]
            guard let place = places.first(where: { wanted[$0] != nil }) else { continue }
            if let other = found[place], !Self.isBetter(record, than: other) { continue }
            found[place] = record
        }
        for (place, record) in found {
            guard let (session, leg, port) = wanted[place] else { continue }
            // A port names its worker, and so does the index; a record that disagrees is a lie.
            guard
                file.geometry.worker(of: record.flow.index)
                    == file.geometry.worker(ofPort: place.port.port)
            else { continue }
            var identity = self.randomIdentity(record.flow, port)
            identity.ssrc = record.egressSSRC
            if leg == .a { self.sessions[session]?.a = identity }
            if leg == .b { self.sessions[session]?.b = identity }
        }
    }

    private static func isBetter(_ record: FlowRecord, than other: FlowRecord) -> Bool {
        record.state == other.state
            ? record.lastUsedNs > other.lastUsedNs : record.state == .live
    }

    /// Makes the entries of a session's flows again, as the records say they are.
    private func claimAgain(_ session: MediaSession, _ file: FastPathFile) {
        guard let current = self.sessions[session] else { return }
        for (leg, identity) in [(MediaLeg.a, current.a), (.b, current.b)] {
            guard var identity, let occupant = file.occupant(identity.flow.index),
                self.table?.entries[identity.flow.index] == nil
            else {
                // No such index, or two sessions claim it: this one gets another.
                self.set(nil, session, leg)
                continue
            }
            let isSame = occupant.generation == identity.flow.generation
            var installed = Installed.none
            if occupant.state == .live {
                installed = isSame ? .unknown : .other(occupant.generation)
            }
            // The generation of a flow that was removed is never used again.
            let isFit =
                isSame
                ? occupant.state != .free
                : occupant.generation.value == 0
                    || identity.flow.generation.isAfter(occupant.generation)
            if !isFit {
                identity.flow = FlowID(
                    index: identity.flow.index, generation: occupant.generation.next)
            }
            if installed == .none, isSame { self.counters.reinstalled &+= 1 }
            self.set(identity, session, leg)
            let entry = FlowEntry(
                flow: identity.flow, owner: (session, leg), desired: nil, installed: installed)
            if isSame, isFit {
                entry.recordKeyID = file.record(identity.flow.index)?.keyID
                self.compareRestored(session, leg, recordKeyID: entry.recordKeyID)
            }
            // What was dropped until now was told of, or nobody knows.
            entry.dropsTold = file.drops(identity.flow) ?? DropCounts()
            self.table?.entries[identity.flow.index] = entry
        }
    }

    /// A saved key set that is not the record's may be one that the worker had before.
    private func compareRestored(_ session: MediaSession, _ leg: MediaLeg, recordKeyID: UInt64?) {
        guard let current = self.sessions[session] else { return }
        let keys = leg == .a ? current.keys.a : current.keys.b
        let wanted = leg == .a ? current.intent.a.security : current.intent.b.security
        guard let keyID = wanted?.keyID, keyID == keys.restored, keyID != recordKeyID
        else { return }
        self.spent(keyID, session, leg)
    }

    private func set(_ identity: LegIdentity?, _ session: MediaSession, _ leg: MediaLeg) {
        if leg == .a { self.sessions[session]?.a = identity }
        if leg == .b { self.sessions[session]?.b = identity }
    }

    /// Live flows that belong to no call.
    private func removeOrphans(_ file: FastPathFile) {
        for number in 0..<file.geometry.flows {
            let index = FlowIndex(number)
            guard let occupant = file.occupant(index), occupant.isLive,
                self.table?.entries[index] == nil
            else { continue }
            let entry = FlowEntry(
                flow: FlowID(index: index, generation: occupant.generation), owner: nil,
                desired: nil, installed: .unknown)
            self.table?.entries[index] = entry
            self.counters.orphansRemoved &+= 1
            self.enqueue(entry)
        }
    }
}

extension PortKey {
    init(_ port: MediaPort) {
        self.init(address: AddressIndex(port.addressIndex), port: port.rtp.port)
    }
}
