// SPDX-License-Identifier: Apache-2.0

import Admission
import Sharing
import SIPTransaction

/// Settings as legs hold them: made once for each configuration, however many legs there are. A leg
/// keeps those that it began with.
struct LegSettings {
    /// A trunk with a target for its peer.
    private struct Place: Hashable {
        let trunk: TrunkName
        let listener: ListenerIndex
        let peer: Hop
        let host: [UInt8]
    }

    /// A listener by the name that a peer knows it by.
    private struct OwnName: Hashable {
        let listener: ListenerIndex
        let host: [UInt8]?
        let label: [UInt8]
    }

    private var trunks: [Place: Shared<TrunkSettings>] = [:]
    private var listeners: [OwnName: Shared<ListenerSettings>] = [:]

    /// A trunk of the configuration.
    mutating func trunk(_ trunk: TrunkSettings) -> Shared<TrunkSettings> {
        let place = Place(
            trunk: trunk.name, listener: trunk.listener, peer: trunk.peer, host: trunk.peerHost)
        return self.trunk(place) { trunk }
    }

    /// The same with a target for its peer.
    mutating func trunk(
        _ trunk: TrunkSettings, at target: TrunkTarget
    ) -> Shared<TrunkSettings> {
        let place = Place(
            trunk: trunk.name, listener: target.hop.listener, peer: target.hop, host: target.host)
        return self.trunk(place) { trunk.at(target) }
    }

    private mutating func trunk(
        _ place: Place, _ make: () -> TrunkSettings
    ) -> Shared<TrunkSettings> {
        if let known = self.trunks[place] { return known }
        let new = Shared(make())
        self.trunks[place] = new
        return new
    }

    /// Names of tenants that are remembered; they are made anew beyond that.
    private static let derivedMax = 16_384
    private var derivedCount = 0

    /// A listener of the configuration, as a trunk's peer knows it, or a tenant's derived trunk
    /// there.
    mutating func listener(
        _ listener: ListenerSettings, for trunk: TrunkSettings, label: [UInt8] = []
    ) -> Shared<ListenerSettings> {
        let name = OwnName(listener: listener.index, host: trunk.ownHost, label: label)
        if let known = self.listeners[name] { return known }
        let new = Shared(listener.named(for: trunk, label: label))
        if !label.isEmpty {
            guard self.derivedCount < Self.derivedMax else { return new }
            self.derivedCount += 1
        }
        self.listeners[name] = new
        return new
    }
}
