// SPDX-License-Identifier: Apache-2.0

/// The client side of a request other than INVITE and ACK (RFC 3261 section 17.1.2).
///
///     Trying -1xx-> Proceeding -2xx..6xx-> Completed -K-> Terminated
///        +- F, transport failure -> Terminated
public struct NonInviteClientTransaction: ~Copyable {
    /// Where the transaction stands.
    public enum State: Sendable, CaseIterable {
        /// Sent, nothing heard.
        case trying
        /// A provisional response came.
        case proceeding
        /// A final response came; repeated ones are absorbed.
        case completed
        /// Over.
        case terminated
    }

    /// Where the transaction stands.
    public private(set) var state: State = .trying
    private let isReliable: Bool
    private let t2: UInt32
    private var retransmitMilliseconds: UInt32

    /// A transaction not yet started, over a transport that is reliable or not.
    public init(timing: TransactionTiming, isReliable: Bool) {
        self.isReliable = isReliable
        self.t2 = timing.t2
        self.retransmitMilliseconds = timing.t1
    }

    /// The first event: sends the request.
    public mutating func start() -> TransactionActions {
        guard !self.isReliable else { return TransactionActions(.sendRequest, starts: .init(.f)) }
        return TransactionActions(
            .sendRequest, starts: .init(.e, .f),
            retransmitMilliseconds: self.retransmitMilliseconds)
    }

    /// A response with the status came.
    public mutating func received(status: Int) -> TransactionActions {
        switch (self.state, status) {
        case (.trying, 100...199), (.proceeding, 100...199):
            self.state = .proceeding
            return TransactionActions(.deliver)
        case (.trying, 200...699), (.proceeding, 200...699):
            guard !self.isReliable else {
                self.state = .terminated
                return TransactionActions([.deliver, .terminated], stops: .init(.e, .f))
            }
            self.state = .completed
            return TransactionActions(.deliver, starts: .init(.k), stops: .init(.e, .f))
        default:
            return .none
        }
    }

    /// A timer ran out.
    public mutating func timerFired(_ timer: TransactionTimer) -> TransactionActions {
        switch (self.state, timer) {
        case (.trying, .e):
            return self.retransmit(after: min(2 * self.retransmitMilliseconds, self.t2))
        case (.proceeding, .e):
            return self.retransmit(after: self.t2)
        case (.trying, .f), (.proceeding, .f):
            self.state = .terminated
            return TransactionActions([.timeout, .terminated], stops: .init(.e))
        case (.completed, .k):
            self.state = .terminated
            return TransactionActions(.terminated)
        default:
            return .none
        }
    }

    private mutating func retransmit(after milliseconds: UInt32) -> TransactionActions {
        self.retransmitMilliseconds = milliseconds
        return TransactionActions(
            .sendRequest, starts: .init(.e), retransmitMilliseconds: milliseconds)
    }

    /// The request could not be sent (RFC 3261 section 17.1.4).
    public mutating func transportFailed() -> TransactionActions {
        switch self.state {
        case .trying, .proceeding:
            self.state = .terminated
            return TransactionActions([.transportFailed, .terminated], stops: .init(.e, .f))
        case .completed, .terminated:
            return .none
        }
    }
}
