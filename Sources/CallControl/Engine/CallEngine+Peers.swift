// SPDX-License-Identifier: Apache-2.0

public import Admission
import NetworkAddress
import SIPMessage
import SIPTransaction

// Where trunks' peers are and how they are.
extension CallEngine {
    /// Keeps an eye on the peers from now on; the owner has set ``now``.
    public func watchPeers() { self.context.followTargets() }

    /// A trunk's new calls go there from now on. Without any, and for a trunk that is not
    /// configured, nothing changes.
    public func setTargets(_ targets: [TrunkTarget], of trunk: TrunkName) {
        guard !targets.isEmpty,
            let index = self.context.configuration.trunks.firstIndex(where: { $0.name == trunk })
        else { return }
        self.context.configuration.trunks[index].adopt(targets)
        self.context.followTargets(ofTrunkAt: index)
    }

    /// Every peer of every trunk, in the order of the configuration.
    public var peers: [PeerSummary] {
        self.context.configuration.trunks.flatMap { trunk in
            let known = self.context.peers.peers(of: trunk.name)
            return trunk.targets.map { target in
                PeerSummary(
                    trunk: trunk.name, host: target.host, hop: target.hop,
                    priority: target.priority, weight: target.weight,
                    health: known.first { $0.target.isSamePlace(as: target) }?.health)
            }
        }
    }

    /// When a trunk's peer last sent OPTIONS, ms; nil: it has sent none.
    public func optionsHeard(from trunk: TrunkName) -> Milliseconds? {
        self.context.optionsHeard[trunk]
    }

    /// Takes the changes of state since the last time, oldest first.
    public func takePeerChanges() -> [PeerChange] { self.context.peers.takeChanges() }

    /// Takes those peers of a trunk that have this host or address out of use, or gives them back.
    /// Calls in progress stay. Returns how many are meant.
    public func drainPeer(_ name: [UInt8], of trunk: TrunkName, _ isDraining: Bool) -> Int {
        let meant = self.context.peers.drain(name, of: trunk, isDraining)
        for number in meant {
            self.context.notice(number) { $0.drain(isDraining, now: self.context.now) }
        }
        return meant.count
    }

    /// A request came from there: a sign of life of the peer that it may be.
    func heard(from source: Hop, of trunk: TrunkSettings) {
        self.context.optionsHeard[trunk.name] = self.context.now
        for entry in self.context.peers.peers(of: trunk.name)
        where entry.target.hop.remote.address == source.remote.address {
            self.context.notice(entry.number) { $0.heard(self.context.now) }
        }
    }
}
