// SPDX-License-Identifier: Apache-2.0

public import Admission
public import NetworkAddress

/// Milliseconds since 1970-01-01 00:00 UTC; the owner of the engine reads the clock.
public typealias Milliseconds = UInt64

/// What is kept of a call, in progress or ended.
public struct CallRecord: Sendable, Equatable {
    /// What it says of one leg as it is, or was at last.
    public struct Leg: Sendable, Equatable {
        /// Its trunk.
        public var trunk: TrunkName
        /// Call-ID of its dialog; empty: there was none.
        public var callID: [UInt8]
        /// Encoding name of what its party sends; empty: nothing was agreed.
        public var codec: [UInt8]
        /// What protects it.
        public var protection: LegProtection
    }

    /// The call.
    public var id: CallIdentifier
    /// The trunk that it came from.
    public var from: TrunkName
    /// The trunk that it went to.
    public var to: TrunkName
    /// User part of the caller's From, as bytes of the wire.
    public var calling: [UInt8]
    /// User part of the Request-URI, as bytes of the wire.
    public var called: [UInt8]
    /// It is an emergency call.
    public var isEmergency: Bool
    /// When the INVITE came.
    public var startedAt: Milliseconds
    /// When the answer came; nil: never.
    public var answeredAt: Milliseconds?
    /// When its end began: the BYE, the refusal or what the box ended it for. Of a call in
    /// progress: now.
    public var endedAt: Milliseconds
    /// The same and the first ringing, after the INVITE by a clock that is never set.
    public var offsets: CallOffsets
    /// Why it ended; nil: it is in progress.
    public var end: CallEnd?
    /// The final status that the caller got; 200 for an answered call, 0 before one.
    public var status: Int
    /// Cause of its end (ITU-T Q.850): as a party gave it, else as RFC 3398 has it for the status.
    public var cause: UInt8
    /// The caller's leg.
    public var a: Leg
    /// The callee's leg.
    public var b: Leg
    /// What its media is, or was at last. Holds keys: not for others.
    public var media: MediaIntent
    /// What it had to do with transfers.
    public var transfers: TransferHistory
    /// Whose call it was; nil: no tenant's.
    public var tenant: CallTenant?
    /// The digits that were seen in it.
    public var digits = DigitLog()

    /// What protected the legs at last.
    public var protection: LegProtections {
        LegProtections(a: self.a.protection, b: self.b.protection)
    }

    /// One of the legs.
    public subscript(side: Side) -> Leg { side == .a ? self.a : self.b }
}

/// When something happened in a call, milliseconds after its INVITE came; at most 49 days.
public struct CallOffsets: Sendable, Hashable {
    /// When the INVITE came, milliseconds of a clock that is never set.
    var origin: Milliseconds = 0
    // Not optional: a call has these all its life.
    var ringingOrNone = Self.none
    var answerOrNone = Self.none
    var endOrNone = Self.none

    static let none = UInt32.max

    /// The first 18x; nil: none came.
    public var ringing: UInt32? { self.ringingOrNone == Self.none ? nil : self.ringingOrNone }
    /// The answer; nil: none came.
    public var answer: UInt32? { self.answerOrNone == Self.none ? nil : self.answerOrNone }
    /// The end, or now where it has not begun.
    public var end: UInt32? { self.endOrNone == Self.none ? nil : self.endOrNone }

    /// A point of that clock.
    func after(_ now: Milliseconds) -> UInt32 {
        min(UInt32(clamping: now &- min(self.origin, now)), Self.none - 1)
    }
}

/// What a call had to do with transfers.
public struct TransferHistory: Sendable, Hashable {
    /// A party that left because another one took its place, or was to take it.
    public struct Departure: Sendable, Hashable {
        /// Its leg.
        public var side: Side
        /// Its trunk.
        public var trunk: TrunkName
        /// Call-ID of its dialog.
        public var callID: [UInt8]
        /// When, milliseconds after the INVITE.
        public var after: UInt32
    }

    /// Who left, the first first.
    public internal(set) var left: [Departure] = []
    /// Calls that were made for this one, or that this one was made for or joined with.
    public internal(set) var related: [CallIdentifier] = []

    /// Parties and calls at most; a call that is not named here names this one.
    static let countMax = 32
}

/// An INVITE of a trunk that was refused before there was a call.
public struct AttemptRecord: Sendable, Equatable {
    /// Its own identifier.
    public var id: CallIdentifier
    /// The trunk that it came from.
    public var from: TrunkName
    /// User part of its From, as bytes of the wire.
    public var calling: [UInt8]
    /// User part of its Request-URI, as bytes of the wire.
    public var called: [UInt8]
    /// Its Call-ID.
    public var callID: [UInt8]
    /// When it came.
    public var startedAt: Milliseconds
    /// Why it was refused.
    public var end: CallEnd
    /// The status that it got.
    public var status: Int
    /// The cause (ITU-T Q.850) that RFC 3398 has for that status.
    public var cause: UInt8
    /// Whose call it would have been, and what screening made of it; nil: no tenant's.
    public var tenant: CallTenant?
}

/// What protects both legs of a call.
public struct LegProtections: Sendable, Hashable {
    /// The caller's leg.
    public var a: LegProtection
    /// The callee's leg.
    public var b: LegProtection
}

/// A live call as the command line lists it.
public struct CallSummary: Sendable, Equatable {
    /// Where a call stands.
    public enum State: String, Sendable {
        /// The INVITE went out.
        case connecting
        /// The callee's phone rings.
        case ringing
        /// Answered; the caller has not acknowledged yet.
        case answered
        /// Both legs are up.
        case established
        /// Being ended.
        case ending
    }
    /// The call.
    public let id: CallIdentifier
    /// Where it stands.
    public let state: State
    /// The trunk that it came from.
    public let from: TrunkName
    /// The trunk that it goes to.
    public let to: TrunkName
    /// User part of the caller's From.
    public let calling: [UInt8]
    /// User part of the Request-URI.
    public let called: [UInt8]
    /// Call-ID of the caller's leg, then of the callee's.
    public let callIDs: [[UInt8]]
    /// When the INVITE came.
    public let startedAt: Milliseconds
    /// When the answer came.
    public let answeredAt: Milliseconds?
    /// What its media is.
    public let media: MediaIntent
    /// Sources that the fast path learned in place of the signalled ones.
    public let learnedSources: [Side: SocketAddress]
    /// What protects the legs.
    public let protection: LegProtections
    /// Whose call it is; nil: no tenant's.
    public let tenant: CallTenant?
    /// Its digits, where something is done about them.
    public let digits: DigitSummary?
}

/// Digits of a live call.
public struct DigitSummary: Sendable, Equatable {
    /// Those that were seen.
    public let log: DigitLog
    /// As what the caller gets digits.
    public let toA: String
    /// As what the callee gets them.
    public let toB: String
}
