// SPDX-License-Identifier: Apache-2.0

import CallControl
import Configuration
import NetworkAddress
import SIPLocation
import SIPTransaction

/// From the peers of a trunk, and from where their names lead, to the trunk's targets.
enum TargetList {
    /// What a peer of a trunk is looked up as.
    struct Question: Hashable {
        let target: LocationTarget
        /// Ours, the preferred one first.
        let transports: [TransportProtocol]
        let isIPv4: Bool
    }

    /// The weights of one priority add up to this, as far as they are whole numbers.
    static let weightSum: UInt64 = 10_000

    /// What has to be known for a peer; nil for one that is an address.
    static func question(
        _ peer: TrunkPeer, _ trunk: NodeConfiguration.Trunk, _ file: NodeConfiguration
    ) -> Question? {
        guard case .name(let name) = peer.host else { return nil }
        let listener = file.listeners[trunk.listener]
        let transport = peer.transport.map(Settings.transport)
        var transports: [TransportProtocol] = []
        for index in self.listeners(of: trunk, file) {
            let other = Settings.transport(file.listeners[index].transport)
            if !transports.contains(other) { transports.append(other) }
        }
        return Question(
            target: LocationTarget(.name(name), port: peer.port, transport: transport),
            transports: transports, isIPv4: listener.address.address.isIPv4)
    }

    /// The trunk's listener, and the others of its address.
    private static func listeners(
        of trunk: NodeConfiguration.Trunk, _ file: NodeConfiguration
    ) -> [Int] {
        let address = file.listeners[trunk.listener].address.address
        let others = file.listeners.indices.filter {
            $0 != trunk.listener && $0 != file.mcp?.listener
                && file.listeners[$0].address.address == address
        }
        return [trunk.listener] + others
    }

    private struct Candidate {
        let peer: TrunkPeer
        let server: LocatedServer
    }

    /// The targets: by the priority of the peers, then by what the DNS says of each. What is not
    /// known is left out; where nothing is, one stands for it that nothing can be sent to.
    static func targets(
        of trunk: NodeConfiguration.Trunk, _ file: NodeConfiguration,
        located: [Question: [LocatedServer]]
    ) -> [TrunkTarget] {
        var levels: [[Int]: [Candidate]] = [:]
        for peer in trunk.peers {
            for server in self.servers(peer, trunk, file, located) {
                levels[[peer.priority, Int(server.priority)], default: []].append(
                    Candidate(peer: peer, server: server))
            }
        }
        let order = levels.keys.sorted { $0.lexicographicallyPrecedes($1) }
        var targets: [TrunkTarget] = []
        for (rank, key) in order.enumerated() {
            let level = levels[key] ?? []
            let weights = self.weights(level)
            for (candidate, weight) in zip(level, weights) {
                guard let hop = self.hop(candidate.server, trunk, file) else { continue }
                targets.append(
                    TrunkTarget(
                        hop: hop, host: Array(candidate.peer.hostText.utf8),
                        priority: UInt16(clamping: rank), weight: weight))
            }
        }
        guard targets.isEmpty else { return targets }
        let hop = self.first(of: trunk, file).hop
        return trunk.peers.map { TrunkTarget.nowhere(host: Array($0.hostText.utf8), by: hop) }
    }

    private static func servers(
        _ peer: TrunkPeer, _ trunk: NodeConfiguration.Trunk, _ file: NodeConfiguration,
        _ located: [Question: [LocatedServer]]
    ) -> [LocatedServer] {
        switch peer.host {
        case .address(let address):
            let transport = Settings.transport(
                peer.transport ?? file.listeners[trunk.listener].transport)
            let place = SocketAddress(
                address: address, port: peer.port ?? transport.defaultPort)
            return [
                LocatedServer(
                    address: place, transport: transport, priority: 0,
                    weight: LocatedServer.weightUnit)
            ]
        case .name:
            return self.question(peer, trunk, file).flatMap { located[$0] } ?? []
        }
    }

    /// The peers share by their weights, and the servers of each peer share what it has by theirs.
    private static func weights(_ level: [Candidate]) -> [UInt16] {
        let shares = level.map { candidate -> UInt64 in
            let own = level.filter { $0.peer == candidate.peer }
            let sum = own.reduce(UInt64(0)) { $0 + UInt64($1.server.weight) }
            let whole = UInt64(candidate.peer.weight) * UInt64(LocatedServer.weightUnit)
            return sum == 0
                ? whole / UInt64(own.count) : whole * UInt64(candidate.server.weight) / sum
        }
        let sum = shares.reduce(0, +)
        return shares.map { share in
            guard share > 0 else { return 0 }
            return UInt16(clamping: max(share * self.weightSum / sum, 1))
        }
    }

    private static func hop(
        _ server: LocatedServer, _ trunk: NodeConfiguration.Trunk, _ file: NodeConfiguration
    ) -> Hop? {
        let index = self.listeners(of: trunk, file).first {
            Settings.transport(file.listeners[$0].transport) == server.transport
        }
        return index.map {
            Hop(
                listener: Settings.index($0), transport: server.transport, remote: server.address)
        }
    }

    /// The first peer, as far as the file alone says where it is.
    static func first(
        of trunk: NodeConfiguration.Trunk, _ file: NodeConfiguration
    ) -> (host: [UInt8], hop: Hop) {
        let peer = trunk.peers[0]
        let transport = Settings.transport(
            peer.transport ?? file.listeners[trunk.listener].transport)
        var address = IPAddress.unspecified
        if case .address(let numeric) = peer.host { address = numeric }
        let remote = SocketAddress(address: address, port: peer.port ?? transport.defaultPort)
        let hop = Hop(
            listener: Settings.index(trunk.listener), transport: transport, remote: remote)
        return (Array(peer.hostText.utf8), hop)
    }

    /// Peers that have names are asked how they are where nothing else is written; peers that are
    /// addresses may be anything, and are not.
    static func optionsSeconds(of trunk: NodeConfiguration.Trunk) -> UInt32 {
        let isNamed = trunk.peers.contains { peer in
            if case .name = peer.host { return true }
            return false
        }
        return UInt32(clamping: trunk.optionsSeconds ?? (isNamed ? 60 : 0))
    }
}
