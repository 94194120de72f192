// SPDX-License-Identifier: Apache-2.0

import Admission
import SDP
import Sharing
import SIPMessage
import SIPTransaction

/// One place that a new call may go to.
struct CallPlace {
    /// The trunk, with the target for its peer.
    @Shared var trunk: TrunkSettings
    /// The listener that requests to it leave from.
    @Shared var listener: ListenerSettings
    /// Whom the INVITE asks for, where that is not whom the caller called: a redirection said so.
    var calledURI: [UInt8]?
    /// How the number there is written: as on the trunk that redirected.
    var calledFormat = NumberFormat()

    /// The place and whom the call asks for there.
    var visit: Visit { self.visit(asking: self.calledURI ?? []) }

    func visit(asking uri: [UInt8]) -> Visit {
        Visit(
            trunk: self.trunk.name.text,
            target: Array(self.trunk.peerHostPort),
            user: Array(AddressRewriter.user(of: uri[...])))
    }
}

/// What an INVITE to a place stands on.
struct Footing {
    /// Our media ports, of both legs.
    let ports: (a: MediaPort, b: MediaPort)
    /// Offer and answer with the callee, the offer made.
    let session: OfferAnswerLeg
    /// What the callee is offered, made here where the caller made no offer; nil: nothing.
    let offer: SessionDescription?
}

/// The search for a place that takes a call, and what each attempt needs.
struct CallSearch {
    /// What comes next.
    var machine: TargetSearch
    /// The candidates, by their numbers in the machine.
    var places: [CallPlace]
    /// What the caller offered.
    let stream: AudioStream?
    /// Max-Forwards of what is sent.
    let forwardsLeft: Int
    /// Ends the branches of what is sent.
    let mark: [UInt8]
    /// What places are told of the caller; nil: everything.
    let shown: ShownCaller?
    /// Redirections that were followed.
    var redirects = 0
    /// Where redirections may not lead any more.
    var visited: Set<Visit>

    /// As many places as one call may try, at least one. `uri` is whom the caller asks for.
    init(
        _ places: [CallPlace], stream: AudioStream?, forwardsLeft: Int, mark: [UInt8],
        uri: [UInt8], isEmergency: Bool, shown: ShownCaller? = nil
    ) {
        self.shown = shown
        self.mark = mark
        self.visited = Set(places.map { $0.visit(asking: uri) })
        self.machine = TargetSearch(places.map(\.trunk.search), isEmergency: isEmergency)
        self.places = Array(places.prefix(TargetSearch.limit))
        self.stream = stream
        self.forwardsLeft = forwardsLeft
    }

    /// A candidate by its number.
    func place(_ candidate: Int) -> CallPlace? {
        self.places.indices.contains(candidate) ? self.places[candidate] : nil
    }
}

extension TrunkSettings {
    /// The trunk with a target for its peer: what a leg to there goes by.
    func at(_ target: TrunkTarget) -> TrunkSettings {
        var trunk = self
        trunk.listener = target.hop.listener
        trunk.peerHost = target.host
        trunk.peer = target.hop
        return trunk
    }
}
