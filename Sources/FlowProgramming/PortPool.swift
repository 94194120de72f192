// SPDX-License-Identifier: Apache-2.0

public import CallControl
public import FlowABI
public import NetworkAddress

/// The media ports of all realms, two for each leg (RTP even, RTCP above). Aligned blocks of 512
/// ports belong to workers, and both legs of a call get ports of one worker. A port that was given
/// back rests; then the least recently used one comes first. In a realm that shares, the first port
/// of each address and worker is for all legs whose parties can be told apart there. Owned by one
/// shard; no clock.
public final class PortPool: MediaPorts {
    /// How long a port rests: late packets of an old call must not enter a new one.
    public static let restNs: UInt64 = 10_000_000_000

    /// Figures for status and metrics.
    public struct Counters: Sendable, Hashable {
        /// Ports in use; one that several legs have counts once.
        public var reserved: UInt64 = 0
        /// Legs on shared ports.
        public var shared: UInt64 = 0
        /// Legs that got a port of their own because their worker's table of shares was full.
        public var sharesExhausted: UInt64 = 0
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
    let sharing: PortSharing
    /// Ports that legs share, or may.
    private var sharedPorts: [PortKey: SharedPort] = [:]
    /// Those that are offered, by the position of their shelf.
    private var offered: [Int: [PortKey]] = [:]
    /// Legs on shared ports, by worker.
    private var sharesOf: [WorkerIndex: Int] = [:]
    private let random = RandomStore()

    /// What a leg was given.
    private struct Taken {
        let key: PortKey
        /// Zero: the port is the leg's alone.
        var share: UInt32 = 0
    }

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
    public init(sharing: PortSharing = .off) { self.sharing = sharing }

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
        self.offered = [:]
        for key in self.sharedPorts.keys { self.sharedPorts[key]?.isOffered = false }
        for page in setup.addresses {
            let realm = RealmIndex(page.realm)
            let range = setup.ranges[Int(page.realm)]
            self.placeOf[page.index] = (realm, page.address)
            var sharers: Set<WorkerIndex> = []
            for port in Self.evenPorts(range.first, range.last) {
                let key = PortKey(address: page.index, port: port)
                let shelf = self.shelf(key, (realm, page.address))
                let worker = Geometry.worker(ofPort: port, of: setup.workers)
                if self.sharing.realms.contains(realm), sharers.insert(worker).inserted {
                    self.sharedPorts[key, default: SharedPort()].isOffered = true
                    self.offered[shelf, default: []].append(key)
                    continue
                }
                guard self.states[key] != .used else { continue }
                self.shelves[shelf].append(key, &self.states)
            }
        }
        self.sharedPorts = self.sharedPorts.filter { $0.value.isOffered || !$0.value.isEmpty }
        self.countShares()
    }

    /// The worker of a port may be another one by now.
    private func countShares() {
        self.sharesOf = [:]
        for (key, port) in self.sharedPorts {
            self.sharesOf[self.worker(key), default: 0] += port.count
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

    /// Reserves a port for each leg, both of one worker; nil when no worker has both. `beside`: of
    /// the worker that has this port, where its flows have to be able to meet those.
    public func reserve(
        _ a: PortWish, _ b: PortWish, beside port: MediaPort?
    ) -> (a: MediaPort, b: MediaPort)? {
        guard self.isOpen else {
            self.counters.closed &+= 1
            return nil
        }
        // Workers take turns, so that calls spread evenly.
        let workers = self.setup?.workers ?? 0
        let only = port.map { self.worker(PortKey($0)).value }
        for turn in 0..<(only == nil ? workers : min(workers, 1)) {
            let worker = WorkerIndex(only ?? (self.nextWorker &+ turn) % workers)
            guard let first = self.take(a, worker) else { continue }
            guard let second = self.take(b, worker) else {
                self.putBack(first, a, worker)
                continue
            }
            guard let aPort = self.mediaPort(first), let bPort = self.mediaPort(second) else {
                continue
            }
            if only == nil { self.nextWorker = (worker.value &+ 1) % workers }
            self.count()
            return (aPort, bPort)
        }
        self.counters.exhausted &+= 1
        for realm in Set([a.realm, b.realm]) where self.isEmpty(realm) {
            self.exhaustedByRealm[realm, default: 0] &+= 1
        }
        return nil
    }

    /// Both are of one worker.
    public func areTogether(_ one: MediaPort, _ other: MediaPort) -> Bool {
        self.worker(PortKey(one)) == self.worker(PortKey(other))
    }

    /// Gives a port back; it rests from now on, a shared one's parties do.
    public func release(_ port: MediaPort) {
        let key = PortKey(port)
        guard self.isReserved(port) else {
            self.counters.misuse &+= 1
            return
        }
        if port.isShared { self.forget(port.share, key) }
        defer { self.count() }
        if self.sharedPorts[key]?.isEmpty == false { return }
        self.states[key] = .absent
        if self.sharedPorts[key]?.isOffered == true {
            if !port.isShared { self.sharedPorts[key]?.aloneUntilNs = self.nowNs }
            return
        }
        self.sharedPorts[key] = nil
        // The realm may have lost the address, or the port, while it was in use.
        guard let place = self.placeOf[key.address], self.contains(key, place) else { return }
        self.shelves[self.shelf(key, place)].rest(key, sinceNs: self.nowNs, &self.states)
    }

    private func forget(_ share: UInt32, _ key: PortKey) {
        let isGone =
            self.sharedPorts[key]?.remove(share, nowNs: self.nowNs, restNs: Self.restNs) ?? false
        if isGone { self.sharesOf[self.worker(key), default: 1] -= 1 }
    }

    /// Takes a given port up again, for a call that lived through a restart; false when the realm
    /// has no such port (any more), or when it is in use. `mark` is for a shared one.
    public func reserve(again port: MediaPort, mark: PartyMark = .nothing) -> Bool {
        let key = PortKey(port)
        guard let place = self.placeOf[key.address], place.address == port.rtp.address,
            self.takeAgain(port, key, place)
        else {
            self.counters.misuse &+= 1
            return false
        }
        if port.isShared {
            self.sharedPorts[key, default: SharedPort()].add(port.share, mark)
            self.sharesOf[self.worker(key), default: 0] += 1
        }
        self.count()
        return true
    }

    private func takeAgain(
        _ port: MediaPort, _ key: PortKey, _ place: (realm: RealmIndex, address: IPAddress)
    ) -> Bool {
        let shared = self.sharedPorts[key]
        if port.isShared, let shared, !shared.isEmpty { return !shared.has(port.share) }
        // One that is offered stands on no shelf; a leg of before that may have it alone.
        if shared?.isOffered == true, self.states[key] == .absent {
            self.states[key] = .used
            return true
        }
        return self.shelves[self.shelf(key, place)].remove(key, &self.states)
    }

    /// A leg's party is told apart by something else from now on; without effect on a port that
    /// is not shared, and while nothing is known.
    public func mark(_ port: MediaPort, _ mark: PartyMark) {
        guard port.isShared, mark != .nothing else { return }
        self.sharedPorts[PortKey(port)]?.change(
            port.share, mark, nowNs: self.nowNs, restNs: Self.restNs)
    }

    /// True for a port that is in use, a shared one by this leg.
    public func isReserved(_ port: MediaPort) -> Bool {
        let shared = self.sharedPorts[PortKey(port)]
        if port.isShared { return shared?.has(port.share) ?? false }
        return self.states[PortKey(port)] == .used && shared?.isEmpty ?? true
    }

    /// Lets a port that is not in use rest since a time in the past: somebody used it before us. Of
    /// a shared one the party does that sent from `source`.
    public func rest(
        _ address: AddressIndex, port: UInt16, source: SocketAddress? = nil, sinceNs: UInt64
    ) {
        let key = PortKey(address: address, port: port)
        guard let place = self.placeOf[address] else { return }
        // The time comes out of a file: one in the future must not block anything for ever.
        let sinceNs = min(sinceNs, self.nowNs)
        if self.sharedPorts[key] != nil {
            guard let source else { return }
            self.sharedPorts[key]?.rest(
                source, sinceNs: sinceNs, nowNs: self.nowNs, restNs: Self.restNs)
            return
        }
        let shelf = self.shelf(key, place)
        if self.shelves[shelf].remove(key, &self.states) {
            self.shelves[shelf].rest(key, sinceNs: sinceNs, &self.states)
        }
    }

    private func count() {
        self.counters.reserved = UInt64(self.states.usedCount)
        self.counters.shared = UInt64(self.sharesOf.values.reduce(0, +))
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

    private func worker(_ key: PortKey) -> WorkerIndex {
        Geometry.worker(ofPort: key.port, of: self.setup?.workers ?? 1)
    }

    /// A share, where the leg's party can be told apart, else a port of its own.
    private func take(_ wish: PortWish, _ worker: WorkerIndex) -> Taken? {
        let shelf = self.shelf(wish.realm, worker, isIPv4: wish.isIPv4)
        guard self.shelves.indices.contains(shelf) else { return nil } // no such realm (any more)
        if let taken = self.takeShare(wish.mark, shelf, worker) { return taken }
        return self.shelves[shelf].take(nowNs: self.nowNs, restNs: Self.restNs, &self.states)
            .map { Taken(key: $0) }
    }

    private func takeShare(_ mark: PartyMark, _ shelf: Int, _ worker: WorkerIndex) -> Taken? {
        guard let keys = self.offered[shelf], self.isApart(mark) else { return nil }
        let place = keys.first { key in
            // One leg of before it was shared may still have it alone, or had until just now.
            guard let port = self.sharedPorts[key], self.states[key] != .used || !port.isEmpty
            else { return false }
            if let untilNs = port.aloneUntilNs, self.nowNs &- untilNs < Self.restNs { return false }
            return port.admits(mark, nowNs: self.nowNs, restNs: Self.restNs)
        }
        guard let key = place else { return nil }
        guard self.sharesOf[worker, default: 0] < self.sharing.legsPerWorker else {
            self.counters.sharesExhausted &+= 1
            return nil
        }
        var share: UInt32
        repeat {
            share = UInt32(truncatingIfNeeded: self.random.next())
        } while share == 0 || self.sharedPorts[key]?.has(share) == true
        self.states[key] = .used
        self.sharedPorts[key]?.aloneUntilNs = nil
        self.sharedPorts[key]?.add(share, mark)
        self.sharesOf[worker, default: 0] += 1
        return Taken(key: key, share: share)
    }

    /// A party at one of our own addresses is a leg of ours, of which many may be at one port.
    private func isApart(_ mark: PartyMark) -> Bool {
        guard case .address(let rtp, _) = mark else { return mark == .ice }
        return !self.placeOf.values.contains { $0.address == rtp.address }
    }

    /// Takes back what was not used.
    private func putBack(_ taken: Taken, _ wish: PortWish, _ worker: WorkerIndex) {
        guard taken.share != 0 else {
            let shelf = self.shelf(wish.realm, worker, isIPv4: wish.isIPv4)
            return self.shelves[shelf].putBack(taken.key, &self.states)
        }
        self.sharedPorts[taken.key]?.withdraw(taken.share)
        self.sharesOf[worker, default: 1] -= 1
        if self.sharedPorts[taken.key]?.isEmpty == true { self.states[taken.key] = .absent }
    }

    private func isEmpty(_ realm: RealmIndex) -> Bool {
        let width = Int(self.setup?.workers ?? 1) * 2
        let first = Int(realm.value) * width
        return self.shelves.indices.clamped(to: first..<first + width)
            .allSatisfy { self.shelves[$0].isEmpty }
    }

    private func mediaPort(_ taken: Taken) -> MediaPort? {
        guard let place = self.placeOf[taken.key.address] else { return nil }
        return MediaPort(
            addressIndex: taken.key.address.value,
            rtp: SocketAddress(address: place.address, port: taken.key.port), share: taken.share)
    }
}
