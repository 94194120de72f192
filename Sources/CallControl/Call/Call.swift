// SPDX-License-Identifier: Apache-2.0

import Admission
import NetworkAddress
import SDP
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
        case settingUp(Setup)
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
        var forks: [Fork] = []
        var isRinging = false
        /// The branch whose description came last: the media follows it.
        var speakingTag: [UInt8]?

        var speaking: Fork? {
            self.speakingTag.flatMap { tag in self.forks.first { $0.localTag == tag } }
        }
    }

    let id: CallIdentifier
    unowned let context: EngineContext
    var token: AdmissionToken
    /// User parts, for records.
    let calling: [UInt8]
    let called: [UInt8]
    let startedAt: Milliseconds
    var answeredAt: Milliseconds?
    /// The final status that the caller got or will get.
    var status = 0
    var legs: Legs
    var state: State
    var media: MediaIntent
    /// All tags of ours that lead to this call.
    private(set) var tags: [[UInt8]] = []
    /// The trunks that it came from and went to first; the box may have connected others since.
    let trunks: (from: TrunkName, to: TrunkName)
    /// The INVITE that made leg b, while further answers to it may come.
    var sentInvite: SIPMessage?
    /// Tags of branches that answered after another one, or after the call's end.
    var endedBranches: [[UInt8]] = []
    /// After a restart: the caller's INVITE is awaited to be refused.
    var awaitsRefusal = false
    /// After a restart: INVITEs that are awaited.
    var awaitedKeys: [InviteKey] = []
    /// An INVITE of our own for other keys.
    var rekey: Rekey?
    /// What it has to do with transfers.
    var transfers = CallTransfers()
    /// The media was announced to the owner and not removed.
    var hasMedia = false

    /// Both legs, by side.
    struct Legs {
        var a: Leg
        var b: Leg
        subscript(_ side: Side) -> Leg {
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
        let calling: [UInt8]
        let called: [UInt8]
        let startedAt: Milliseconds
        let legs: Legs
    }

    init(_ birth: Birth, context: EngineContext, state: State) {
        self.id = birth.id
        self.context = context
        self.token = birth.token
        self.calling = birth.calling
        self.called = birth.called
        self.startedAt = birth.startedAt
        self.legs = birth.legs
        self.trunks = (birth.legs.a.trunk.name, birth.legs.b.trunk.name)
        self.state = state
        self.media = MediaIntent(
            a: MediaIntent.Leg(local: birth.legs.a.port),
            b: MediaIntent.Leg(local: birth.legs.b.port))
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
            calling: self.calling, called: self.called,
            callIDs: Side.allCases.compactMap { self.legs[$0].dialog?.key.callID },
            startedAt: self.startedAt, answeredAt: self.answeredAt, media: self.media,
            learnedSources: learned, protection: self.protection)
    }
}
