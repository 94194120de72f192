// SPDX-License-Identifier: Apache-2.0

import NetworkAddress

/// Checks the values that processing needs, in the order of RFC 3261 section 8.2: syntax, method,
/// headers, content. Header fields that it does not need may be malformed (section 8.2).
///
/// The order does not follow the order of the header lines, so that moving lines about changes no
/// verdict.
enum MessageExaminer {
    /// The first fault; nil for a message to accept.
    static func fault(of message: SIPMessage) -> SIPParseError? {
        do throws(SIPParseError) {
            try self.checkPresence(message)
            let vias = try self.checkSyntax(message)
            if message.isRequest {
                try self.checkRequest(message)
            } else {
                try self.checkResponse(vias)
            }
            return nil
        } catch {
            return error
        }
    }

    /// Headers that stand once at most; those with a fault for it have to be there.
    private static let singular: [(HeaderName, SIPParseError.Code?, SIPParseError.Code)] = [
        (.callID, .callIDMissing, .callIDRepeated), (.cSeq, .cseqMissing, .cseqRepeated),
        (.from, .fromMissing, .fromRepeated), (.to, .toMissing, .toRepeated),
        (.maxForwards, nil, .maxForwardsRepeated),
        (.contentType, nil, .contentTypeRepeated),
    ]
    private static let lists = [HeaderName.via, .route, .recordRoute, .contact]

    private static func checkPresence(_ message: SIPMessage) throws(SIPParseError) {
        guard message.first(.via) != nil else {
            throw SIPParseError(.viaMissing, at: message.headerEnd)
        }
        for (name, missing, repeated) in self.singular {
            var count = 0
            for field in message.fields where field.code == name.code {
                count += 1
                if count > 1 { throw SIPParseError(repeated, at: Int(field.nameStart)) }
            }
            if count == 0, let missing { throw SIPParseError(missing, at: message.headerEnd) }
        }
    }

    /// Returns the Vias.
    private static func checkSyntax(_ message: SIPMessage) throws(SIPParseError) -> [Via] {
        for name in self.lists {
            let values = message.all(name)
            if values.count > SIPLimits.valueCount {
                throw SIPParseError(
                    .tooManyValues, at: values[SIPLimits.valueCount].startIndex)
            }
        }
        let vias = try message.vias()
        _ = try message.cseq()
        _ = try message.callID()
        _ = try message.from()
        _ = try message.to()
        _ = try message.maxForwards()
        _ = try message.contacts()
        _ = try message.routes()
        _ = try message.recordRoutes()
        _ = try message.contentType()
        _ = try message.tokens(.require)
        if message.first(.contentType) == nil, !message.body.isEmpty,
            message.first(.contentLength) != nil
        {
            throw SIPParseError(.contentTypeMissing, at: message.bodyRange.lowerBound)
        }
        return vias
    }

    private static func checkResponse(_ vias: [Via]) throws(SIPParseError) {
        // RFC 4475 section 3.3.10: what follows our Via would send the response on to everybody.
        for via in vias.dropFirst() {
            guard let address = via.host.address else { continue }
            let isBroadcast = address.isIPv4 && address.ipv4 == UInt32.max
            if isBroadcast || address.isMulticast {
                throw SIPParseError(.broadcastVia, at: via.host.bytes.startIndex)
            }
        }
    }

    private static func checkRequest(_ message: SIPMessage) throws(SIPParseError) {
        let uri = try URI.parse(message.requestURI)
        if case .sip(let sip) = uri, let header = sip.headers.first {
            throw SIPParseError(.uriHeadersNotAllowed, at: header.name.startIndex)
        }
        let cseq = try message.cseq()
        if let method = message.method, method != cseq.method {
            guard method.isKnown else {
                // RFC 4475 section 3.1.2.18 prefers 501, whose fault is the method itself.
                let start = message.requestURI.startIndex - method.bytes.count - 1
                throw SIPParseError(.methodUnknown, at: start)
            }
            throw SIPParseError(.cseqMethodMismatch, at: message.first(.cSeq)?.startIndex ?? 0)
        }
        if case .other(let scheme, _) = uri {
            throw SIPParseError(.schemeUnsupported, at: scheme.startIndex)
        }
        if message.method == .register {
            try self.checkRegister(message)
        } else if let star = message.all(.contact).first, star.elementsEqual([0x2a]) {
            throw SIPParseError(.contactStar, at: star.startIndex)
        }
        try self.checkExtensions(message)
        try self.checkContent(message)
    }

    /// The address of record is a SIP or SIPS URI (RFC 3261 section 10.3, RFC 4475 3.3.4).
    private static func checkRegister(_ message: SIPMessage) throws(SIPParseError) {
        let to = try message.to()
        guard case .sip = try to.decodedURI() else {
            throw SIPParseError(.recordScheme, at: to.uri.startIndex)
        }
    }

    /// Require is not looked at in ACK and CANCEL (RFC 3261 section 8.2.2.3). Proxy-Require is
    /// for proxies; a back-to-back user agent is none.
    private static func checkExtensions(_ message: SIPMessage) throws(SIPParseError) {
        guard message.method != .ack, message.method != .cancel else { return }
        for tag in try message.tokens(.require) {
            guard SIPCapabilities.supports(optionTag: tag) else {
                throw SIPParseError(.extensionUnsupported, at: tag.startIndex)
            }
        }
    }

    /// Only requests that carry offers are held to the types we understand; what others carry is
    /// passed on or refused by who handles the method (RFC 3261 section 8.2.3).
    private static func checkContent(_ message: SIPMessage) throws(SIPParseError) {
        guard message.method == .invite || message.method == .update else { return }
        if !message.body.isEmpty, !self.bodyIsOptional(message) {
            if let type = try message.contentType(), let value = message.first(.contentType),
                !type.matches("application", "sdp"), !type.isMultipart
            {
                throw SIPParseError(.mediaTypeUnsupported, at: value.startIndex)
            }
            for coding in message.all(.contentEncoding)
            where !ASCII.equalsIgnoringCase(coding, "identity") {
                throw SIPParseError(.encodingUnsupported, at: coding.startIndex)
            }
        }
        guard message.method == .invite, message.first(.accept) != nil else { return }
        let ranges = message.all(.accept)
        let takesSDP = ranges.contains { range in
            (try? MediaType(range))?.accepts("application", "sdp") ?? false
        }
        if !takesSDP {
            throw SIPParseError(.acceptUnsatisfiable, at: ranges.first?.startIndex ?? 0)
        }
    }

    /// Content-Disposition with handling=optional (RFC 3261 section 20.11).
    private static func bodyIsOptional(_ message: SIPMessage) -> Bool {
        guard let value = message.first(.contentDisposition) else { return false }
        var cursor = Cursor(value)
        _ = cursor.take(while: .token)
        guard let handling = (try? Parameters.parse(&cursor))?.value("handling") else {
            return false
        }
        return ASCII.equalsIgnoringCase(handling, "optional")
    }
}
