// SPDX-License-Identifier: Apache-2.0

/// Messages of the NIST set that are not accepted, and why. All others are. Where this differs
/// from what the JAIN-SIP parser did, RFC 3261 or 4475 says so.
enum NISTVerdicts {
    static let refused: [String: (Expected, why: String)] = [
        "001": (.reject(400, at: "<sip:"), "Request-URI in angle brackets (RFC 4475 3.1.2.7)"),
        "006": (.reject(400, at: "Route="), "headers in the Request-URI (RFC 4475 3.1.2.11)"),
        "007": (.reject(416, at: "name:"), "unknown scheme in the Request-URI (RFC 4475 3.3.2)"),
        "014": (
            .reject(400, at: "=0\r\n"),
            "the line before the body is a space, not empty: the body reads as header fields"
        ),
        "015": (.reject(400, at: " sip:"), "spaces within addr-spec (RFC 4475 3.1.2.14)"),
        "018": (
            .reject(400, at: "\r\n : 0ha"),
            "a fold before the colon: HCOLON allows SP and HTAB there, no line end"
        ),
        "019": (.reject(416, at: "name:"), "unknown scheme in the Request-URI (RFC 4475 3.3.2)"),
        "020": (.reject(420, at: "newfeature1"), "unknown option tag in Require (RFC 4475 3.3.5)"),
        "021": (.reject(416, at: "name:"), "unknown scheme in the Request-URI (RFC 4475 3.3.2)"),
        "025": (.drop(at: "\r\n"), "a response without Call-ID, From and To"),
        "056": (.drop(at: "\"abcdedf\""), "a response with truncated header lines"),
        "092": (.drop(at: "1 INVITE"), "an ACK whose CSeq says INVITE; an ACK gets no answer"),
        "143": (.drop(at: "\r\n maddr"), fold), "145": (.drop(at: "\r\n maddr"), fold),
        "147": (.reject(400, at: "\r\n maddr"), fold), "149": (.drop(at: "\r\n maddr"), fold),
        "153": (.reject(400, at: "\r\n maddr"), fold), "155": (.drop(at: "\r\n maddr"), fold),
        "156": (.drop(at: "\r\n maddr"), fold),
        "230": (.reject(400, at: "\r\n ;phone"), fold),
        "340": (.reject(400, at: "\r\n ;phone"), fold), "345": (.drop(at: "\r\n ;phone"), fold),
    ]

    /// Folding is white space, and white space within a URI is malformed (RFC 4475 3.1.2.14).
    private static let fold = "a fold within a URI"
}
