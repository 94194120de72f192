// SPDX-License-Identifier: Apache-2.0

public import Admission
public import SDP
public import SIPDialog
public import SIPTransaction

/// What has to survive of a call when the process does not.
/// Written when its INVITE goes out, and at its answer, ACK, re-INVITE and BYE; removed when the
/// call is over. Holds no connection: those end with the process. Holds the keys of its media, so
/// that a call outlives a control plane that is killed: keep it where keys may be.
public struct CallCheckpoint: Sendable, Equatable {
    /// Where the call stood.
    public enum Stage: UInt8, Sendable {
        /// The callee had not answered.
        case settingUp = 0
        /// Both dialogs stood.
        case up = 1
        /// It was being ended.
        case ending = 2
    }

    /// A message from before the restart, and where it came from or went to.
    public struct Message: Sendable, Hashable {
        /// The whole message.
        public var bytes: [UInt8]
        /// The other end, without a connection.
        public var hop: Hop
    }

    /// An INVITE of one leg that was put to the other and had no final response.
    public struct Exchange: Sendable, Hashable {
        /// The leg that it came from.
        public var from: Side
        /// As it came.
        public var received: Message
        /// As it was sent; nil while it waited to be sent again.
        public var sent: Message?
        /// The party that sent it had cancelled it.
        public var isCancelled: Bool
    }

    /// A 2xx of ours that was not acknowledged.
    public struct Answer: Sendable, Hashable {
        /// The INVITE.
        public var received: Message
        /// The 2xx.
        public var response: [UInt8]
        /// It carries an offer, so that the ACK brings the answer.
        public var carriesOffer: Bool
    }

    /// An ACK of ours, for a 2xx that comes again.
    public struct Ack: Sendable, Hashable {
        /// CSeq number.
        public var sequence: UInt32
        /// The branch of one that says nothing else than the dialog does.
        public var branch: [UInt8]
        /// The ACK; nil for one with a branch here.
        public var message: Message?
    }

    /// One leg.
    public struct Leg: Sendable, Hashable {
        /// Its trunk.
        public var trunk: TrunkName
        /// Where the party is.
        public var hop: Hop
        /// Our tag.
        public var localTag: [UInt8]
        /// The dialog; nil before there is one.
        public var dialog: Dialog?
        /// Offer and answer, the version of our o= line included.
        public var session: OfferAnswerLeg.Snapshot
        /// The party may still believe that there is a call.
        public var isOpen: Bool
        /// A 2xx of ours that was not acknowledged.
        public var answer: Answer?
        /// CSeq number of an INVITE of ours whose ACK waits for an answer.
        public var ackOwed: UInt32?
        /// Our last ACK.
        public var ack: Ack?
        /// An INVITE of ours that was being cancelled.
        public var outstanding: Message?
        /// The trunk's policy when the call began.
        public var security = MediaSecurityPolicy.plain
        /// Names of keys and handshakes.
        var keys = LegKeys()
        /// What the party said that it understands.
        var peer = PeerCapabilities()
        /// The session timer, refresh and end as times of the clock.
        public var sessionTimer: SessionTimer?
        /// The Min-SE that the party insists on, seconds.
        public var leastExpires: UInt32 = 0
        /// INVITEs of our own that waited for their turn.
        var due = OwnOffers()
        /// First label of the tenant's derived trunk that the leg is; empty: it is none.
        public var label: [UInt8] = []
    }

    /// An INVITE of our own that had no final response.
    public struct Rekey: Sendable, Hashable {
        /// The leg that it was sent on.
        public var side: Side
        /// As it was sent.
        public var sent: Message
        /// Why it was sent.
        var purpose = OwnOffer.keys
    }

    /// What its record says that nothing else here does.
    public struct Record: Sendable, Hashable {
        /// The trunks that it came from and went to; nil: those of the legs.
        var trunks: Trunks?
        /// When things happened.
        var offsets = CallOffsets()
        /// When its end began.
        var endedAt: Milliseconds?
        /// Why it was being ended.
        var end: CallEnd?
        /// The cause that a party gave for that.
        var cause: UInt8?
        /// Call-ID of an INVITE that was refused.
        var callID: [UInt8] = []
        /// What it had to do with transfers.
        var transfers: TransferHistory?

        /// Names of two trunks.
        struct Trunks: Sendable, Hashable {
            var from: TrunkName
            var to: TrunkName
        }
    }

    /// The call.
    public var id: CallIdentifier
    /// Where it stood.
    public var stage: Stage
    /// User parts of both parties.
    var users: CallUsers
    /// When the INVITE came.
    public var startedAt: Milliseconds
    /// When the answer came.
    public var answeredAt: Milliseconds?
    /// The final status that the caller got; 0: none yet.
    public var status: UInt16
    /// The caller's leg.
    public var a: Leg
    /// The callee's leg.
    public var b: Leg
    /// An INVITE under way.
    public var exchange: Exchange?
    /// An INVITE of our own for other keys.
    public var rekey: Rekey?
    /// What the media was.
    public var media: MediaIntent
    /// Whose call it was.
    public var tenant: CallTenant?
    /// For its record.
    var record = Record()

    /// Most bytes of an encoded checkpoint: eight messages, and what else there is.
    public static let bytesMax = 1 << 20
}
