// SPDX-License-Identifier: Apache-2.0

import SIPMessage

/// The running timers of one transaction: at most one in each lane.
struct TimerLanes {
    private(set) var repeating: TimerToken?
    private(set) var ending: TimerToken?
    private var serial: UInt32 = 0

    subscript(lane: TransactionTimer.Lane) -> TimerToken? {
        get { lane == .repeating ? self.repeating : self.ending }
        set { if lane == .repeating { self.repeating = newValue } else { self.ending = newValue } }
    }

    mutating func start(_ timer: TransactionTimer, of transaction: TransactionID) -> TimerToken {
        self.serial &+= 1
        let token = TimerToken(transaction: transaction, timer: timer, serial: self.serial)
        self[timer.lane] = token
        return token
    }
}

/// Either machine of the client side.
enum ClientMachine: ~Copyable {
    case invite(InviteClientTransaction)
    case other(NonInviteClientTransaction)

    enum Event { case start, status(Int), timer(TransactionTimer), cancel, transportFailed }

    mutating func apply(_ event: Event) -> TransactionActions {
        switch consume self {
        case .invite(var machine):
            let actions =
                switch event {
                case .start: machine.start()
                case .status(let status): machine.received(status: status)
                case .timer(let timer): machine.timerFired(timer)
                case .cancel: machine.cancel()
                case .transportFailed: machine.transportFailed()
                }
            self = .invite(machine)
            return actions
        case .other(var machine):
            let actions =
                switch event {
                case .start: machine.start()
                case .status(let status): machine.received(status: status)
                case .timer(let timer): machine.timerFired(timer)
                case .cancel: TransactionActions.none
                case .transportFailed: machine.transportFailed()
                }
            self = .other(machine)
            return actions
        }
    }

    /// True once the request is of no more use.
    var hasFinalResponse: Bool {
        switch self {
        case .invite(let machine): machine.state == .completed || machine.state == .accepted
        case .other(let machine): machine.state == .completed
        }
    }
}

/// Either machine of the server side.
enum ServerMachine: ~Copyable {
    case invite(InviteServerTransaction)
    case other(NonInviteServerTransaction)

    enum Event { case start, request, ack, respond(Int), timer(TransactionTimer), transportFailed }

    mutating func apply(_ event: Event) -> TransactionActions {
        switch consume self {
        case .invite(var machine):
            let actions =
                switch event {
                case .start: machine.start()
                case .request: machine.receivedRequest()
                case .ack: machine.receivedAck()
                case .respond(let status): machine.respond(status: status)
                case .timer(let timer): machine.timerFired(timer)
                case .transportFailed: machine.transportFailed()
                }
            self = .invite(machine)
            return actions
        case .other(var machine):
            let actions =
                switch event {
                case .start: machine.start()
                case .request: machine.receivedRequest()
                case .ack: TransactionActions.none
                case .respond(let status): machine.respond(status: status)
                case .timer(let timer): machine.timerFired(timer)
                case .transportFailed: machine.transportFailed()
                }
            self = .other(machine)
            return actions
        }
    }

    /// True for an INVITE that still waits for its final response.
    var isProceedingInvite: Bool {
        switch self {
        case .invite(let machine): machine.state == .proceeding
        case .other: false
        }
    }

    /// True for an INVITE answered with a 2xx.
    var isAcceptedInvite: Bool {
        switch self {
        case .invite(let machine): machine.state == .accepted
        case .other: false
        }
    }
}

/// A client transaction. Once a final response came, only the key and the ACK are left.
final class ClientTransaction {
    let id: ClientTransactionID
    let key: ClientKey
    let hop: Hop
    var machine: ClientMachine
    var timers = TimerLanes()
    var request: [UInt8]
    var ack: [UInt8] = []
    /// Extra header lines' value for the CANCEL: a Reason (RFC 3326), or empty.
    var cancelReason: [UInt8] = []
    /// True for the layer's own CANCEL: the user hears nothing of it.
    let isInternal: Bool

    init(
        id: ClientTransactionID, key: ClientKey, hop: Hop, machine: consuming ClientMachine,
        request: [UInt8], isInternal: Bool
    ) {
        self.id = id
        self.key = key
        self.hop = hop
        self.machine = machine
        self.request = request
        self.isInternal = isInternal
    }
}

/// A server transaction. Once a response was sent, only the keys and that response are left.
final class ServerTransaction {
    let id: ServerTransactionID
    let key: ServerKey
    let identity: RequestIdentity
    /// Where responses go (RFC 3261 section 18.2.2).
    var hop: Hop
    /// The sent-by port, for a connection of our own when theirs is gone; 0 once that was tried.
    var fallbackPort: UInt16
    var machine: ServerMachine
    var timers = TimerLanes()
    /// Needed for 100 Trying only; nil once any response was sent.
    var request: SIPMessage?
    let source: Hop
    var lastResponse: [UInt8] = []
    var cancelResponse: [UInt8] = []
    /// The To tag of the user's final response: what it will be, and once that was acknowledged
    /// what it was. Empty while the user did not say.
    var userTag: [UInt8] = []
    var isAcknowledged = false
    /// The interval of timer `success`.
    var successMilliseconds: UInt32

    init(
        id: ServerTransactionID, keys: RequestKeys, machine: consuming ServerMachine,
        request: SIPMessage, source: Hop, successMilliseconds: UInt32
    ) {
        self.id = id
        self.key = keys.server
        self.identity = keys.identity
        self.hop = ResponseRouting.hop(topVia: keys.via, source: source)
        self.fallbackPort =
            source.transport.isReliable
            ? ResponseRouting.port(of: keys.via, over: source.transport) : 0
        self.machine = machine
        self.request = request
        self.source = source
        self.successMilliseconds = successMilliseconds
    }
}
