// SPDX-License-Identifier: Apache-2.0

import CallControl

/// What came of a test call to a service, and what that says to do.
struct TestCallReport: Equatable {
    enum Outcome: Equatable {
        /// It was not placed.
        case notPlaced(TestCallRefusal)
        /// A final response that is no 2xx.
        case refused(status: Int)
        /// No final response in the time that there was.
        case unanswered
        /// Answered, and ended by the box.
        case answered
        /// Answered, and ended by the other side before media was looked for to the end.
        case hungUp
    }

    var outcome: Outcome
    /// The last provisional status above 100; 0: none.
    var provisional = 0
    /// RTP packets that came, and were let in.
    var packets: UInt64 = 0
    /// Packets that came and were dropped, by reason.
    var drops: [String] = []

    /// Fewest packets that are called media: a fifth of a second of it.
    static let packetsMin: UInt64 = 10

    var hasMedia: Bool { self.packets >= Self.packetsMin }

    /// As a line of the checks.
    var check: TenantCheck {
        let (outcome, text, fix) = self.finding
        return TenantCheck("test call", outcome, text, fix: fix)
    }

    private typealias Finding = (outcome: TenantCheck.Outcome, text: String, fix: String?)

    private var finding: Finding {
        switch self.outcome {
        case .notPlaced(let refusal): Self.finding(refusal)
        case .refused(let status): self.finding(status: status)
        case .unanswered where self.provisional >= 180:
            (
                .warning, "it rang (\(self.provisional)), and nobody answered: media was not seen",
                "call a number that somebody answers, or a voice mail, to see media"
            )
        case .unanswered:
            (
                .failed, "neither ringing nor an answer came", "see trunkline peers, and the "
                    + "messages: trunkline call ID --messages"
            )
        case .answered where self.hasMedia:
            (.ok, "answered, \(self.packets) packets of media came, ended with BYE", nil)
        case .answered: self.silent
        case .hungUp where self.hasMedia:
            (.ok, "answered, \(self.packets) packets of media came, ended by the other side", nil)
        case .hungUp:
            (
                .warning, "answered and ended by the other side after \(self.packets) packets",
                "see the messages, and call a number that stays"
            )
        }
    }

    private var silent: Finding {
        guard self.drops.isEmpty else {
            return (
                .failed, "answered, but what came of media was dropped: "
                    + self.drops.joined(separator: ", "),
                "trunkline drops explains each reason"
            )
        }
        return (
            .failed, "answered, but \(self.packets) packets of media came",
            "let UDP from 52.112.0.0/14 and 52.120.0.0/14 through to the realm's ports, and see "
                + "whether the realm's address is the public one"
        )
    }

    private static func finding(_ refusal: TestCallRefusal) -> Finding {
        switch refusal {
        case .noTrunk: (.failed, "not placed: the trunk is gone", "see trunkline trunk list")
        case .tooMany:
            (
                .failed, "not placed: \(TestCallRequest.atOnceMax) test calls are under way",
                "try again when they are done"
            )
        case .refused(let status):
            (
                .failed, "not placed: a call to the trunk would get \(status)",
                "see trunkline peers, and in trunkline status its limits, draining and conditions"
            )
        }
    }

    /// What a status of the hub says (what it means by each is not all public).
    private func finding(status: Int) -> Finding {
        let text = self.provisional >= 180 ? "it rang (\(self.provisional)), then " : ""
        switch status {
        case 480, 486, 600:
            return (
                .warning, "\(text)\(status): the user was reached and does not take the call",
                "call a number that somebody answers, to see media"
            )
        case 603:
            return (
                .warning, "\(text)603: declined",
                "call a number that takes calls; see block lists of the tenant for the caller"
            )
        case 403:
            return (
                .failed, "\(text)403: the hub does not take calls from the tenant's name",
                "have the domain verified in the customer's tenant and activated by a licensed "
                    + "user, and the name in the certificate"
            )
        case 404, 484, 604:
            return (
                .failed, "\(text)\(status): the hub knows no such number there",
                "assign the number to a user of the customer's tenant with Direct Routing; a new "
                    + "domain or number takes a while to be known"
            )
        case 401, 407:
            return (.failed, "\(text)\(status): credentials are asked for", "see auth of the trunk")
        case 408, 504:
            return (
                .failed, "\(text)\(status): no answer in time",
                "see trunkline peers, and whether TLS to all three datacentres is let through"
            )
        case 488, 606, 415:
            return (
                .failed, "\(text)\(status): what was offered of media is not taken",
                "see srtp, suites and codecs of the trunk, and that media bypass is on or off at "
                    + "both sides"
            )
        case 503:
            return (
                .failed, "\(text)503: the service takes no calls now",
                "try again; see trunkline peers for Retry-After"
            )
        default:
            return (
                .failed, "\(text)\(status)",
                "see the messages: trunkline call ID --messages"
            )
        }
    }
}
