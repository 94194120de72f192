// SPDX-License-Identifier: Apache-2.0

import SDP
import SIPMessage

/// What callers from a trunk get between their INVITE and the answer.
public struct ProgressPolicy: Sendable, Hashable {
    /// Media before the answer.
    public enum EarlyMedia: String, Sendable, Hashable, CaseIterable {
        /// Its descriptions pass, and the media with them.
        case relay
        /// Its descriptions are left out: the caller hears nothing before the answer.
        case suppress
        /// As suppress, and 183 with a description becomes 180: the caller's side rings by itself.
        case convert
    }

    /// 180 and 183.
    public enum Ringing: String, Sendable, Hashable, CaseIterable {
        /// As they come.
        case asIs = "as-is"
        /// 180 never has a description, 183 always has one.
        case strict
    }

    /// Branches of a fork.
    public enum EarlyDialogs: String, Sendable, Hashable, CaseIterable {
        /// Each branch is an early dialog of its own.
        case each
        /// All have one To tag, for callers that cannot take several.
        case one
    }

    /// 181 and 182.
    public enum Information: String, Sendable, Hashable, CaseIterable {
        /// As they come.
        case pass
        /// As 180.
        case ring
        /// Left out.
        case drop
    }

    /// Media before the answer.
    public var earlyMedia = EarlyMedia.relay
    /// 180 and 183.
    public var ringing = Ringing.asIs
    /// Branches of a fork.
    public var dialogs = EarlyDialogs.each
    /// 181 and 182.
    public var information = Information.pass
    /// 199 (RFC 6228) passes to callers that support it.
    public var passesTermination = false
    /// P-Early-Media (RFC 5009) in responses of the trunk says which way early media flows.
    public var gatesMedia = false

    /// Everything passes as it comes, but 199.
    public init() {}

    /// A provisional response as the caller gets it.
    struct Decision: Equatable {
        var status: Int
        /// It carries the description that the branch has.
        var describes: Bool
    }

    /// Early media reaches the caller.
    var relaysMedia: Bool { self.earlyMedia == .relay }

    /// What becomes of a response other than 100; nil: nothing. `brings` says that it brought a
    /// description that can be used, `known` that its branch has one by now.
    func decide(
        _ status: Int, brings: Bool, known: Bool, supports199: Bool
    ) -> Decision? {
        var decision = Decision(status: status, describes: known && self.relaysMedia)
        switch status {
        case 181, 182:
            switch self.information {
            case .pass: break
            case .ring: decision.status = 180
            case .drop: return nil
            }
        case 183 where brings && self.earlyMedia == .convert: decision.status = 180
        case 199:
            guard self.passesTermination, supports199, self.dialogs == .each else { return nil }
            return Decision(status: 199, describes: false)
        default: break
        }
        guard self.ringing == .strict else { return decision }
        if decision.status == 180, decision.describes {
            if brings { decision.status = 183 } else { decision.describes = false }
        } else if decision.status == 183, !decision.describes {
            decision.status = 180
        }
        return decision
    }

    /// The way that early media may go by a response's P-Early-Media, as its sender sees it; nil
    /// where it says nothing. The first one counts: one stream is relayed.
    static func direction(_ response: SIPMessage) -> Direction? {
        var direction: Direction?
        for value in response.all(.pEarlyMedia) {
            for known in [Direction.sendrecv, .sendonly, .recvonly, .inactive]
            where ASCII.equalsIgnoringCase(value, known.attributeName.bytes) {
                direction = direction ?? known
            }
        }
        return direction
    }
}
