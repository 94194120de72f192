// SPDX-License-Identifier: Apache-2.0

public import SIPMessage

/// What the layer wants done, in the order in which it is to be done.
public enum TransactionOutput: Sendable {
    /// Send a message. When that fails and a transaction is named, tell it: `transportFailed(_:)`.
    case send([UInt8], Hop, TransactionID?)
    /// Start a timer and hand the token to `timerFired(_:)` when it runs out.
    case startTimer(TimerToken, milliseconds: UInt32)
    /// Stop a timer. A fire that comes nevertheless does no harm.
    case stopTimer(TimerToken)
    /// A new request, never ACK or CANCEL; to be answered with `respond`.
    case request(ServerTransactionID, SIPMessage, Hop)
    /// An ACK for a 2xx, or one that matches nothing. Repeated ACKs for a 2xx that this layer
    /// still knows come once; a proxy gets every one.
    case ack(SIPMessage, Hop)
    /// A CANCEL for an INVITE that has no final response yet; comes once. The CANCEL is answered;
    /// the INVITE is to be answered, with 487 as a rule (RFC 3261 section 9.2).
    case cancel(invite: ServerTransactionID, SIPMessage)
    /// A proxy's: a CANCEL that matches no INVITE, to be forwarded without state (RFC 3261 section
    /// 16.10). A user agent's layer answers such a one itself.
    case strayCancel(SIPMessage, Hop)
    /// A response to a request sent. For an INVITE every 2xx until timer M, each of which wants
    /// an ACK from the user.
    case response(ClientTransactionID, SIPMessage)
    /// A 2xx to an INVITE that no transaction knows any more, as after a restart: its sender
    /// repeats it until it sees our ACK (RFC 3261 section 13.2.2.4).
    case strayAnswer(SIPMessage)
    /// No final response in time; counts as a 408 (RFC 3261 section 8.1.3.1).
    case timeout(ClientTransactionID)
    /// The request could not be sent; counts as a 503 (RFC 3261 section 8.1.3.1).
    case transportFailed(ClientTransactionID)
    /// No ACK came for a final response to an INVITE (RFC 3261 sections 13.3.1.4 and 17.2.1), or
    /// the user left a non-INVITE request without an answer until none was of use (RFC 4320).
    case serverTimeout(ServerTransactionID)
    /// A response could not be sent, over any way there is (RFC 3261 section 18.2.2).
    case serverTransportFailed(ServerTransactionID)
    /// The transaction is over; its identifier means nothing from here on.
    case terminated(TransactionID)
}
