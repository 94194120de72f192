// SPDX-License-Identifier: Apache-2.0

/// A client transaction of one layer: a slot and the slot's generation, so that an identifier
/// kept too long names nothing rather than another transaction.
public struct ClientTransactionID: Sendable, Hashable {
    let slot: UInt32
    let generation: UInt32

    init(slot: UInt32, generation: UInt32) {
        self.slot = slot
        self.generation = generation
    }

    /// Both in one word: every message looks transactions up.
    var word: UInt64 { UInt64(self.slot) << 32 | UInt64(self.generation) }

    /// One part instead of two.
    public func hash(into hasher: inout Hasher) { hasher.combine(self.word) }
}

/// A server transaction of one layer; see `ClientTransactionID`.
public struct ServerTransactionID: Sendable, Hashable {
    let slot: UInt32
    let generation: UInt32

    init(slot: UInt32, generation: UInt32) {
        self.slot = slot
        self.generation = generation
    }

    /// Both in one word: every message looks transactions up.
    var word: UInt64 { UInt64(self.slot) << 32 | UInt64(self.generation) }

    /// One part instead of two.
    public func hash(into hasher: inout Hasher) { hasher.combine(self.word) }
}

/// The transaction that a message or a timer belongs to.
public enum TransactionID: Sendable, Hashable {
    /// A client transaction.
    case client(ClientTransactionID)
    /// A server transaction.
    case server(ServerTransactionID)
}

/// One start of one timer. A timer that was stopped or started anew has another token, so that a
/// stale fire does nothing.
public struct TimerToken: Sendable, Hashable {
    /// Whose timer it is.
    public let transaction: TransactionID
    /// Which timer.
    public let timer: TransactionTimer
    let serial: UInt32

    init(transaction: TransactionID, timer: TransactionTimer, serial: UInt32) {
        self.transaction = transaction
        self.timer = timer
        self.serial = serial
    }

    /// One part instead of six: every message starts and stops timers. Tokens of one timer that
    /// differ in their serial alone, and those of a client and a server transaction of one slot,
    /// may have the same.
    public func hash(into hasher: inout Hasher) {
        let word =
            switch self.transaction {
            case .client(let id): id.word
            case .server(let id): ~id.word
            }
        hasher.combine(word ^ UInt64(self.timer.rawValue) << 24)
    }
}
