// SPDX-License-Identifier: Apache-2.0

/// What a transaction machine wants done after one event. The order is fixed: timers stopped,
/// messages sent, timers started, the transaction user told, the transaction removed.
public struct TransactionActions: Sendable, Hashable {
    /// What to do besides timers.
    public struct Effects: OptionSet, Sendable, Hashable {
        /// One bit an effect.
        public let rawValue: UInt16

        /// From the bits.
        public init(rawValue: UInt16) {
            self.rawValue = rawValue
        }

        /// Send the request (again).
        public static let sendRequest = Effects(rawValue: 1)
        /// Build or repeat the ACK for a final response other than 2xx.
        public static let sendAck = Effects(rawValue: 1 << 1)
        /// Build the CANCEL and start its own transaction.
        public static let sendCancel = Effects(rawValue: 1 << 2)
        /// Send the last response (again).
        public static let sendResponse = Effects(rawValue: 1 << 3)
        /// Build 100 Trying, send it, keep it as the last response.
        public static let sendTrying = Effects(rawValue: 1 << 4)
        /// Pass the message in hand to the transaction user.
        public static let deliver = Effects(rawValue: 1 << 5)
        /// Tell the transaction user that the transaction ran out of time.
        public static let timeout = Effects(rawValue: 1 << 6)
        /// Tell the transaction user that a message could not be sent.
        public static let transportFailed = Effects(rawValue: 1 << 7)
        /// Forget the transaction.
        public static let terminated = Effects(rawValue: 1 << 8)
    }

    /// What to do besides timers.
    public var effects: Effects
    /// Timers to start; a running one starts anew.
    public var starts: TimerSet
    /// Timers to stop, if they run.
    public var stops: TimerSet
    /// The duration of timer A, E or G when it is among `starts`; else 0. Every other timer has
    /// the duration that `TransactionTiming` gives.
    public var retransmitMilliseconds: UInt32

    /// Effects and timers.
    public init(
        _ effects: Effects = [], starts: TimerSet = [], stops: TimerSet = [],
        retransmitMilliseconds: UInt32 = 0
    ) {
        self.effects = effects
        self.starts = starts
        self.stops = stops
        self.retransmitMilliseconds = retransmitMilliseconds
    }

    /// Nothing to do.
    public static let none = TransactionActions()
}
