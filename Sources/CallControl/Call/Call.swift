// SPDX-License-Identifier: Apache-2.0

import Admission
import NetworkAddress
import SDP
import Sharing
import SIPDialog
import SIPMessage
import SIPTransaction

/// One call: two dialogs that the box joins (RFC 7092 calls it a signalling and SDP modifying
/// back-to-back user agent).
///
///     settingUp -2xx-> up -BYE, failure, command-> ending -both legs over-> over
///         +- final failure, CANCEL -----------------^
///
/// In `settingUp` the INVITE of leg a waits for leg b. In `up` both dialogs exist; the caller may
/// not have acknowledged yet (`Leg.awaitingAck`), and an INVITE of either party may be under way.
/// In `ending` each leg goes its own way to `Leg.isOver`; a timer lets go of what never answers.
/// One concern stands in one file: `Call+Invite`, `Call+Answer`, `Call+Reinvite` and so on.
final class Call {
    enum State {
        /// Leg b was not answered yet.
        indirect case settingUp(Setup)
        /// Answered; with an INVITE of a party under way, or without.
        case up(Exchange?)
        /// Both legs are being ended, for this reason.
        case ending(CallEnd)
        /// The record is written; nothing may follow.
        case over
    }

    /// What is known before the answer.
    struct Setup {
        var exchange: Exchange
        /// The caller made no offer, and the callee's leg has one of our own.
        var madeOffer = false
        var forks: [Fork] = []
        var isRinging = false
        /// The branch that the caller's dialog is in, where all branches share it.
        var sharedBranch = 0
        /// The branch whose description came last: the media follows it.
        var speakingTag: [UInt8]?
        /// A 2xx that waits for the PRACK of a description.
        var heldAnswer: SIPMessage?

        var speaking: Fork? {
            self.speakingTag.flatMap { tag in self.forks.first { $0.remoteTag == tag } }
        }
    }

    let id: CallIdentifier
    unowned let context: EngineContext
    var token: AdmissionToken
    /// Any failure before the answer leads to the next target; no limit ends it.
    let isEmergency: Bool
    /// User parts, for records.
    let users: CallUsers
    let startedAt: Milliseconds
    /// Whose call it is; nil: no tenant's.
    @Apart var tenant: CallTenant?
    var answeredAt: Milliseconds?
    /// When its end began; what parties still have to acknowledge counts for no talk.
    var endedAt: Milliseconds?
    /// The same by a clock that is never set.
    var offsets = CallOffsets()
    /// The final status that the caller got or will get.
    var status = 0
    var legs: Legs
    var state: State
    var media: MediaIntent
    /// Call-ID of the caller's INVITE, if it was refused.
    var refusedCallID: [UInt8] = []
    /// All tags of ours that lead to this call.
    private(set) var tags: [[UInt8]] = []
    /// The trunks that it came from and went to; the box may have connected others since.
    var trunks: (from: TrunkName, to: TrunkName)
    /// The INVITE that made leg b, while further answers to it may come.
    var sentInvite: PlacedInvite?
    /// The search for a place that takes the call, until it is answered.
    @Apart var search: CallSearch?
    /// Tags of branches that answered after another one, or after the call's end.
    var endedBranches: [[UInt8]] = []
    /// Early dialogs of the callee's leg, for those of them that answer after all.
    var branchDialogs: [Dialog] = []
    /// After a restart: the caller's INVITE is awaited to be refused.
    var awaitsRefusal = false
    /// After a restart: INVITEs that are awaited.
    var awaitedKeys: [InviteKey] = []
    /// Which way media may go before the answer, as the callee's side sees it; nil: both.
    var earlyGate: Direction?
    /// The cause (ITU-T Q.850) that a party gave for the end; nil: none did.
    var q850Cause: UInt8?
    /// An INVITE of our own for other keys.
    @Apart var rekey: Rekey?
    /// Targets of the dialogs when `parties` was made of them.
    var notedTargets: (a: [UInt8], b: [UInt8]) = ([], [])
    /// Where its parties are, as far as that is no source of a trunk.
    var parties: Set<IPAddress> = []
    /// Parties are asked now and then whether they know the call.
    var isAudited = false
    /// The timer of the longest duration runs.
    var hasDurationTimer = false
    /// Digits of both parties; nil: none were seen.
    @Apart var digitLog: DigitLog?
    /// What it has to do with transfers.
    var transfers = CallTransfers()
    /// The media was announced to the owner and not removed.
    var hasMedia = false

    /// What is left of an INVITE whose answer came.
    struct PlacedInvite {
        let bytes: [UInt8]
        /// Its CSeq number.
        let sequence: UInt32
        /// Its ACK, once a later INVITE of ours has had one.
        @Apart var ack: Leg.SentAck? = nil
    }

    /// Both legs, by side.
    struct Legs {
        var a: Leg
        var b: Leg
        subscript(_ side: Side) -> Leg {
            // Not `_read`: Swift 6.3.1 releases what comes out of it once too often.
            get { side == .a ? self.a : self.b }
            set { if side == .a { self.a = newValue } else { self.b = newValue } }
            _modify {
                if side == .a { yield &self.a } else { yield &self.b }
            }
        }
    }

    /// What a call is born with.
    struct Birth {
        let id: CallIdentifier
        let token: AdmissionToken
        let users: CallUsers
        let startedAt: Milliseconds
        let legs: Legs
        var isEmergency = false
        var tenant: CallTenant?
    }

    init(_ birth: Birth, context: EngineContext, state: State) {
        self.id = birth.id
        self.context = context
        self.token = birth.token
        self.users = birth.users
        self.startedAt = birth.startedAt
        self.offsets.origin = context.monotonicNow
        self.isEmergency = birth.isEmergency
        self.tenant = birth.tenant
        self.legs = birth.legs
        self.trunks = (birth.legs.a.trunk.name, birth.legs.b.trunk.name)
        self.state = state
        self.media = MediaIntent(
            a: MediaIntent.Leg(local: birth.legs.a.port),
            b: MediaIntent.Leg(local: birth.legs.b.port))
    }

    /// A part of a leg. `legs[side]` copies the whole leg, and touches thirty counts of references:
    /// too much for what every message looks at.
    @inline(__always)
    func part<Part>(_ side: Side, _ part: (Leg) -> Part) -> Part {
        if side == .a { return part(self.legs.a) }
        return part(self.legs.b)
    }

    func reference(_ side: Side) -> LegReference { LegReference(call: self.id, side: side) }

    /// Requests with this tag of ours belong to this leg from now on.
    func register(_ tag: [UInt8], _ side: Side) {
        self.tags.append(tag)
        self.context.tags[tag] = self.reference(side)
    }

    func unregister(_ tag: [UInt8]) {
        self.tags.removeAll { $0 == tag }
        self.context.tags[tag] = nil
    }

    /// Nothing more comes of the INVITE that made leg b.
    func inviteIsOver() {
        // Whoever still repeats its 2xx has given the call up by now (RFC 3261 section 13.3.1.4).
        if self.transfers.formerLeg == nil, let sequence = self.sentInvite?.sequence,
            self.legs.b.sentAck?.sequence == sequence
        {
            self.legs.b.sentAck = nil
        }
        self.sentInvite = nil
        self.branchDialogs = []
        self.transfers.formerLeg = nil
    }

    func emit(_ action: CallAction) { self.context.actions.append(action) }

    /// True once the call is being ended or has ended.
    var isEnding: Bool {
        switch self.state {
        case .settingUp, .up: false
        case .ending, .over: true
        }
    }

    /// As the command line lists it.
    var summary: CallSummary {
        let state: CallSummary.State =
            switch self.state {
            case .settingUp(let setup): setup.isRinging ? .ringing : .connecting
            case .up: self.legs.a.awaitingAck != nil ? .answered : .established
            case .ending, .over: .ending
            }
        var learned: [Side: SocketAddress] = [:]
        for side in Side.allCases { learned[side] = self.legs[side].learnedSource }
        return CallSummary(
            id: self.id, state: state, from: self.legs.a.trunk.name, to: self.legs.b.trunk.name,
            calling: Array(self.users.calling), called: Array(self.users.called),
            callIDs: Side.allCases.compactMap { self.legs[$0].dialog?.key.callID },
            startedAt: self.startedAt, answeredAt: self.answeredAt, media: self.media,
            learnedSources: learned, protection: self.protection, tenant: self.tenant,
            digits: self.digitSummary)
    }
}
