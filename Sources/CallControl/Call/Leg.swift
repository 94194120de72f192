// SPDX-License-Identifier: Apache-2.0

import Admission
import NetworkAddress
import SDP
import Sharing
import SIPDialog
import SIPMessage
import SIPTransaction

/// One leg of a call: the dialog with one party, what was said about media in it, and what is
/// still owed to either end.
struct Leg {
    /// How far the end of a leg is.
    enum End {
        /// The party believes that there is a call.
        case open
        /// To be ended with BYE, but not before the party acknowledged our 2xx (RFC 3261
        /// section 15).
        case byeAfterAck
        /// BYE was sent; the response is awaited.
        case byeSent
        /// Over, or never begun.
        case closed
    }

    /// A 2xx of ours that the party has not acknowledged.
    struct AwaitingAck {
        /// The INVITE.
        var request: ReceivedRequest
        /// Its CSeq number.
        let sequence: UInt32
        /// The 2xx.
        let response: [UInt8]
        /// The 2xx carries an offer, the ACK the answer.
        let carriesOffer: Bool
    }

    /// An INVITE of ours whose final response does not matter any more, but has to come.
    struct Outstanding {
        let sent: SentInvite
    }

    /// An ACK of ours, for a 2xx that comes again.
    struct SentAck {
        let sequence: UInt32
        let bytes: [UInt8]
        let hop: Hop
        /// Its branch, where it says nothing else than the dialog does: with it the same one can be
        /// made again. Empty otherwise.
        let branch: [UInt8]
    }

    /// A path that checks have shown.
    struct Path {
        let address: SocketAddress
        let isNominated: Bool
    }

    /// The trunk as it was when the call began.
    @Shared var trunk: TrunkSettings
    /// The listener that the leg's messages leave from.
    @Shared var listener: ListenerSettings
    /// Where the party is, as far as its dialog does not say otherwise.
    var hop: Hop
    /// Our tag.
    var localTag: [UInt8]
    /// Nil on the callee's leg before a response came.
    var dialog: Dialog?
    /// Offer and answer with the party.
    var session: OfferAnswerLeg
    /// Our media port.
    var port: MediaPort
    /// How far its end is.
    var end = End.open
    /// A 2xx of ours that is not acknowledged.
    @Apart var awaitingAck: AwaitingAck?
    /// CSeq number of an INVITE of ours whose 2xx brought an offer: the ACK waits for the answer.
    var ackOwed: UInt32?
    /// That INVITE, once its 2xx came: the transaction repeats the ACK when the leg is gone.
    var ackOwedTo: RequestHandle?
    /// Our last ACK.
    @Apart var sentAck: SentAck?
    /// An INVITE of ours that is being cancelled, or was overtaken by the end of the call.
    @Apart var outstanding: Outstanding?
    /// What the last INVITE to the party showed when it was asked: the ACK shows the same (RFC 3261
    /// section 22.1).
    var credentials: [(name: HeaderName, value: [UInt8])] = []
    /// A source that the fast path learned in place of the signalled one.
    var learnedSource: SocketAddress?
    /// Where media goes by ICE.
    @Apart var path: Path?
    /// Names of keys and handshakes.
    var keys = LegKeys()
    /// The key set that the fast path cannot go on with.
    var lostKey: UInt64?
    /// The party sent a REFER and is told what becomes of it.
    @Apart var subscription: ReferSubscription?
    /// How often the party answered 491 to an INVITE of our own.
    var rekeyGlares = 0
    /// What the party says that it understands.
    var peer = PeerCapabilities()
    /// The session timer, where there is one.
    @Apart var sessionTimer: SessionTimer?
    /// The Min-SE that the party insists on, seconds; 0: none so far.
    var leastExpires: UInt32 = 0
    /// INVITEs of our own that wait for their turn.
    var due = OwnOffers()
    /// A request that asks whether the party still knows the call has no answer yet.
    var isProbed = false
    /// Such requests in a row that could not be sent.
    var probesUnsent: UInt8 = 0
    /// Digits; nil: there were none.
    @Apart var digits: LegDigitState?
    /// A reliable provisional response whose PRACK the final response overtook.
    @Apart var latePrack: ReliableSender.Sent?

    init(
        trunk: Shared<TrunkSettings>, listener: Shared<ListenerSettings>, hop: Hop,
        localTag: [UInt8], session: OfferAnswerLeg, port: MediaPort
    ) {
        self._trunk = trunk
        self._listener = listener
        self.hop = hop
        self.localTag = localTag
        self.session = session
        self.port = port
    }

    /// Nothing more is to come from or go to the party.
    var isOver: Bool {
        if case .closed = self.end { return self.outstanding == nil }
        return false
    }

    /// The party still believes that there is a call, and no BYE is under way.
    var isOpen: Bool {
        if case .open = self.end { return true }
        return false
    }

    /// There is no call with the party, or none any more.
    var isClosed: Bool {
        if case .closed = self.end { return true }
        return false
    }

    /// Addresses in the target and the routes of the dialog, and where the party was.
    func addresses(of dialog: Dialog) -> [IPAddress] {
        let uris =
            [dialog.remoteTarget[...]]
            + dialog.routeSet.compactMap { (try? NameAddr($0[...], bracketsRequired: true))?.uri }
        return uris.compactMap { (try? SIPURI($0))?.host.address } + [self.hop.remote.address]
    }

    /// Where a request of the dialog goes: the address in its first route or target (RFC 3261
    /// section 12.2.1.1), else, where that is a name or an address of another family, where the
    /// party was. A connection of the party is used while it lives; after it a new one goes to the
    /// target's port, since the one that the party connected from takes no connections.
    func destination(of dialog: Dialog) -> Hop {
        var hop = self.hop
        guard let uri = try? SIPURI(dialog.nextHop[...]) else { return hop }
        let port = uri.port ?? self.hop.transport.defaultPort
        guard let address = uri.host.address, address.isIPv4 == hop.remote.address.isIPv4 else {
            let isListening = !hop.transport.isReliable || hop.remote == self.trunk.peer.remote
            if !isListening, port != 0 { hop.remote.port = port }
            return hop
        }
        hop.remote = SocketAddress(address: address, port: port == 0 ? hop.remote.port : port)
        if address != self.hop.remote.address { hop.connection = nil }
        return hop
    }
}

/// An INVITE that the box sent, or an UPDATE with an offer.
struct SentInvite {
    let handle: RequestHandle
    let message: SIPMessage
    let branch: [UInt8]
    let hop: Hop
    /// Its CSeq number.
    let sequence: UInt32
    /// INVITE, or UPDATE where one was put to a party that takes it.
    var method = Method.invite
}

/// An INVITE of one leg that is being put to the other.
struct Exchange {
    /// Where it stands.
    indirect enum Phase {
        /// Sent to the other leg; its final response is awaited.
        case sent(SentInvite)
        /// As before, but the party cancelled it.
        case cancelled(SentInvite)
        /// The other party had one of its own; to be sent again when the timer fires.
        case retrying
    }

    /// The leg that it came from.
    let from: Side
    // A call has room for an exchange even while there is none.
    private var place: Shared<ReceivedRequest>
    /// It brought no offer: the other party makes one.
    let offersLater: Bool
    var phase: Phase
    /// How often the other party answered 491.
    var glares: UInt8 = 0

    init(from: Side, request: ReceivedRequest, offersLater: Bool, phase: Phase) {
        self.from = from
        self.place = Shared(request)
        self.offersLater = offersLater
        self.phase = phase
    }

    /// The INVITE as it came.
    var request: ReceivedRequest {
        get { self.place.wrappedValue }
        set { self.place = Shared(newValue) }
    }

    /// Times that a re-INVITE is tried again after 491 before the 491 passes to its sender.
    static let glaresMax: UInt8 = 2

    /// The INVITE that waits for a final response.
    var sent: SentInvite? {
        switch self.phase {
        case .sent(let invite), .cancelled(let invite): invite
        case .retrying: nil
        }
    }
}

/// An early dialog of the callee's leg, and the one on the caller's leg that mirrors it, so that
/// each branch of a fork can have an answer of its own (RFC 3261 section 12.1.2).
struct Fork {
    /// The callee's tag; empty for one of RFC 2543.
    let remoteTag: [UInt8]
    /// Our tag on the caller's leg.
    let localTag: [UInt8]
    /// Offer and answer as this branch has them.
    var a: OfferAnswerLeg
    var b: OfferAnswerLeg
    /// What the caller was told.
    var description: [UInt8]?
    /// The callee's early dialog; nil for one without a tag.
    var calleeDialog: Dialog?
    /// Its mirror on the caller's leg.
    var callerDialog: Dialog?
    /// Reliable provisional responses towards the caller.
    var sender: ReliableSender
    /// Those of the callee.
    var receiver = ReliableReceiver()
    /// Offer and answer with the callee are complete: a reliable response brought the answer, or
    /// our PRACK did.
    var isCalleeSettled = false
    /// Offers to be made once the branch was answered.
    var due: (a: OwnOffers, b: OwnOffers) = ([], [])

    /// Branches whose responses are passed on.
    static let limit = 8
}
