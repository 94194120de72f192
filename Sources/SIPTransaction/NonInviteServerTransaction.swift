// SPDX-License-Identifier: Apache-2.0

/// The server side of a request other than INVITE and ACK (RFC 3261 section 17.2.2), as RFC 4320
/// corrects it: no provisional response but 100, that one only once the client has slowed down,
/// never a 408, and no final response at all when it would come too late to be of use.
///
///     Trying -100-> Proceeding -2xx..6xx-> Completed -J-> Terminated
///        +- F (64 * T1 without an answer) -> Terminated
public struct NonInviteServerTransaction: ~Copyable {
    /// Where the transaction stands.
    public enum State: Sendable, CaseIterable {
        /// Received, not answered.
        case trying
        /// A 100 was sent.
        case proceeding
        /// A final response was sent; it is repeated for each repeated request.
        case completed
        /// Over.
        case terminated
    }

    /// Where the transaction stands.
    public private(set) var state: State = .trying
    private var mayTry: Bool
    private var isSilent = false
    private let isReliable: Bool

    /// A transaction not yet started, over a transport that is reliable or not.
    public init(timing: TransactionTiming, isReliable: Bool) {
        self.isReliable = isReliable
        self.mayTry = isReliable
    }

    /// The first event: passes the request on.
    public mutating func start() -> TransactionActions {
        TransactionActions(.deliver, starts: .init(.lateTrying, .f))
    }

    /// The request came again.
    public mutating func receivedRequest() -> TransactionActions {
        switch self.state {
        case .proceeding: TransactionActions(.sendResponse)
        case .completed where !self.isSilent: TransactionActions(.sendResponse)
        case .trying, .completed, .terminated: .none
        }
    }

    /// The user answers. Without `.sendResponse` in the result nothing may be sent.
    public mutating func respond(status: Int) -> TransactionActions {
        switch (self.state, status) {
        case (.trying, 100) where self.mayTry, (.proceeding, 100):
            self.state = .proceeding
            return TransactionActions(.sendResponse, stops: .init(.lateTrying))
        case (.trying, 408), (.proceeding, 408):
            self.isSilent = true
            return self.complete([])
        case (.trying, 200...699), (.proceeding, 200...699):
            return self.complete(.sendResponse)
        default:
            return .none
        }
    }

    private mutating func complete(
        _ effects: TransactionActions.Effects
    ) -> TransactionActions {
        let stops = TimerSet(.lateTrying, .f)
        guard !self.isReliable else {
            self.state = .terminated
            return TransactionActions(effects.union(.terminated), stops: stops)
        }
        self.state = .completed
        return TransactionActions(effects, starts: .init(.j), stops: stops)
    }

    /// A timer ran out.
    public mutating func timerFired(_ timer: TransactionTimer) -> TransactionActions {
        switch (self.state, timer) {
        case (.trying, .lateTrying):
            self.mayTry = true
            self.state = .proceeding
            return TransactionActions(.sendTrying)
        case (.trying, .f), (.proceeding, .f):
            self.state = .terminated
            return TransactionActions([.timeout, .terminated], stops: .init(.lateTrying))
        case (.completed, .j):
            self.state = .terminated
            return TransactionActions(.terminated)
        default:
            return .none
        }
    }

    /// A response could not be sent (RFC 3261 section 17.2.4).
    public mutating func transportFailed() -> TransactionActions {
        switch self.state {
        case .proceeding, .completed:
            self.state = .terminated
            return TransactionActions(
                [.transportFailed, .terminated], stops: .init(.j, .f))
        case .trying, .terminated:
            return .none
        }
    }
}
