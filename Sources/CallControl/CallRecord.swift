// SPDX-License-Identifier: Apache-2.0

public import Admission
public import NetworkAddress

/// Milliseconds since 1970-01-01 00:00 UTC; the owner of the engine reads the clock.
public typealias Milliseconds = UInt64

/// Why a call ended. A struct over a text, so that later features add reasons.
public struct CallEnd: Sendable, Hashable, CustomStringConvertible {
    /// A lower-case word or two for records and the command line.
    public let description: String
    private init(_ description: String) { self.description = description }

    /// The caller hung up.
    public static let callerBye = CallEnd("caller hung up")
    /// The callee hung up.
    public static let calleeBye = CallEnd("callee hung up")
    /// The caller gave up before an answer.
    public static let cancelled = CallEnd("cancelled")
    /// The callee's side refused; the status is in the record.
    public static let rejected = CallEnd("rejected")
    /// Nobody answered in time, or the callee's side could not be reached.
    public static let timeout = CallEnd("timeout")
    /// No ACK came for the answer.
    public static let noAcknowledgement = CallEnd("no acknowledgement")
    /// Media stopped.
    public static let mediaTimeout = CallEnd("media timeout")
    /// The fast path refused the call's flows.
    public static let mediaRefused = CallEnd("media refused")
    /// A party's media address is another call's, on a port that both share.
    public static let mediaSourceInUse = CallEnd("media address in use")
    /// The DTLS handshake of a leg came to nothing.
    public static let handshakeFailed = CallEnd("dtls handshake failed")
    /// A leg's keys cannot be used any more, and its party gave no others.
    public static let keysLost = CallEnd("media keys lost")
    /// Offer and answer cannot be brought together.
    public static let incompatible = CallEnd("incompatible media")
    /// A party lost the dialog (481, or no answer to a request inside it).
    public static let dialogLost = CallEnd("dialog lost")
    /// The caller acknowledged no reliable provisional response.
    public static let noProvisionalAcknowledgement = CallEnd("no provisional acknowledgement")
    /// The party that was to refresh the session did not.
    public static let sessionExpired = CallEnd("session expired")
    /// It was as long as a call may be.
    public static let tooLong = CallEnd("longest duration")
    /// It was made for a transfer, and its party went to the call that was transferred; or its
    /// party was transferred away.
    public static let transferred = CallEnd("transferred")
    /// A party left in the belief that the other one is transferred, and nobody took its place.
    public static let transferFailed = CallEnd("transfer failed")
    /// An operator or a drain's deadline ended it.
    public static let operatorEnded = CallEnd("ended by operator")
    /// It made room for an emergency call.
    public static let preempted = CallEnd("preempted")
    /// It was being set up when the process restarted.
    public static let restart = CallEnd("restart")
}

/// What is kept of a call that has ended.
public struct CallRecord: Sendable, Hashable {
    /// The call.
    public let id: CallIdentifier
    /// The trunk that it came from.
    public let from: TrunkName
    /// The trunk that it went to.
    public let to: TrunkName
    /// User part of the caller's From, as bytes of the wire.
    public let calling: [UInt8]
    /// User part of the Request-URI, as bytes of the wire.
    public let called: [UInt8]
    /// When the INVITE came.
    public let startedAt: Milliseconds
    /// When the answer came; nil: never.
    public let answeredAt: Milliseconds?
    /// When its end began: the BYE, the refusal or what the box ended it for.
    public let endedAt: Milliseconds
    /// Why it ended.
    public let end: CallEnd
    /// The final status that the caller got; 200 for an answered call.
    public let status: Int
    /// Cause of its end (ITU-T Q.850): as a party gave it, else as RFC 3398 has it for the status.
    public let cause: UInt8
    /// What protected the legs at last.
    public let protection: LegProtections
    /// Whose call it was; nil: no tenant's.
    public let tenant: CallTenant?
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
}
