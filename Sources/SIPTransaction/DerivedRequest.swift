// SPDX-License-Identifier: Apache-2.0

import SIPMessage

/// The requests that a client transaction makes out of its INVITE.
enum DerivedRequest {
    /// The ACK for a final response other than 2xx (RFC 3261 section 17.1.1.3): the To of the
    /// response, all else of the INVITE. Nil when the INVITE cannot be read.
    static func ack(for response: SIPMessage, to invite: [UInt8]) -> [UInt8]? {
        guard let request = try? SIPMessage.parse(invite, framing: .datagram),
            let to = response.first(.to)
        else { return nil }
        return self.derive(.ack, from: request, to: to)?.finish()
    }

    /// The CANCEL (RFC 3261 section 9.1) and its branch, which is the INVITE's.
    static func cancel(
        of invite: [UInt8], reason: [UInt8]
    ) -> (bytes: [UInt8], branch: [UInt8])? {
        guard let request = try? SIPMessage.parse(invite, framing: .datagram),
            let to = request.first(.to), let branch = try? request.topVia().branch,
            var builder = self.derive(.cancel, from: request, to: to)
        else { return nil }
        if !reason.isEmpty { builder.add(.reason, reason) }
        return (builder.finish(), Array(branch))
    }

    private static func derive(
        _ method: Method, from request: SIPMessage, to: ArraySlice<UInt8>
    ) -> SIPMessageBuilder? {
        guard let via = request.all(.via).first, let cseq = try? request.cseq(),
            let from = request.first(.from), let callID = request.first(.callID)
        else { return nil }
        var builder = SIPMessageBuilder(request: method, uri: request.requestURI)
        builder.add(.via, via)
        builder.add(.maxForwards, ASCII.digits(70 as UInt32))
        for route in request.all(.route) { builder.add(.route, route) }
        builder.add(.from, from)
        builder.add(.to, to)
        builder.add(.callID, callID)
        builder.add(.cSeq, CSeq(number: cseq.number, method: method).bytes)
        return builder
    }
}
