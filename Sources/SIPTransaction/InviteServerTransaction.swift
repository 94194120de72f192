// SPDX-License-Identifier: Apache-2.0

/// The server side of an INVITE (RFC 3261 section 17.2.1, with RFC 6026 section 7.1).
///
///     Proceeding -2xx-> Accepted -L-> Terminated
///         |-3xx..6xx-> Completed -ACK-> Confirmed -I-> Terminated
///                          +- H -> Terminated
///
/// A transport failure changes no state (RFC 6026 section 7.1): the user is told, the timers end
/// the transaction.
public struct InviteServerTransaction: ~Copyable {
    /// Where the transaction stands.
    public enum State: Sendable, CaseIterable {
        /// No final response yet.
        case proceeding
        /// A final response other than 2xx was sent; the ACK is awaited.
        case completed
        /// The ACK came; repeated ones are absorbed.
        case confirmed
        /// A 2xx was sent; repeated INVITEs are absorbed.
        case accepted
        /// Over.
        case terminated
    }

    /// Where the transaction stands.
    public private(set) var state: State = .proceeding
    private var hasResponse = false
    private let isReliable: Bool
    private let t2: UInt32
    private var retransmitMilliseconds: UInt32

    /// A transaction not yet started, over a transport that is reliable or not.
    public init(timing: TransactionTiming, isReliable: Bool) {
        self.isReliable = isReliable
        self.t2 = timing.t2
        self.retransmitMilliseconds = timing.t1
    }

    /// The first event: passes the INVITE on.
    public mutating func start() -> TransactionActions {
        TransactionActions(.deliver, starts: .init(.trying))
    }

    /// The INVITE came again.
    public mutating func receivedRequest() -> TransactionActions {
        switch self.state {
        case .proceeding where self.hasResponse, .completed:
            TransactionActions(.sendResponse)
        case .proceeding, .confirmed, .accepted, .terminated:
            .none
        }
    }

    /// An ACK matched. That for a 2xx goes to the user (RFC 6026 section 7.1).
    public mutating func receivedAck() -> TransactionActions {
        switch self.state {
        case .completed where self.isReliable:
            self.state = .terminated
            return TransactionActions(.terminated, stops: .init(.g, .h))
        case .completed:
            self.state = .confirmed
            return TransactionActions(starts: .init(.i), stops: .init(.g, .h))
        case .accepted:
            return TransactionActions(.deliver)
        case .proceeding, .confirmed, .terminated:
            return .none
        }
    }

    /// The user answers. Without `.sendResponse` in the result the response came too late.
    public mutating func respond(status: Int) -> TransactionActions {
        switch (self.state, status) {
        case (.proceeding, 100...199):
            self.hasResponse = true
            return TransactionActions(.sendResponse, stops: .init(.trying))
        case (.proceeding, 200...299):
            self.state = .accepted
            return TransactionActions(.sendResponse, starts: .init(.l), stops: .init(.trying))
        case (.proceeding, 300...699):
            self.state = .completed
            guard !self.isReliable else {
                return TransactionActions(.sendResponse, starts: .init(.h), stops: .init(.trying))
            }
            return TransactionActions(
                .sendResponse, starts: .init(.g, .h), stops: .init(.trying),
                retransmitMilliseconds: self.retransmitMilliseconds)
        case (.accepted, 200...299):
            return TransactionActions(.sendResponse)
        default:
            return .none
        }
    }

    /// A timer ran out.
    public mutating func timerFired(_ timer: TransactionTimer) -> TransactionActions {
        switch (self.state, timer) {
        case (.proceeding, .trying) where !self.hasResponse:
            self.hasResponse = true
            return TransactionActions(.sendTrying)
        case (.completed, .g):
            self.retransmitMilliseconds = min(2 * self.retransmitMilliseconds, self.t2)
            return TransactionActions(
                .sendResponse, starts: .init(.g),
                retransmitMilliseconds: self.retransmitMilliseconds)
        case (.completed, .h):
            self.state = .terminated
            return TransactionActions([.timeout, .terminated], stops: .init(.g))
        case (.confirmed, .i), (.accepted, .l):
            self.state = .terminated
            return TransactionActions(.terminated)
        default:
            return .none
        }
    }

    /// A response could not be sent.
    public mutating func transportFailed() -> TransactionActions {
        switch self.state {
        case .proceeding, .completed, .accepted: TransactionActions(.transportFailed)
        case .confirmed, .terminated: .none
        }
    }
}
