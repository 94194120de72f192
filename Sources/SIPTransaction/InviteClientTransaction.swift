// SPDX-License-Identifier: Apache-2.0

/// The client side of an INVITE (RFC 3261 section 17.1.1, with RFC 6026 section 7.2).
///
///     Calling -1xx-> Proceeding -2xx-> Accepted  -M-> Terminated
///        |                |-3xx..6xx-> Completed -D-> Terminated
///        +- B, transport failure -> Terminated
///
/// Two ends are added to the figure, both from the RFC's text, so that no transaction lives for
/// ever: timer C (section 16.6) cancels an INVITE that only got provisional responses, and a
/// cancelled INVITE is given up after 64 * T1 (section 9.1).
public struct InviteClientTransaction: ~Copyable {
    /// Where the transaction stands.
    public enum State: Sendable, CaseIterable {
        /// Sent, nothing heard.
        case calling
        /// A provisional response came.
        case proceeding
        /// A final response other than 2xx came and was acknowledged.
        case completed
        /// A 2xx came; the transaction user sends the ACK.
        case accepted
        /// Over.
        case terminated
    }

    private enum Cancel { case none, wanted, sent }

    /// Where the transaction stands.
    public private(set) var state: State = .calling
    private var cancelState = Cancel.none
    private let isReliable: Bool
    private var retransmitMilliseconds: UInt32

    /// A transaction not yet started, over a transport that is reliable or not.
    public init(timing: TransactionTiming, isReliable: Bool) {
        self.isReliable = isReliable
        self.retransmitMilliseconds = timing.t1
    }

    /// The first event: sends the request.
    public mutating func start() -> TransactionActions {
        guard !self.isReliable else { return TransactionActions(.sendRequest, starts: .init(.b)) }
        return TransactionActions(
            .sendRequest, starts: .init(.a, .b),
            retransmitMilliseconds: self.retransmitMilliseconds)
    }

    /// A response with the status came.
    public mutating func received(status: Int) -> TransactionActions {
        switch (self.state, status) {
        case (.calling, 100...199), (.proceeding, 100...199):
            return self.receivedProvisional(status: status)
        case (.calling, 200...299), (.proceeding, 200...299):
            self.state = .accepted
            return TransactionActions(
                .deliver, starts: .init(.m), stops: .init(.a, .b, .c, .cancelled))
        case (.calling, 300...699), (.proceeding, 300...699):
            return self.receivedFailure()
        case (.completed, 300...699):
            return TransactionActions(.sendAck)
        case (.accepted, 200...299):
            return TransactionActions(.deliver)
        default:
            return .none
        }
    }

    private mutating func receivedProvisional(status: Int) -> TransactionActions {
        let isFirst = self.state == .calling
        self.state = .proceeding
        if self.cancelState == .wanted {
            self.cancelState = .sent
            return TransactionActions(
                [.sendCancel, .deliver], starts: .init(.cancelled), stops: .init(.a, .b))
        }
        var actions = TransactionActions(.deliver, stops: isFirst ? .init(.a, .b) : [])
        if self.cancelState == .none, isFirst || status > 100 { actions.starts = .init(.c) }
        return actions
    }

    private mutating func receivedFailure() -> TransactionActions {
        let stops = TimerSet(.a, .b, .c, .cancelled)
        guard !self.isReliable else {
            self.state = .terminated
            return TransactionActions([.sendAck, .deliver, .terminated], stops: stops)
        }
        self.state = .completed
        return TransactionActions([.sendAck, .deliver], starts: .init(.d), stops: stops)
    }

    /// A timer ran out.
    public mutating func timerFired(_ timer: TransactionTimer) -> TransactionActions {
        switch (self.state, timer) {
        case (.calling, .a):
            // At most 64 * T1 = 3,840,000 before timer B ends it: no overflow.
            self.retransmitMilliseconds = min(2 * self.retransmitMilliseconds, 1 << 24)
            return TransactionActions(
                .sendRequest, starts: .init(.a),
                retransmitMilliseconds: self.retransmitMilliseconds)
        case (.calling, .b), (.proceeding, .cancelled):
            self.state = .terminated
            return TransactionActions([.timeout, .terminated], stops: .init(.a))
        case (.proceeding, .c):
            return self.cancel()
        case (.completed, .d), (.accepted, .m):
            self.state = .terminated
            return TransactionActions(.terminated)
        default:
            return .none
        }
    }

    /// The transaction user wants the call ended before it is answered. A CANCEL goes out once a
    /// provisional response came (RFC 3261 section 9.1); after a final response it is too late.
    public mutating func cancel() -> TransactionActions {
        switch (self.state, self.cancelState) {
        case (.calling, .none):
            self.cancelState = .wanted
            return .none
        case (.proceeding, .none):
            self.cancelState = .sent
            return TransactionActions(.sendCancel, starts: .init(.cancelled), stops: .init(.c))
        default:
            return .none
        }
    }

    /// The request or the ACK could not be sent (RFC 3261 section 17.1.4). A connection that goes
    /// away while a response is awaited is no failure: the peer may open one to answer.
    public mutating func transportFailed() -> TransactionActions {
        switch self.state {
        case .calling, .completed:
            self.state = .terminated
            return TransactionActions(
                [.transportFailed, .terminated], stops: .init(.a, .b, .d))
        case .proceeding, .accepted, .terminated:
            return .none
        }
    }
}
