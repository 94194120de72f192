// SPDX-License-Identifier: Apache-2.0

import NetworkAddress
public import SIPTransaction

extension TrunkTarget {
    /// Stands for a name that leads nowhere: nothing can be sent there.
    public static func nowhere(host: [UInt8], by hop: Hop) -> TrunkTarget {
        var hop = hop
        hop.remote.address = .unspecified
        var target = TrunkTarget(hop: hop, host: host, priority: .max)
        target.state = .down
        return target
    }

    /// It stands for a name that leads nowhere.
    public var isNowhere: Bool { self.hop.remote.address.isUnspecified }

    /// New calls may go there.
    public var takesCalls: Bool { self.state == .up || self.state == .demoted }

    /// `host` or `host:port`, the port where it is not the transport's own.
    var hostPort: [UInt8] {
        let port = self.hop.remote.port
        guard port != self.hop.transport.defaultPort else { return self.host }
        return self.host + [0x3a] + decimal(port)
    }

    /// The same place, whatever is known of it.
    func isSamePlace(as other: TrunkTarget) -> Bool {
        self.host == other.host && self.isAt(other.hop)
    }

    /// It is there, over whichever connection.
    func isAt(_ hop: Hop) -> Bool {
        self.hop.remote == hop.remote && self.hop.transport == hop.transport
            && self.hop.listener == hop.listener
    }
}

extension TrunkSettings {
    /// No target takes new calls: they are down, or an operator drains them.
    var isOutOfReach: Bool { !self.targets.contains(where: \.takesCalls) }

    /// Takes up other targets, or what is known of them: requests go to the best of those that
    /// take calls, and where the trunk's sources follow its targets, come from there.
    public mutating func adopt(_ targets: [TrunkTarget]) {
        self.targets = targets
        let best = targets.filter(\.takesCalls).min {
            ($0.state.rawValue, $0.priority) < ($1.state.rawValue, $1.priority)
        }
        if let best {
            self.peer = best.hop
            self.peerHost = best.host
        }
        guard self.followsTargets else { return }
        var sources: [AddressPrefix] = []
        for target in targets where !target.isNowhere {
            let source = AddressPrefix(target.hop.remote.address)
            if !sources.contains(source) { sources.append(source) }
        }
        self.sources = sources
    }
}
