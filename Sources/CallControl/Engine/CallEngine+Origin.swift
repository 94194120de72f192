// SPDX-License-Identifier: Apache-2.0

public import Admission
import Routing
public import SIPTransaction

// Whose a place is, for transports that ask before anything was said there.
extension CallEngine {
    /// The trunk that requests from a place come from; nil where it is none's.
    public func trunkName(of source: Hop) -> TrunkName? {
        self.trunk(from: source).map { self.context.configuration.trunks[Int($0.value)].name }
    }

    /// The trunk whose requests go to a place, and the host that it is there: an address or a
    /// name. A party that is none of a trunk's targets is where its requests come from.
    public func target(at place: Hop) -> (trunk: TrunkName, host: [UInt8])? {
        let trunks = self.context.configuration.trunks.filter { $0.listener == place.listener }
        for trunk in trunks {
            for target in trunk.targets where target.hop.remote == place.remote {
                return (trunk.name, target.host)
            }
        }
        if let trunk = trunks.first(where: { $0.peer.remote == place.remote }) {
            return (trunk.name, trunk.peerHost)
        }
        return self.trunkName(of: place).map { ($0, []) }
    }
}
