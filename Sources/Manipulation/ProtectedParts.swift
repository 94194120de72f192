// SPDX-License-Identifier: Apache-2.0

public import SIPMessage

/// What no rule changes: with it transactions, dialogs, framing, authentication or media would
/// break, and the box would not know why.
public enum ProtectedParts {
    /// Headers that no rule adds to, changes or removes.
    public static let headers: [HeaderName] = [
        .via, .callID, .cSeq, .maxForwards, .route, .recordRoute, .contentLength, .contentType,
        .contentEncoding, .rAck, .rSeq, .authorization, .proxyAuthorization, .wwwAuthenticate,
        .proxyAuthenticate, .authenticationInfo, .replaces,
    ]

    /// Headers of which there has to be exactly one, or whose tag has to stay: parts can change.
    public static let wholeHeaders: [HeaderName] = [.from, .to]

    /// Attributes of a description that go with what the box does with media.
    static let attributes: [StaticString] = [
        "crypto", "fingerprint", "setup", "candidate", "end-of-candidates", "ice-ufrag", "ice-pwd",
        "ice-lite", "ice-options", "rtcp", "rtcp-mux", "rtpmap", "mid", "group", "tls-id",
    ]

    /// Only attributes, bandwidth, information and key lines are a rule's, and not all of those.
    public static func mayChange(sdpLine line: [UInt8]) -> Bool {
        guard line.count >= 2, line[1] == UInt8(ascii: "=") else { return false }
        switch line[0] {
        case UInt8(ascii: "b"), UInt8(ascii: "i"): return true
        case UInt8(ascii: "a"):
            let name = line.dropFirst(2).prefix { $0 != UInt8(ascii: ":") }
            return !self.attributes.contains { ASCII.equalsIgnoringCase(name, $0) }
        default: return false
        }
    }

    /// Why a rule may not change a part; nil where it may.
    public static func refusal(_ subject: Subject) -> RuleSyntaxError? {
        switch subject {
        case .method, .status, .trunk, .anyHeader:
            return RuleSyntaxError(
                "can be looked at, but not changed",
                "name a header, a part of request-uri, a variable or sdp")
        case .requestURI, .variable, .sdp: return nil
        case .header(let name, _, let part):
            if self.headers.contains(name) {
                return RuleSyntaxError(
                    "is the box's own: with it transactions, dialogs or media would break",
                    "change another header; conditions may look at this one")
            }
            guard self.wholeHeaders.contains(name) else { return nil }
            switch part {
            case .whole:
                return RuleSyntaxError(
                    "has a tag that has to stay", "change a part: .display, .uri, .user or .host")
            case .parameter(let parameter) where ASCII.equalsIgnoringCase(parameter, "tag"):
                return RuleSyntaxError("names the dialog and has to stay", "leave the tag alone")
            default: return nil
            }
        }
    }
}
