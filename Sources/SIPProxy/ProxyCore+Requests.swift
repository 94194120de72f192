// SPDX-License-Identifier: Apache-2.0

import NetworkAddress
import SIPMessage
public import SIPTransaction

// Requests: from their arrival to the next hop.
extension ProxyCore {
    /// Why a request does not go on.
    private struct Refusal {
        let status: Int
        let reason: String
        /// Option tags for Unsupported.
        var tags: [ArraySlice<UInt8>] = []

        init(_ status: Int, _ reason: String) {
            self.status = status
            self.reason = reason
        }

        /// What the proxy says without a cause in the request.
        init(_ status: Int) {
            self.status = status
            self.reason =
                switch status {
                case 408: "Request Timeout"
                case 416: "Unsupported URI Scheme"
                case 480: "Temporarily Unavailable"
                case 487: "Request Terminated"
                default: "Server Internal Error"
                }
        }
    }

    func open(_ id: ServerTransactionID, _ request: SIPMessage, from source: Hop) {
        guard let method = request.method else { return }
        self.counters.requests &+= 1
        let routes = RouteSet(request, at: self.configuration.identity)
        if let refusal = self.refusal(of: request) {
            return self.refuse(id, request, source, refusal)
        }
        let consultation = self.consultation(about: request)
        let passage = Passage(
            id, request, method, from: source, routes: routes, consultation: consultation)
        self.passages[id] = passage
        guard let consultation else { return self.locate(passage) }
        let ticket = self.newTicket(.passage(passage))
        passage.question = ticket
        self.openConsultations += 1
        self.counters.consultations &+= 1
        self.outputs.append(.consult(ticket, consultation))
        self.outputs.append(
            .startTimer(
                .consultation(ticket),
                milliseconds: self.configuration.service.consultationMilliseconds))
    }

    /// What RFC 3261 section 16.3 has a proxy look at.
    private func refusal(of request: SIPMessage) -> Refusal? {
        if (try? request.maxForwards()) == .some(0) {
            self.counters.hopsSpent &+= 1
            return Refusal(483, "Too Many Hops")
        }
        if self.branches.isLoop(request, at: self.configuration.identity) {
            self.counters.loops &+= 1
            return Refusal(482, "Loop Detected")
        }
        let required = request.all(.proxyRequire).filter { !$0.isEmpty }
        guard !required.isEmpty, request.method != .ack, request.method != .cancel else {
            return nil
        }
        var refusal = Refusal(420, "Bad Extension")
        refusal.tags = required
        return refusal
    }

    /// What the service is asked; nil where the call goes on as it came.
    private func consultation(about request: SIPMessage) -> Consultation? {
        let service = self.configuration.service
        switch service.decision(request) {
        case .consult(let consultation):
            guard self.openConsultations < service.consultationsMax else {
                self.counters.consultationLimitHits &+= 1
                return nil
            }
            return consultation
        case .pass(.noNewCall): break
        case .pass(.emergency): self.counters.emergencies &+= 1
        case .pass(.marked): self.counters.marked &+= 1
        case .pass(.diversion), .pass(.nobodyServed): self.counters.unasked &+= 1
        }
        return nil
    }

    // MARK: Answers to questions

    /// The service answered. Whatever it says, the call goes on (MCP-6).
    public func consulted(_ ticket: ProxyTicket, _ answer: ConsultationAnswer) {
        guard self.waiting[ticket] != nil else { return }
        self.outputs.append(.stopTimer(.consultation(ticket)))
        self.goOn(ticket) { passage in
            switch answer {
            case .failed: self.counters.consultationFailures &+= 1
            case .native: self.counters.native &+= 1
            case .divert(let number):
                let service = self.configuration.service
                let diversion = passage.consultation.flatMap {
                    service.diversion(of: $0, to: number, passage.routes)
                }
                guard let diversion else {
                    self.counters.unusableAnswers &+= 1
                    break
                }
                self.counters.diverted &+= 1
                passage.routes = diversion.routes
                passage.mark = diversion.mark
            }
        }
    }

    /// A consultation is over; the request goes on as `change` leaves it.
    func goOn(_ ticket: ProxyTicket, _ change: (Passage) -> Void) {
        guard case .passage(let passage) = self.waiting.removeValue(forKey: ticket) else { return }
        passage.question = nil
        self.openConsultations -= 1
        change(passage)
        self.perform(passage.context.consulted(), on: passage)
    }

    /// The places of a name, in the order in which they are to be tried; none where it leads
    /// nowhere.
    public func located(_ ticket: ProxyTicket, _ places: [Hop]) {
        switch self.waiting.removeValue(forKey: ticket) {
        case .passage(let passage):
            passage.search = nil
            if places.isEmpty { self.counters.unroutable &+= 1 }
            self.perform(passage.context.located(places), on: passage)
        case .stateless(let message, let source, let routes):
            self.statelessWaiting -= 1
            self.sendStateless(message, source, routes, to: places.first)
        case nil: break
        }
    }

    // MARK: The next hop

    private func locate(_ passage: Passage) {
        guard let next = self.nextHop(of: passage.routes) else {
            self.counters.unroutable &+= 1
            // A number is understood, but leads nowhere; of other schemes nothing is known.
            if case .other? = try? URI.parse(passage.routes.requestURI[...]) {
                return self.perform(.refuse(416), on: passage)
            }
            return self.perform(.refuse(480), on: passage)
        }
        if let place = self.place(of: next) {
            return self.perform(passage.context.located([place]), on: passage)
        }
        let ticket = self.newTicket(.passage(passage))
        passage.search = ticket
        self.outputs.append(.locate(ticket, next))
    }

    /// Nil where the request is for nobody else.
    private func nextHop(of routes: RouteSet) -> NextHop? {
        let isForUs =
            routes.routes.isEmpty && self.configuration.nextHop == nil
            && self.configuration.identity.isOwn(routes.requestURI[...])
        return isForUs ? nil : routes.nextHop(standard: self.configuration.nextHop)
    }

    /// Where a next hop is that needs no look-up.
    private func place(of next: NextHop) -> Hop? {
        guard case .address(let address) = next.host else { return nil }
        let transport = self.configuration.identity.transport
        return Hop(
            listener: self.configuration.listener, transport: transport,
            remote: .init(address: address, port: next.port ?? transport.defaultPort))
    }

    // MARK: Steps

    /// Does what a context wants. `message` is what it is about: a response, or a CANCEL.
    func perform(
        _ step: ResponseContext.Step, on passage: Passage, with message: SIPMessage? = nil
    ) {
        switch step {
        case .wait: break
        case .locate: self.locate(passage)
        case .send(let hop, let attempt): self.send(passage, to: hop, attempt)
        case .pass: self.pass(message, back: passage, asServerError: false)
        case .passAsServerError: self.pass(message, back: passage, asServerError: true)
        case .cancel:
            guard let client = passage.client else { break }
            self.layer.cancel(client, reason: Array(message?.first(.reason) ?? []))
        case .refuse(let status):
            self.forgetQuestions(of: passage)
            self.refuse(passage.id, passage.request, passage.source, Refusal(status))
        }
    }

    private func send(_ passage: Passage, to hop: Hop, _ attempt: Int) {
        let branch = self.branches.branch(passage.request, attempt: attempt)
        let bytes = ForwardedMessage.request(
            passage.request, from: passage.source, by: passage.routes, mark: passage.mark,
            branch: branch, self.configuration)
        if attempt > 0 { self.counters.furtherPlaces &+= 1 }
        let client = self.layer.send(
            request: bytes, method: passage.method, branch: branch, to: hop)
        guard let client else { return self.perform(passage.context.unreachable(), on: passage) }
        self.counters.forwarded &+= 1
        passage.client = client
        self.clients[client] = passage
    }

    private func pass(_ response: SIPMessage?, back passage: Passage, asServerError: Bool) {
        guard let response, let status = response.status else { return }
        let bytes = ForwardedMessage.response(
            response, asServerError: asServerError,
            forStream: passage.source.transport.isReliable)
        guard let bytes else {
            self.counters.strayResponses &+= 1
            return
        }
        self.counters.responses &+= 1
        self.layer.respond(passage.id, status: asServerError ? 500 : status, bytes: bytes)
    }

    private func forgetQuestions(of passage: Passage) {
        if let search = passage.search { self.waiting[search] = nil }
        passage.search = nil
        guard let ticket = passage.question else { return }
        passage.question = nil
        self.waiting[ticket] = nil
        self.openConsultations -= 1
        self.outputs.append(.stopTimer(.consultation(ticket)))
        self.outputs.append(.endConsultation(ticket))
    }

    private func refuse(
        _ id: ServerTransactionID, _ request: SIPMessage, _ source: Hop, _ refusal: Refusal
    ) {
        var template = ResponseTemplate(status: refusal.status, reason: refusal.reason)
        template.toTag = Array(self.branches.branch(request).dropFirst(7).prefix(16))
        guard var builder = template.builder(for: request, from: source) else { return }
        for tag in refusal.tags { builder.add(.unsupported, tag) }
        if self.layer.respond(id, status: refusal.status, bytes: builder.finish()) {
            self.counters.refusals &+= 1
        }
    }

    // MARK: Without state

    /// An ACK for a 2xx, or a CANCEL for what is not known (RFC 3261 sections 16.10 and 16.11).
    func passStateless(_ message: SIPMessage, from source: Hop) {
        let routes = RouteSet(message, at: self.configuration.identity)
        guard self.refusal(of: message) == nil, let next = self.nextHop(of: routes),
            self.statelessWaiting < Self.statelessMax
        else {
            self.counters.statelessDropped &+= 1
            return
        }
        if let place = self.place(of: next) {
            return self.sendStateless(message, source, routes, to: place)
        }
        self.statelessWaiting += 1
        let ticket = self.newTicket(.stateless(message, source, routes))
        self.outputs.append(.locate(ticket, next))
    }

    private func sendStateless(
        _ message: SIPMessage, _ source: Hop, _ routes: RouteSet, to place: Hop?
    ) {
        guard let place else {
            self.counters.statelessDropped &+= 1
            return
        }
        let bytes = ForwardedMessage.request(
            message, from: source, by: routes, mark: nil, branch: self.branches.branch(message),
            self.configuration)
        self.counters.stateless &+= 1
        self.layer.send(stateless: bytes, to: place)
    }
}
