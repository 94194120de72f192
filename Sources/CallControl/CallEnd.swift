// SPDX-License-Identifier: Apache-2.0

/// Why a call ended, or why there was none. A struct over a text, so that later features add
/// reasons.
public struct CallEnd: Sendable, Hashable, CustomStringConvertible {
    /// Who brought the end about.
    public enum Party: String, Sendable, CaseIterable {
        /// The caller.
        case caller
        /// The callee, or the node that answered for it.
        case callee
        /// Who operates this node.
        case `operator`
        /// This node by itself.
        case box
    }

    /// A lower-case word or two for records and the command line.
    public let description: String
    /// Who brought it about.
    public let party: Party

    private init(_ description: String, by party: Party = .box) {
        self.description = description
        self.party = party
    }

    /// The one of ``all`` with this text; nil: there is none.
    init?(description: String) {
        guard let end = Self.all.first(where: { $0.description == description }) else { return nil }
        self = end
    }

    /// The caller hung up.
    public static let callerBye = CallEnd("caller hung up", by: .caller)
    /// The callee hung up.
    public static let calleeBye = CallEnd("callee hung up", by: .callee)
    /// The caller gave up before an answer.
    public static let cancelled = CallEnd("cancelled", by: .caller)
    /// The callee's side refused; the status is in the record.
    public static let rejected = CallEnd("rejected", by: .callee)
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
    public static let operatorEnded = CallEnd("ended by operator", by: .operator)
    /// It made room for an emergency call.
    public static let preempted = CallEnd("preempted")
    /// It was being set up when the process restarted, or could not be taken up again.
    public static let restart = CallEnd("restart")

    // MARK: Of attempts

    /// No route leads to the number.
    public static let noRoute = CallEnd("no route")
    /// The node or a trunk takes no new calls.
    public static let draining = CallEnd("draining")
    /// The node, its media ports or its realm had no room.
    public static let noCapacity = CallEnd("no capacity")
    /// A limit of a trunk, tenant or source was reached.
    public static let overLimit = CallEnd("over limit")
    /// No peer of the trunks that it could go to takes calls.
    public static let noPeer = CallEnd("no peer")
    /// It came back on the same errand, or went through too many hands.
    public static let loop = CallEnd("loop")
    /// The caller's user or password is wrong.
    public static let notAuthenticated = CallEnd("not authenticated")
    /// Its number may not be used.
    public static let screened = CallEnd("screened")
    /// Policy refuses what it asks for; the status says what that is.
    public static let refused = CallEnd("refused")

    /// Every reason, those of calls first.
    public static let all: [CallEnd] = [
        .callerBye, .calleeBye, .cancelled, .rejected, .timeout, .noAcknowledgement, .mediaTimeout,
        .mediaRefused, .mediaSourceInUse, .handshakeFailed, .keysLost, .incompatible, .dialogLost,
        .noProvisionalAcknowledgement, .sessionExpired, .tooLong, .transferred, .transferFailed,
        .operatorEnded, .preempted, .restart, .noRoute, .draining, .noCapacity, .overLimit, .noPeer,
        .loop, .notAuthenticated, .screened, .refused,
    ]
}
