// SPDX-License-Identifier: Apache-2.0

import Admission
import NetworkAddress
import SDP
import SIPMessage
import SIPTransaction

/// A response to be written.
struct Reply {
    var status: Int
    /// For To, where the request has none.
    var tag: [UInt8] = []
    /// Seconds.
    var retryAfter: UInt32?
    /// Warning code and text (RFC 3261 section 20.43).
    var warning: (code: Int, text: String)?
    /// Cause and text of a Reason (RFC 3326).
    var reason: (cause: Int, text: String)?
    /// Names the methods that are served.
    var allows = false
    /// Where we are; empty: not said.
    var contact: [UInt8] = []
    /// What else the status calls for.
    var headers: [(name: HeaderName, value: [UInt8])] = []

    init(_ status: Int, tag: [UInt8] = []) {
        self.status = status
        self.tag = tag
    }
}

extension EngineContext {
    /// Answers a request without a body.
    func respond(_ reply: Reply, to request: ReceivedRequest) {
        guard let builder = self.begin(reply, to: request) else { return }
        self.respond(reply.status, builder.finish(), to: request)
    }

    /// Hands a finished response to the transaction layer.
    func respond(_ status: Int, _ bytes: [UInt8], to request: ReceivedRequest) {
        guard let server = request.server else { return }
        self.actions.append(.respond(server, status: status, bytes))
    }

    /// Begins a response: what RFC 3261 section 8.2.6 prescribes, and what the reply asks for.
    func begin(_ reply: Reply, to request: ReceivedRequest) -> SIPMessageBuilder? {
        var template = ResponseTemplate(
            status: reply.status, reason: StatusTable.phrase(reply.status))
        template.toTag = reply.tag.isEmpty ? self.identifiers.tag() : reply.tag
        template.retryAfter = reply.retryAfter
        guard var builder = template.builder(for: request.message, from: request.source) else {
            return nil
        }
        if reply.allows {
            let source = request.source
            let trunk = self.sources.trunk(at: source.listener, from: source.remote.address)
            builder.add(.allow, AllowedMethods.value(trunk.map { self.configuration.trunks[$0] }))
        }
        if !reply.contact.isEmpty { builder.add(.contact, reply.contact) }
        // What a body may be (RFC 3261 sections 11.2 and 21.4.13).
        if reply.allows || reply.status == 415 {
            builder.add(.accept, "application/sdp, multipart/mixed")
        }
        for header in reply.headers { builder.add(header.name, header.value) }
        if let warning = reply.warning {
            // RFC 3261 section 20.43: a pseudonym stands for our host.
            builder.add(.warning, "\(warning.code) trunkline \"\(warning.text)\"")
        }
        if let reason = reply.reason {
            builder.add(.reason, "SIP;cause=\(reason.cause);text=\"\(reason.text)\"")
        }
        if !self.configuration.product.isEmpty {
            builder.add(.server, self.configuration.product)
        }
        return builder
    }

    /// Counts an offer or answer that cannot be used.
    func count(_ error: OfferAnswerError) {
        self.counters.notAcceptable &+= 1
        if case .noCommonSecurity = error { self.counters.securityMismatches &+= 1 }
    }

    /// Counts a call that is not let in.
    func count(_ refusal: AdmissionRefusal) {
        switch refusal {
        case .nodeRate: self.counters.refusedByRate &+= 1
        case .nodeDraining, .nodeFull, .trunkDraining: self.counters.refusedTemporarily &+= 1
        case .trunkFull, .trunkRate: self.counters.refusedByTrunkLimit &+= 1
        case .sourceFull, .sourceRate: self.counters.refusedBySourceLimit &+= 1
        case .tenantFull, .tenantRate: self.counters.refusedByTenantLimit &+= 1
        }
    }

    /// Seconds for Retry-After when the node cannot serve, spread so that callers do not come back
    /// all at once.
    func retryAfterSeconds() -> UInt32 { 1 + UInt32(self.identifiers.below(5)) }

    /// Seconds for a second INVITE before the first one is answered (RFC 3261 section 14.2).
    func retryAfterPendingSeconds() -> UInt32 { UInt32(self.identifiers.below(11)) }
}
