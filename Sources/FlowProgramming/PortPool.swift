// SPDX-License-Identifier: Apache-2.0

public import CallControl
public import FlowABI
import NetworkAddress

/// The media ports of all realms, two for each leg (RTP even, RTCP above). Aligned blocks of 512
/// ports belong to workers, and both legs of a call get ports of one worker. A port that was given
/// back rests; then the least recently used one comes first. Owned by one shard; no clock.
public final class PortPool: MediaPorts {
    /// How long a port rests: late packets of an old call must not enter a new one.
    public static let restNs: UInt64 = 10_000_000_000

    /// Figures for status and metrics.
    public struct Counters: Sendable, Hashable {
        /// Ports in use.
        public var reserved: UInt64 = 0
        /// Requests that found no port.
        public var exhausted: UInt64 = 0
        /// Requests while nobody served the ports.
        public var closed: UInt64 = 0
        /// Ports given back that were not in use, or taken up again that were.
        public var misuse: UInt64 = 0
    }

    /// Figures.
    public private(set) var counters = Counters()
    /// Requests that found no port, by realm.
    public private(set) var exhaustedByRealm: [RealmIndex: UInt64] = [:]

    private var setup: Setup?
    /// By realm, worker and family.
    private var shelves: [PortShelf] = []
    private var placeOf: [AddressIndex: (realm: RealmIndex, address: IPAddress)] = [:]
    private var states = PortStates()
    private var nowNs: UInt64 = 0
    private var nextWorker: UInt32 = 0

    private struct Setup: Equatable {
        let workers: UInt32
        let ranges: [ClosedPorts]
        let addresses: [AddressPage]
    }

    private struct ClosedPorts: Equatable {
        let first: UInt16
        let last: UInt16
    }

    /// A pool without ports; `configure` gives it some.
    public init() {}

    /// Takes over the realms and addresses that the fast path's file names. Ports in use stay so;
    /// with the same realms and addresses as before nothing changes.
    public func configure(geometry: Geometry, realms: [RealmPage], addresses: [AddressPage]) {
        let setup = Setup(
            workers: geometry.workers,
            ranges: realms.map { ClosedPorts(first: $0.portFirst, last: $0.portLast) },
            addresses: addresses.filter { Int($0.realm) < realms.count })
        guard setup != self.setup else { return }
        self.setup = setup
        self.shelves = Array(
            repeating: PortShelf(), count: realms.count * Int(setup.workers) * 2)
        self.states.keepUsed()
        self.placeOf = [:]
        for page in setup.addresses {
            let realm = RealmIndex(page.realm)
            let range = setup.ranges[Int(page.realm)]
            self.placeOf[page.index] = (realm, page.address)
            for port in Self.evenPorts(range.first, range.last) {
                let key = PortKey(address: page.index, port: port)
                guard self.states[key] != .used else { continue }
                self.shelves[self.shelf(key, (realm, page.address))].append(key, &self.states)
            }
        }
    }

    /// Even ports whose odd neighbour is in the range too; a range that makes no sense is empty.
    private static func evenPorts(_ first: UInt16, _ last: UInt16) -> [UInt16] {
        let start = Int(first) + Int(first % 2)
        return stride(from: start, to: Int(last), by: 2).map { UInt16(clamping: $0) }
    }

    /// Sets the time that rests are counted by, CLOCK_MONOTONIC; never goes back.
    public func advance(toNs nowNs: UInt64) { self.nowNs = max(self.nowNs, nowNs) }

    /// False while nobody serves the ports: no port is to be had then.
    public var isOpen = true

    /// Reserves a port in each realm, of the given families, both of one worker; nil when no worker
    /// has both.
    public func reserve(
        _ a: RealmIndex, isIPv4 aIsIPv4: Bool, _ b: RealmIndex, isIPv4 bIsIPv4: Bool
    ) -> (a: MediaPort, b: MediaPort)? {
        guard self.isOpen else {
            self.counters.closed &+= 1
            return nil
        }
        // Workers take turns, so that calls spread evenly.
        let workers = self.setup?.workers ?? 0
        for turn in 0..<workers {
            let worker = WorkerIndex((self.nextWorker &+ turn) % workers)
            let aShelf = self.shelf(a, worker, isIPv4: aIsIPv4)
            guard let first = self.take(aShelf) else { continue }
            guard let second = self.take(self.shelf(b, worker, isIPv4: bIsIPv4)) else {
                self.shelves[aShelf].putBack(first, &self.states)
                continue
            }
            guard let aPort = self.mediaPort(first), let bPort = self.mediaPort(second) else {
                continue
            }
            self.nextWorker = (worker.value &+ 1) % workers
            self.counters.reserved = UInt64(self.states.usedCount)
            return (aPort, bPort)
        }
        self.counters.exhausted &+= 1
        for realm in Set([a, b]) where self.isEmpty(realm) {
            self.exhaustedByRealm[realm, default: 0] &+= 1
        }
        return nil
    }

    /// Gives a port back; it rests from now on.
    public func release(_ port: MediaPort) {
        let key = PortKey(port)
        guard self.states[key] == .used else {
            self.counters.misuse &+= 1
            return
        }
        self.states[key] = .absent
        self.counters.reserved = UInt64(self.states.usedCount)
        // The realm may have lost the address, or the port, while it was in use.
        guard let place = self.placeOf[key.address], self.contains(key, place) else { return }
        self.shelves[self.shelf(key, place)].rest(key, sinceNs: self.nowNs, &self.states)
    }

    /// Takes a given port up again, for a call that lived through a restart; false when the realm
    /// has no such port (any more), or when it is in use.
    public func reserve(again port: MediaPort) -> Bool {
        let key = PortKey(port)
        guard let place = self.placeOf[key.address], place.address == port.rtp.address,
            self.shelves[self.shelf(key, place)].remove(key, &self.states)
        else {
            self.counters.misuse &+= 1
            return false
        }
        self.counters.reserved = UInt64(self.states.usedCount)
        return true
    }

    /// True for a port that is in use.
    public func isReserved(_ port: MediaPort) -> Bool { self.states[PortKey(port)] == .used }

    /// Lets a port that is not in use rest since a time in the past: somebody used it before us.
    public func rest(_ address: AddressIndex, port: UInt16, sinceNs: UInt64) {
        let key = PortKey(address: address, port: port)
        guard let place = self.placeOf[address] else { return }
        let shelf = self.shelf(key, place)
        if self.shelves[shelf].remove(key, &self.states) {
            // The time comes out of a file: one in the future must not block the port for ever.
            self.shelves[shelf].rest(key, sinceNs: min(sinceNs, self.nowNs), &self.states)
        }
    }

    private func contains(
        _ key: PortKey, _ place: (realm: RealmIndex, address: IPAddress)
    ) -> Bool {
        guard let range = self.setup?.ranges[Int(place.realm.value)] else { return false }
        return key.port % 2 == 0 && key.port >= range.first && key.port < range.last
    }

    /// Position of the shelf of a port whose place is known.
    private func shelf(
        _ key: PortKey, _ place: (realm: RealmIndex, address: IPAddress)
    ) -> Int {
        self.shelf(
            place.realm, Geometry.worker(ofPort: key.port, of: self.setup?.workers ?? 1),
            isIPv4: place.address.isIPv4)
    }

    private func shelf(_ realm: RealmIndex, _ worker: WorkerIndex, isIPv4: Bool) -> Int {
        let workers = Int(self.setup?.workers ?? 1)
        return (Int(realm.value) * workers + Int(worker.value)) * 2 + (isIPv4 ? 0 : 1)
    }

    private func take(_ shelf: Int) -> PortKey? {
        guard self.shelves.indices.contains(shelf) else { return nil } // no such realm (any more)
        return self.shelves[shelf].take(
            nowNs: self.nowNs, restNs: Self.restNs, &self.states)
    }

    private func isEmpty(_ realm: RealmIndex) -> Bool {
        let width = Int(self.setup?.workers ?? 1) * 2
        let first = Int(realm.value) * width
        return self.shelves.indices.clamped(to: first..<first + width)
            .allSatisfy { self.shelves[$0].isEmpty }
    }

    private func mediaPort(_ key: PortKey) -> MediaPort? {
        guard let place = self.placeOf[key.address] else { return nil }
        return MediaPort(
            addressIndex: key.address.value,
            rtp: SocketAddress(address: place.address, port: key.port))
    }
}
