// SPDX-License-Identifier: Apache-2.0

extension SIPMessageBuilder {
    /// The response for a request that `examine` rejects, made without state.
    ///
    /// Echoes Via, From, To, Call-ID and CSeq as they came, malformed or not (RFC 3261 section
    /// 8.2.6), and adds what the status calls for (Unsupported, Accept). `toTag` is added to a To
    /// without one. nil where there is nothing to echo: without any Via, or for an ACK or a
    /// response, no answer can be sent.
    public static func rejection(
        of request: [UInt8], framing: Framing, status: Int, reason: String, toTag: [UInt8]
    ) -> [UInt8]? {
        let split = MessageSplitter.split(request, framing: framing)
        let message = SIPMessage(
            bytes: split.bytes, text: split.text,
            startLine: split.startLine ?? .request(Method(bytes: []), uri: 0..<0),
            fields: split.fields, bodyRange: split.body)
        guard message.isRequest, message.method != .ack, message.first(.via) != nil else {
            return nil
        }
        var builder = SIPMessageBuilder(status: status, reason: reason)
        for name in [HeaderName.via, .from] { builder.copy(all: name, from: message) }
        for value in message.lines(.to) {
            builder.add(.to, Self.tagged(value, toTag))
        }
        for name in [HeaderName.callID, .cSeq] { builder.copy(all: name, from: message) }
        switch status {
        case 420:
            let tags = (try? message.tokens(.require)) ?? []
            for tag in tags where !SIPCapabilities.supports(optionTag: tag) {
                builder.add(.unsupported, tag)
            }
        case 415: builder.add(.accept, "application/sdp, multipart/mixed")
        default: break
        }
        return builder.finish()
    }

    /// A malformed To gets no tag: nobody can say where it would have to go.
    private static func tagged(_ to: ArraySlice<UInt8>, _ tag: [UInt8]) -> [UInt8] {
        guard let decoded = try? NameAddr(to), decoded.tag == nil, !tag.isEmpty else {
            return Array(to)
        }
        return Array(to) + Array(";tag=".utf8) + tag
    }
}
