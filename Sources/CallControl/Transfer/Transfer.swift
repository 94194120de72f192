// SPDX-License-Identifier: Apache-2.0

import Sharing
import SIPMessage

/// A transfer of a call: its party on one side sent a REFER, and another party is being called.
///
/// A leg of a call is replaced by a leg of another call; that is the one way in which parties
/// change. The other call is made for it (the box calls for a REFER, or takes an INVITE with
/// Replaces), or is there already (a REFER names its dialog). So the replacing leg has its own
/// ports, offers, branches and timers long before it is needed, and the old one stands as long:
///
///     call 1    Y ==== X         Y ==== Z       up: goes on, its media with Z
///     call 2    -  ... Z         -  ... X       ending: X gets its last NOTIFY and BYE
///
///     none -REFER-> calling -2xx of Z: legs change places-> none
///                      +- Z refuses, or never answers: NOTIFY, the call is as it was -> none
///                      +- Y hangs up, or the call ends: Z gets CANCEL, X a last NOTIFY -> none
///                      +- X hangs up: Y waits for Z -> calling, without X
///
/// Flows keep their leg: what was learned, nominated and agreed about Z's media before the answer
/// is what the call goes on with, and Y's stream is never another one. Where Y was told of another
/// codec than Z has, or is on hold, it gets a re-INVITE of ours afterwards (`Call+Align`).
struct Transfer {
    /// Where the REFER came from.
    let side: Side
    /// The call that is being made for it.
    let attempt: CallIdentifier
}

/// Why there is a call whose caller is the box: some other call needs its leg b, or its leg a. Or
/// it is a test call.
struct TransferAttempt {
    /// The call that needs it; nil: none, it is a test call.
    let call: CallIdentifier?
    /// The side of that call that will be replaced.
    let side: Side
    /// The REFER, or the INVITE of a test call; its checkpoint stands for the caller's INVITE,
    /// which there is none of.
    let refer: ReceivedRequest
    /// Request-URI and To as they have to be; nil: as for any other call.
    let uri: [UInt8]?
    /// Referred-By and Replaces, where they go along.
    var referredBy: [UInt8]?
    var replaces: [UInt8]?
    /// The end was told to the call that waits.
    var isSettled = false
}

/// What a call has to do with transfers.
struct CallTransfers {
    /// The one that is under way: one at a time.
    var current: Transfer?
    /// The call is made for another one.
    @Apart var attempt: TransferAttempt?
    /// Leg b as it was when it went to another call, for later answers to the INVITE that made it.
    @Apart var formerLeg: Leg?
    /// Who left, and which calls belong together; nil: nobody and none.
    @Apart var history: TransferHistory?
    /// Legs that are to be offered what the other one has.
    var toAlign: [Side] = []
    /// Offers of ours since then that followed from what a party made of another one.
    var followUps = 0
    /// REFERs that the other party was asked to serve.
    var passed: [PassedRefer] = []
    /// Transfers that were made.
    var count = 0
    /// REFERs that a party has sent in this call.
    var refers = 0

    /// Parties that one call may have one after the other: a chain that never ends is a loop.
    static let countMax = 16
    /// Follow-ups at most: parties that never agree are left as they are.
    static let followUpsMax = 6
}

/// What concerns two calls: one asks for it, the engine does it when the input in hand is done.
enum TransferStep {
    /// A party asked for a transfer.
    case refer(LegReference, ReceivedRequest, ReferRequest)
    /// A call that is made for another one heard something.
    case progress(attempt: CallIdentifier, status: Int)
    /// It was answered.
    case answered(attempt: CallIdentifier)
    /// It was not.
    case failed(attempt: CallIdentifier, status: Int)
    /// Nobody needs it any more.
    case abandoned(attempt: CallIdentifier)
    /// The restart of this process ended it; the REFER.
    case lost(SIPMessage)
}
