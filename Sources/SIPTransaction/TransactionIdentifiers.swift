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
}

/// A server transaction of one layer; see `ClientTransactionID`.
public struct ServerTransactionID: Sendable, Hashable {
    let slot: UInt32
    let generation: UInt32

    init(slot: UInt32, generation: UInt32) {
        self.slot = slot
        self.generation = generation
    }
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

    /// Every message starts and stops timers: what tells nearly all of them apart is enough. Tokens
    /// that differ in nothing but their serial, or in whose slot it is, have the same hash.
    public func hash(into hasher: inout Hasher) {
        switch self.transaction {
        case .client(let id): hasher.combine(id)
        case .server(let id): hasher.combine(id)
        }
        hasher.combine(self.timer)
    }
}
