// SPDX-License-Identifier: Apache-2.0

public import Admission
import NetworkAddress
public import SIPTransaction

/// A peer that the engine keeps an eye on; never used twice by one engine.
public struct PeerNumber: Sendable, Hashable {
    let value: UInt64
}

/// One peer of a trunk, as `trunkline peers` shows it.
public struct PeerSummary: Sendable, Hashable {
    /// Its trunk.
    public let trunk: TrunkName
    /// Its host as it stands in URIs.
    public let host: [UInt8]
    /// Where it is.
    public let hop: Hop
    /// Lower ones are tried first.
    public let priority: UInt16
    /// Share among those of one priority.
    public let weight: UInt16
    /// What is known of it; nil for a name that leads nowhere.
    public let health: PeerHealth?
}

/// A change of a peer's state, for the log.
public struct PeerChange: Sendable, Hashable {
    /// Its trunk.
    public let trunk: TrunkName
    /// Its host as it stands in URIs.
    public let host: [UInt8]
    /// Where it is.
    public let hop: Hop
    /// As it is now.
    public let state: TargetState
    /// As it was.
    public let before: TargetState
    /// What speaks against it, where something does.
    public let failure: PeerFailure?
}

/// The health of every target of every trunk. Owned by the engine; follows the targets.
struct PeerMonitor {
    struct Entry {
        let number: PeerNumber
        let trunk: TrunkName
        var target: TrunkTarget
        var health: PeerHealth
    }

    /// A peer that an operator drains: by its host or its address, as it was named.
    private struct Drained: Hashable {
        let trunk: TrunkName
        let name: [UInt8]
    }

    /// Changes that wait for the log; older ones are dropped beyond that.
    static let changesMax = 256

    private(set) var entries: [PeerNumber: Entry] = [:]
    private var byTrunk: [TrunkName: [PeerNumber]] = [:]
    private var drained: Set<Drained> = []
    private var changes: [PeerChange] = []
    private var last: UInt64 = 0

    /// The peers of a trunk.
    func peers(of trunk: TrunkName) -> [Entry] {
        (self.byTrunk[trunk] ?? []).compactMap { self.entries[$0] }
    }

    /// The numbers of a trunk's peers.
    func numbers(of trunk: TrunkName) -> [PeerNumber] { self.byTrunk[trunk] ?? [] }

    /// The peer is at this place; two names can lead to one.
    func isThere(_ number: PeerNumber, _ hop: Hop) -> Bool {
        self.entries[number]?.target.isAt(hop) ?? false
    }

    /// A trunk has these targets from now on. What is known of those that it had before stays.
    /// Returns the numbers of those that are gone.
    mutating func follow(
        _ targets: [TrunkTarget], of trunk: TrunkName, _ policy: PeerHealth.Policy,
        now: Milliseconds, spreads: [UInt64]
    ) -> [PeerNumber] {
        let before = self.byTrunk[trunk] ?? []
        var numbers: [PeerNumber] = []
        for (position, target) in targets.enumerated() where !target.isNowhere {
            let known = before.first { number in
                self.entries[number].map { $0.target.isSamePlace(as: target) } ?? false
            }
            if let known, !numbers.contains(known), self.entries[known]?.health.policy == policy {
                self.entries[known]?.target = target
                numbers.append(known)
                continue
            }
            self.last &+= 1
            let number = PeerNumber(value: self.last)
            var health = PeerHealth(policy: policy, now: now, spread: spreads[position])
            if self.isDrained(target, of: trunk) { health.drain(true, now: now) }
            self.entries[number] = Entry(
                number: number, trunk: trunk, target: target, health: health)
            numbers.append(number)
        }
        self.byTrunk[trunk] = numbers.isEmpty ? nil : numbers
        let gone = before.filter { !numbers.contains($0) }
        for number in gone { self.entries[number] = nil }
        return gone
    }

    /// These are all the trunks that there are. Returns the numbers of peers that are gone.
    mutating func keepOnly(_ trunks: Set<TrunkName>) -> [PeerNumber] {
        var gone: [PeerNumber] = []
        for trunk in self.byTrunk.keys.sorted(by: { $0.text < $1.text })
        where !trunks.contains(trunk) {
            gone += self.byTrunk.removeValue(forKey: trunk) ?? []
        }
        for number in gone { self.entries[number] = nil }
        self.drained = self.drained.filter { trunks.contains($0.trunk) }
        return gone
    }

    /// Something happened to a peer. True when its state is another one afterwards.
    mutating func change(_ number: PeerNumber, _ body: (inout PeerHealth) -> Void) -> Bool {
        guard var entry = self.entries[number] else { return false }
        let before = entry.health.state
        body(&entry.health)
        let state = entry.health.state
        self.entries[number] = entry
        guard state != before else { return false }
        if self.changes.count >= Self.changesMax { self.changes.removeFirst() }
        self.changes.append(
            PeerChange(
                trunk: entry.trunk, host: entry.target.host, hop: entry.target.hop, state: state,
                before: before, failure: entry.health.lastFailure?.failure))
        return true
    }

    /// Takes the changes since the last time.
    mutating func takeChanges() -> [PeerChange] {
        defer { self.changes = [] }
        return self.changes
    }

    // MARK: Operators

    private static func names(_ target: TrunkTarget) -> [[UInt8]] {
        let remote = target.hop.remote
        return [target.host]
            + ["\(remote.address)", "\(remote)", target.hop.place].map {
                Array($0.utf8)
            }
    }

    private func isDrained(_ target: TrunkTarget, of trunk: TrunkName) -> Bool {
        Self.names(target).contains { self.drained.contains(Drained(trunk: trunk, name: $0)) }
    }

    /// Drains the peers of a trunk that have this host or address, or gives them back; also those
    /// that come to it later. Empty where there is none.
    mutating func drain(_ name: [UInt8], of trunk: TrunkName, _ isDraining: Bool) -> [PeerNumber] {
        let meant = self.peers(of: trunk).filter { Self.names($0.target).contains(name) }
        guard !meant.isEmpty else { return [] }
        if isDraining {
            self.drained.insert(Drained(trunk: trunk, name: name))
        } else {
            for entry in meant {
                for name in Self.names(entry.target) {
                    self.drained.remove(Drained(trunk: trunk, name: name))
                }
            }
        }
        return meant.map(\.number)
    }
}
