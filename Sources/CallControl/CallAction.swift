// SPDX-License-Identifier: Apache-2.0

public import Admission
public import Sharing
public import SIPMessage
public import SIPTransaction

/// A request of ours by the engine's own number; the transaction layer's comes later.
public struct RequestHandle: Sendable, Hashable {
    /// Never used twice by one engine.
    public let value: UInt64
    init(_ value: UInt64) { self.value = value }
}

/// A request that the engine wants sent through a client transaction.
public struct OutgoingRequest: Sendable, Hashable {
    /// The engine's number for it.
    public let handle: RequestHandle
    /// Its method.
    public let method: Method
    /// The branch of its Via.
    public let branch: [UInt8]
    /// The whole message.
    public let bytes: [UInt8]
    /// Where it goes.
    public let hop: Hop
}

/// A timer of the engine. Starting a running one starts it anew.
public enum CallTimer: Sendable, Hashable {
    /// A re-INVITE of ours met one of the peer's; try again (RFC 3261 section 14.1).
    case glare(CallIdentifier)
    /// The target that a new call was sent to says nothing.
    case targetSilent(CallIdentifier)
    /// The search for a target takes too long.
    case searchDeadline(CallIdentifier)
    /// The call was not answered for too long.
    case ringing(CallIdentifier)
    /// The call did not end by itself although all was done for it: what is left is let go.
    case ending(CallIdentifier)
    /// A reliable provisional response of this branch was not acknowledged (RFC 3262 section 3).
    case provisional(CallIdentifier, branch: UInt8)
    /// The session of a leg is to be refreshed, or over (RFC 4028).
    case session(CallIdentifier, Side)
    /// Parties that send no media are asked whether they still know the call.
    case audit(CallIdentifier)
    /// The call is as long as a call may be.
    case duration(CallIdentifier)
    /// A party that was transferred away did not hang up.
    case goodbye(CallIdentifier)
    /// A party's subscription to key presses is over.
    case keys(CallIdentifier, Side)
    /// Our subscription to a party's is to be renewed.
    case keyWatch(CallIdentifier, Side)
    /// The next digit for a party may be sent in a message.
    case digit(CallIdentifier, Side)
    /// The deadline of a drain; nil: the node.
    case drain(TrunkName?)
    /// Something is due for a peer: an OPTIONS, the end of its wait, or the peer's return.
    case peer(PeerNumber)
}

/// What the engine wants done. The owner does it in the order given. Large payloads stand aside,
/// so that arrays of actions stay small.
public enum CallAction: Sendable {
    /// Answer a request through its server transaction.
    case respond(ServerTransactionID, status: Int, [UInt8])
    /// The To tag that the final response to an INVITE will have.
    case tag(ServerTransactionID, [UInt8])
    /// Repeat the 2xx to an INVITE no more: its dialog ended before its ACK came.
    case stopRepeating(ServerTransactionID)
    /// Send a request through a client transaction; its identifier goes to
    /// ``CallEngine/started(_:as:)``.
    case request(OutgoingRequest)
    /// Cancel an INVITE of ours; the transaction layer waits for a provisional response. `reason`
    /// is the value of a Reason header, or empty.
    case cancel(RequestHandle, reason: [UInt8])
    /// Send without a transaction: an ACK for a 2xx, or a 2xx again after a restart.
    case send([UInt8], Hop)
    /// Give to the transaction layer as if it had just arrived: an INVITE from before a restart,
    /// which needs a server transaction to be answered.
    case replay([UInt8], Hop)
    /// Start a timer.
    case startTimer(CallTimer, milliseconds: UInt32)
    /// Stop a timer that runs.
    case stopTimer(CallTimer)
    /// An emergency call was let in.
    case emergency(CallIdentifier, from: TrunkName, to: TrunkName)
    /// The media of a call has to be this from now on.
    case media(CallIdentifier, MediaIntent)
    /// The call has no media any more.
    case removeMedia(CallIdentifier)
    /// Legs of two calls change places, and their flows with them: the media of both calls follows,
    /// or its end.
    case exchangeMedia(MediaExchange)
    /// Send digits to the party of a leg, with its media and behind those that wait.
    case digits(CallIdentifier, Side, DigitBurst)
    /// Something happened to digits.
    case digitNews(CallIdentifier, Side, DigitNews)
    /// Keep this across a restart, in place of the call's last one.
    case checkpoint(Shared<CallCheckpoint>)
    /// The call is over.
    case removeCheckpoint(CallIdentifier)
    /// A call ended; exactly one for each call that was admitted.
    indirect case record(CallRecord)
    /// An INVITE of a trunk was refused before there was a call.
    indirect case attempt(AttemptRecord)
}
