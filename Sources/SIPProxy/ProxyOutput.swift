// SPDX-License-Identifier: Apache-2.0

public import SIPTransaction

/// A question that a proxy waits on.
public struct ProxyTicket: Sendable, Hashable {
    let number: UInt64
}

/// A timer of a proxy.
public enum ProxyTimer: Sendable, Hashable {
    /// The transaction layer's.
    case transaction(TimerToken)
    /// The answer of a consultation is not waited for any longer.
    case consultation(ProxyTicket)

    /// See ``TimerToken/hash(into:)``: which case it is tells little.
    public func hash(into hasher: inout Hasher) {
        switch self {
        case .transaction(let token): hasher.combine(token)
        case .consultation(let ticket): hasher.combine(ticket)
        }
    }
}

/// What a proxy wants done, in this order.
public enum ProxyOutput: Sendable {
    /// Send a message. When that fails and a transaction is named, call
    /// ``ProxyCore/transportFailed(_:)``.
    case send([UInt8], Hop, TransactionID?)
    /// Start a timer; a running one starts anew.
    case startTimer(ProxyTimer, milliseconds: UInt32)
    /// Stop a timer, if it runs.
    case stopTimer(ProxyTimer)
    /// Look up a name (RFC 3263) and call ``ProxyCore/located(_:_:)``, once and in any case.
    case locate(ProxyTicket, NextHop)
    /// Ask the service and call ``ProxyCore/consulted(_:_:)``.
    case consult(ProxyTicket, Consultation)
    /// The answer is of no use any more.
    case endConsultation(ProxyTicket)
}
