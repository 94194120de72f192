// SPDX-License-Identifier: Apache-2.0

public import SIPMessage

extension Dialog {
    /// What a dialog makes of the CSeq of a request in it (RFC 3261 section 12.2.2).
    public enum SequenceCheck: Sendable, Hashable {
        /// Higher than the last one, gaps allowed; or an ACK or CANCEL, which repeat their
        /// INVITE's.
        case inOrder
        /// Not higher than the last one: answer 500.
        case outOfOrder
    }

    /// Checks and takes up the CSeq of a request received.
    public mutating func receive(sequence: UInt32, method: Method) -> SequenceCheck {
        guard method != .ack, method != .cancel else { return .inOrder }
        if let last = self.remoteSequence, sequence <= last { return .outOfOrder }
        self.remoteSequence = sequence
        return .inOrder
    }

    /// A target refresh: a re-INVITE or UPDATE that was accepted, or the 2xx to ours, brings the
    /// peer's Contact (RFC 3261 sections 12.2.1.2 and 12.2.2, RFC 3311 section 5.1). The route set
    /// never changes that way.
    public mutating func refreshTarget(from message: SIPMessage) throws(DialogError) {
        if let target = try Self.contact(of: message) { self.remoteTarget = target }
    }

    /// The URI that says where the next request of this dialog is sent (RFC 3261 section 8.1.2).
    public var nextHop: [UInt8] {
        guard let first = self.routeSet.first, let uri = Self.uri(of: first) else {
            return self.remoteTarget
        }
        return Array(uri)
    }

    /// Begins a request in the dialog with the next CSeq number (RFC 3261 section 12.2.1.1):
    /// Request-URI, Via, Max-Forwards, Route, From, To, Call-ID, CSeq. `via` is the whole value.
    /// Nil for ACK and CANCEL, and when the sequence numbers are used up.
    public mutating func request(_ method: Method, via: [UInt8]) -> SIPMessageBuilder? {
        guard method != .ack, method != .cancel else { return nil }
        let next = (self.localSequence ?? 0).addingReportingOverflow(1)
        guard !next.overflow, next.partialValue <= Self.sequenceLimit else { return nil }
        self.localSequence = next.partialValue
        return self.begin(method, sequence: next.partialValue, via: via)
    }

    /// Begins the ACK for a 2xx (RFC 3261 section 13.2.2.4): `sequence` is that of the INVITE,
    /// `via` a new one. The owner adds the answer, where the 2xx brought the offer.
    public func acknowledgement(sequence: UInt32, via: [UInt8]) -> SIPMessageBuilder {
        self.begin(.ack, sequence: sequence, via: via)
    }

    private func begin(_ method: Method, sequence: UInt32, via: [UInt8]) -> SIPMessageBuilder {
        let (uri, routes) = self.routing
        var builder = SIPMessageBuilder(request: method, uri: uri)
        builder.add(.via, via)
        builder.add(.maxForwards, "70")
        for route in routes { builder.add(.route, route) }
        builder.add(.from, self.localParty)
        builder.add(.to, self.remoteParty)
        builder.add(.callID, self.key.callID)
        builder.add(.cSeq, CSeq(number: sequence, method: method).bytes)
        return builder
    }

    /// Request-URI and Route: behind a loose router the target stands in the Request-URI; a strict
    /// one finds itself there, and the target comes last (RFC 3261 section 12.2.1.1).
    var routing: (uri: [UInt8], routes: [[UInt8]]) {
        guard let first = self.routeSet.first, let firstURI = Self.uri(of: first),
            case .sip(let decoded)? = try? URI.parse(firstURI), !decoded.isLooseRouter
        else { return (self.remoteTarget, self.routeSet) }
        let last = [UInt8(ascii: "<")] + self.remoteTarget + [UInt8(ascii: ">")]
        return (SIPURI.requestURI(firstURI), Array(self.routeSet.dropFirst()) + [last])
    }

    private static func uri(of route: [UInt8]) -> ArraySlice<UInt8>? {
        (try? NameAddr(route[...], bracketsRequired: true))?.uri
    }
}
