// SPDX-License-Identifier: Apache-2.0

import SIPMessage

/// What a proxy has to be able to read before it passes a message (RFC 3261 section 16.3, 1): the
/// lines that it works with. All others may be malformed, of any extension, for whom it is meant.
enum ProxyExaminer {
    private static let singular: [(HeaderName, SIPParseError.Code)] = [
        (.callID, .callIDRepeated), (.cSeq, .cseqRepeated), (.from, .fromRepeated),
        (.to, .toRepeated), (.maxForwards, .maxForwardsRepeated),
    ]

    /// What a message gets; offsets are those of the message.
    static func verdict(_ message: SIPMessage, _ limits: MessageLimits) -> Verdict {
        guard let fault = self.fault(of: message, limits) else { return .accept }
        switch FaultTable.answer(fault.code) {
        case .respond(let status, let reason) where message.isRequest && message.method != .ack:
            return .reject(status: status, reason: reason, offset: fault.offset)
        case .respond(_, let reason), .silence(let reason):
            return .drop(reason: reason, offset: fault.offset)
        }
    }

    private static func fault(of message: SIPMessage, _ limits: MessageLimits) -> SIPParseError? {
        do throws(SIPParseError) {
            try self.checkLengths(message, limits)
            guard !(try message.vias()).isEmpty else { throw SIPParseError(.viaMissing, at: 0) }
            let cseq = try message.cseq()
            guard let method = message.method else { return nil }
            for (name, repeated) in self.singular {
                let lines = message.lines(name)
                if lines.count > 1 { throw SIPParseError(repeated, at: lines[1].startIndex) }
            }
            _ = try message.callID()
            _ = try message.from()
            _ = try message.to()
            _ = try message.maxForwards()
            _ = try message.routes()
            _ = try URI.parse(message.requestURI)
            guard method == cseq.method else {
                let place = message.first(.cSeq)?.startIndex ?? 0
                throw SIPParseError(.cseqMethodMismatch, at: place)
            }
            return nil
        } catch {
            return error
        }
    }

    private static func checkLengths(
        _ message: SIPMessage, _ limits: MessageLimits
    ) throws(SIPParseError) {
        guard message.bytes.count <= limits.messageBytes else {
            throw SIPParseError(.messageTooLarge, at: limits.messageBytes)
        }
        let uri = message.requestURI
        guard uri.count <= limits.uriBytes else {
            throw SIPParseError(.uriTooLong, at: uri.startIndex + limits.uriBytes)
        }
        for header in message.spelledHeaders
        where header.value.endIndex - header.name.startIndex > limits.headerBytes {
            throw SIPParseError(.headerTooLong, at: header.value.startIndex)
        }
    }
}
