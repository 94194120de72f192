// SPDX-License-Identifier: Apache-2.0

/// The one table of what a faulty message gets (RFC 3261 section 8.2, RFC 4475).
public enum FaultTable {
    /// What a request with a fault gets. Faulty responses and ACKs always get silence.
    public enum Answer: Sendable, Hashable {
        /// A response with this status and reason phrase.
        case respond(Int, String)
        /// Nothing, for the reason given.
        case silence(String)
    }

    /// The answer for each fault.
    public static func answer(_ code: SIPParseError.Code) -> Answer {
        switch code {
        // Silence: nobody is there to answer, or an answer would do harm.
        case .empty: .silence("Keep-alive without a message")
        case .notSIP: .silence("Not SIP")
        case .incomplete: .silence("Stream ends inside a message")
        case .keepAliveFlood: .silence("Too many line ends between messages")
        case .statusSyntax: .silence("Malformed status code")
        case .broadcastVia: .silence("Via names a broadcast or multicast address")

        // 400: framing and lines.
        case .startLineSyntax: .respond(400, "Malformed Start Line")
        case .startLineSpacing: .respond(400, "Malformed Spacing in Start Line")
        case .methodSyntax: .respond(400, "Malformed Method")
        case .requestURISpace: .respond(400, "White Space in Request-URI")
        case .versionSyntax: .respond(400, "Malformed SIP Version")
        case .lineEnding: .respond(400, "Line End Without CRLF")
        case .headerSyntax: .respond(400, "Malformed Header Field")
        case .headersUnterminated: .respond(400, "Header Section Without End")
        case .tooManyHeaders: .respond(400, "Too Many Header Fields")
        case .headerTooLong: .respond(400, "Header Field Too Long")
        case .tooManyParameters: .respond(400, "Too Many Parameters")
        case .tooManyValues: .respond(400, "Too Many Header Field Values")
        case .contentLengthSyntax: .respond(400, "Malformed Content-Length")
        case .contentLengthRepeated: .respond(400, "Repeated Content-Length")
        case .contentLengthMissing: .respond(400, "Missing Content-Length")
        case .bodyTooShort: .respond(400, "Content-Length Larger Than Body")

        // 400: presence.
        case .viaMissing: .respond(400, "Missing Via")
        case .fromMissing: .respond(400, "Missing From")
        case .toMissing: .respond(400, "Missing To")
        case .callIDMissing: .respond(400, "Missing Call-ID")
        case .cseqMissing: .respond(400, "Missing CSeq")
        case .contentTypeMissing: .respond(400, "Missing Content-Type")
        case .fromRepeated: .respond(400, "Repeated From")
        case .toRepeated: .respond(400, "Repeated To")
        case .callIDRepeated: .respond(400, "Repeated Call-ID")
        case .cseqRepeated: .respond(400, "Repeated CSeq")
        case .maxForwardsRepeated: .respond(400, "Repeated Max-Forwards")
        case .contentTypeRepeated: .respond(400, "Repeated Content-Type")

        default: self.valueAnswer(code)
        }
    }

    /// Faults of values that no request is refused for as a whole: who uses the value leaves it.
    /// Where one is shown all the same it has the words of its row.
    public static let refusesNothing: Set<SIPParseError.Code> = [
        .dateSyntax, .retryAfterSyntax, .challengeSyntax, .numberSyntax,
    ]

    private static func valueAnswer(_ code: SIPParseError.Code) -> Answer {
        switch code {
        // 400: values.
        case .viaSyntax: .respond(400, "Malformed Via")
        case .hostSyntax: .respond(400, "Malformed Host")
        case .portSyntax: .respond(400, "Malformed Port")
        case .uriSyntax: .respond(400, "Malformed URI")
        case .uriSpace: .respond(400, "White Space in URI")
        case .uriEscape: .respond(400, "Malformed Escape in URI")
        case .uriHeadersNotAllowed: .respond(400, "Headers in Request-URI")
        case .nameAddrSyntax: .respond(400, "Malformed Address")
        case .displayNameSyntax: .respond(400, "Malformed Display Name")
        case .quoteUnterminated: .respond(400, "Unterminated Quoted String")
        case .bracketUnterminated: .respond(400, "Unterminated Angle Bracket")
        case .bracketsMissing: .respond(400, "URI Without Angle Brackets")
        case .parameterSyntax: .respond(400, "Malformed Parameter")
        case .parameterRepeated: .respond(400, "Repeated Parameter")
        case .tagSyntax: .respond(400, "Malformed Tag")
        case .callIDSyntax: .respond(400, "Malformed Call-ID")
        case .cseqSyntax: .respond(400, "Malformed CSeq")
        case .cseqRange: .respond(400, "CSeq Out of Range")
        case .maxForwardsSyntax: .respond(400, "Malformed Max-Forwards")
        case .contactStar: .respond(400, "Misplaced Contact *")
        case .mediaTypeSyntax: .respond(400, "Malformed Content-Type")
        case .tokenListSyntax: .respond(400, "Malformed List of Tokens")
        case .dateSyntax: .respond(400, "Malformed Date")
        case .retryAfterSyntax: .respond(400, "Malformed Retry-After")
        case .challengeSyntax: .respond(400, "Malformed Authentication")
        case .numberSyntax: .respond(400, "Malformed Number")
        case .cseqMethodMismatch: .respond(400, "CSeq Method Mismatch")
        case .recordScheme: .respond(400, "To Is Not a SIP Address of Record")

        // Other responses, with the phrase of RFC 3261 section 21.
        case .uriTooLong: .respond(414, "Request-URI Too Long")
        case .mediaTypeUnsupported, .encodingUnsupported: .respond(415, "Unsupported Media Type")
        case .acceptUnsatisfiable: .respond(406, "Not Acceptable")
        case .schemeUnsupported: .respond(416, "Unsupported URI Scheme")
        case .extensionUnsupported: .respond(420, "Bad Extension")
        case .methodUnknown: .respond(501, "Not Implemented")
        case .versionUnsupported: .respond(505, "Version Not Supported")
        case .messageTooLarge: .respond(513, "Message Too Large")
        default: .respond(400, "Bad Request")
        }
    }

    /// The verdict on a stream that lost its framing; `octets` is what the framer read of the
    /// faulty message.
    public static func verdict(_ fault: SIPParseError, octets: [UInt8]) -> Verdict {
        let split = MessageSplitter.split(octets, framing: .stream)
        switch split.startLine {
        case .request(let method, _): return self.verdict(fault, answerable: method != .ack)
        case .response: return self.verdict(fault, answerable: false)
        case nil:
            // What does not even begin like SIP gets no answer.
            let cause = octets.isEmpty ? fault : split.fault ?? fault
            return .drop(reason: self.text(cause.code), offset: cause.offset)
        }
    }

    /// The reason of a fault as text, for counters and logs.
    public static func text(_ code: SIPParseError.Code) -> String {
        switch self.answer(code) {
        case .respond(_, let reason), .silence(let reason): reason
        }
    }

    /// `answerable` is false for responses and ACKs.
    static func verdict(_ fault: SIPParseError, answerable: Bool) -> Verdict {
        switch self.answer(fault.code) {
        case .respond(let status, let reason) where answerable:
            .reject(status: status, reason: reason, offset: fault.offset)
        case .respond(_, let reason), .silence(let reason):
            .drop(reason: reason, offset: fault.offset)
        }
    }
}
