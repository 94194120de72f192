// SPDX-License-Identifier: Apache-2.0

public import SIPMessage

/// A response as far as RFC 3261 section 8.2.6 prescribes it: status line, Via, From, To, Call-ID
/// and CSeq of the request. The user adds what else is to stand in it.
public struct ResponseTemplate: Sendable {
    /// The status code, 100 to 699.
    public var status: Int
    /// The reason phrase.
    public var reason: String
    /// The tag for To where the request has none; empty for none, as in a 100.
    public var toTag: [UInt8] = []
    /// Seconds of Retry-After; nil for none.
    public var retryAfter: UInt32?

    /// A response without tag and Retry-After.
    public init(status: Int, reason: String) {
        self.status = status
        self.reason = reason
    }

    /// The response as far as it is prescribed, to be added to. `source` is where the request came
    /// from; it goes into the top Via. Nil when the request's top Via or To cannot be read.
    public func builder(for request: SIPMessage, from source: Hop) -> SIPMessageBuilder? {
        guard let via = try? request.topVia(), let to = try? request.to() else { return nil }
        var builder = SIPMessageBuilder(status: self.status, reason: self.reason)
        builder.add(.via, ResponseRouting.topViaValue(via, source: source.remote))
        for value in request.all(.via).dropFirst() { builder.add(.via, value) }
        if let from = request.first(.from) { builder.add(.from, from) }
        if to.tag != nil || self.toTag.isEmpty {
            builder.add(.to, to.bytes)
        } else {
            builder.add(.to, to.bytes + Array(";tag=".utf8) + self.toTag)
        }
        if let callID = request.first(.callID) { builder.add(.callID, callID) }
        if let cseq = request.first(.cSeq) { builder.add(.cSeq, cseq) }
        if self.status == 100, let timestamp = request.first(.timestamp) {
            builder.add(.timestamp, timestamp)
        }
        if let seconds = self.retryAfter { builder.add(.retryAfter, ASCII.digits(seconds)) }
        return builder
    }

    /// The response with nothing added and no body.
    public func build(for request: SIPMessage, from source: Hop) -> [UInt8]? {
        guard let builder = self.builder(for: request, from: source) else { return nil }
        return builder.finish()
    }

    /// The To tag in a response sent before; empty where there is none.
    static func toTag(of response: [UInt8]) -> [UInt8] {
        guard !response.isEmpty,
            let message = try? SIPMessage.parse(response, framing: .datagram),
            let tag = try? message.to().tag
        else { return [] }
        return Array(tag)
    }
}
