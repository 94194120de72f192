// SPDX-License-Identifier: Apache-2.0

import NetworkAddress
import SIPMessage

extension TransactionLayer {
    /// Where the request of a server transaction came from; nil when that is over.
    public func source(of id: ServerTransactionID) -> Hop? { self.entry(id)?.source }

    /// Answers a request: `bytes` is the whole response, `status` the code in it.
    ///
    /// A 2xx to an INVITE is repeated until its ACK comes (RFC 3261 section 13.3.1.4), but for a
    /// proxy, which passes each one once. False, and a counter, when the transaction is over,
    /// answered already, or when RFC 4320 forbids it.
    @discardableResult
    public func respond(_ id: ServerTransactionID, status: Int, bytes: [UInt8]) -> Bool {
        guard let entry = self.entry(id) else {
            self.counters.unsentResponses &+= 1
            return false
        }
        let actions = entry.machine.apply(.respond(status))
        let isSent = actions.effects.contains(.sendResponse)
        if isSent {
            entry.lastResponse = bytes
            entry.request = nil
        } else {
            self.counters.unsentResponses &+= 1
        }
        self.perform(actions, on: entry)
        if isSent, self.isUserAgents, entry.machine.isAcceptedInvite, !entry.isAcknowledged {
            entry.successMilliseconds = self.configuration.timing.t1
            self.startSuccess(of: entry)
        }
        return isSent
    }

    /// Says which To tag the final response to an INVITE will have, so that the response to a
    /// CANCEL can have it too (RFC 3261 section 9.2).
    public func setTag(_ tag: [UInt8], of id: ServerTransactionID) {
        self.entry(id)?.userTag = tag
    }

    /// Ends the repetition of a 2xx to an INVITE whose ACK is not awaited any more, because a BYE
    /// ended the dialog first. Copies of the INVITE and a late ACK are absorbed as ever, and the
    /// missing ACK is not reported.
    public func stopRepeating(_ id: ServerTransactionID) {
        guard let entry = self.entry(id), entry.machine.isAcceptedInvite else { return }
        entry.isAcknowledged = true
        self.stop(TimerSet(.success), in: &entry.timers)
    }

    /// Sends 100 Trying at once instead of after 200 ms, if nothing was sent yet.
    public func sendTrying(_ id: ServerTransactionID) {
        guard let entry = self.entry(id), entry.lastResponse.isEmpty else { return }
        let actions = entry.machine.apply(.respond(100))
        guard actions.effects.contains(.sendResponse) else { return }
        self.buildTrying(of: entry)
        self.perform(actions, on: entry)
    }

    func received(
        request: SIPMessage, method: Method, from source: Hop, isOverRate: Bool
    ) {
        let keyMethod = method == .ack || method == .cancel ? Method.invite : method
        guard let keys = RequestKeys(request, method: keyMethod) else {
            self.counters.unkeyedMessages &+= 1
            return
        }
        switch method {
        case .ack: self.received(ack: request, keys: keys, from: source)
        case .cancel: self.received(cancel: request, keys: keys, from: source)
        default:
            if let id = self.serverKeys[keys.server], let entry = self.entry(id) {
                self.counters.requestRetransmissionsReceived &+= 1
                self.perform(entry.machine.apply(.request), on: entry)
            } else if isOverRate || !self.hasRoom(method, keys) {
                self.shed(request, keys, source)
            } else {
                self.open(request, method: method, keys: keys, from: source)
            }
        }
    }

    /// A flood of requests that belong to no call must not take what calls need.
    private func hasRoom(_ method: Method, _ keys: RequestKeys) -> Bool {
        let limit = self.configuration.serverLimit
        if keys.hasToTag { return self.servers.count < limit }
        return self.servers.count < limit - limit / (method == .invite ? 10 : 2)
    }

    private func shed(_ request: SIPMessage, _ keys: RequestKeys, _ source: Hop) {
        self.counters.serverLimitHits &+= 1
        if self.configuration.overload == .reject { self.refuse(request, keys, source) }
    }

    private func open(
        _ request: SIPMessage, method: Method, keys: RequestKeys, from source: Hop
    ) {
        // In a dialog the CSeq tells requests apart; outside, see RFC 3261 section 8.2.2.2.
        let isMerged =
            self.isUserAgents && !keys.hasToTag && self.identities[keys.identity] != nil
        let timing = self.configuration.timing
        let isReliable = source.transport.isReliable
        let entry = self.servers.insert { slot, generation in
            let machine: ServerMachine =
                method == .invite
                ? .invite(InviteServerTransaction(timing: timing, isReliable: isReliable))
                : .other(NonInviteServerTransaction(timing: timing, isReliable: isReliable))
            return ServerTransaction(
                id: ServerTransactionID(slot: slot, generation: generation), keys: keys,
                machine: machine, request: request, source: source,
                successMilliseconds: timing.t1)
        }
        self.serverKeys[keys.server] = entry.id
        if self.identities[keys.identity] == nil { self.identities[keys.identity] = entry.id }
        self.counters.serverTransactions &+= 1
        var actions = entry.machine.apply(.start)
        if isMerged { actions.effects.remove(.deliver) }
        self.perform(actions, on: entry)
        if isMerged { self.rejectMerged(entry, request, source) }
    }

    private func rejectMerged(_ entry: ServerTransaction, _ request: SIPMessage, _ source: Hop) {
        self.counters.mergedRequests &+= 1
        self.answer(
            ResponseTemplate(status: 482, reason: "Loop Detected"), request, source
        ) { bytes in self.respond(entry.id, status: 482, bytes: bytes) }
    }

    private func refuse(_ request: SIPMessage, _ keys: RequestKeys, _ source: Hop) {
        var template = ResponseTemplate(status: 503, reason: "Service Unavailable")
        // Spread over the peers' Call-IDs, so that they do not come back all at once.
        template.retryAfter = 1 + UInt32(self.hash(request) % 5)
        self.answer(template, request, source) { bytes in
            self.send(stateless: bytes, to: ResponseRouting.hop(topVia: keys.via, source: source))
        }
    }

    private func received(cancel: SIPMessage, keys: RequestKeys, from source: Hop) {
        guard let id = self.serverKeys[keys.server], let entry = self.entry(id) else {
            self.counters.strayCancels &+= 1
            guard self.isUserAgents else {
                return self.outputs.append(.strayCancel(cancel, source))
            }
            let template = ResponseTemplate(
                status: 481, reason: "Call/Transaction Does Not Exist")
            self.answer(template, cancel, source) { bytes in
                self.send(
                    stateless: bytes, to: ResponseRouting.hop(topVia: keys.via, source: source))
            }
            return
        }
        // The CANCEL is answered without a transaction of its own: its response is kept with the
        // INVITE, so that a flood of CANCELs makes no state.
        guard entry.cancelResponse.isEmpty else {
            self.counters.requestRetransmissionsReceived &+= 1
            self.send(stateless: entry.cancelResponse, to: entry.hop)
            return
        }
        var template = ResponseTemplate(status: 200, reason: "OK")
        let isPending = entry.machine.isProceedingInvite
        template.toTag =
            (isPending || entry.lastResponse.isEmpty) && !entry.userTag.isEmpty
            ? entry.userTag : ResponseTemplate.toTag(of: entry.lastResponse)
        self.answer(template, cancel, source) { bytes in
            entry.cancelResponse = bytes
            self.send(stateless: bytes, to: entry.hop)
        }
        if entry.machine.isProceedingInvite {
            self.outputs.append(.cancel(invite: entry.id, cancel))
        }
    }

    private func received(ack: SIPMessage, keys: RequestKeys, from source: Hop) {
        if let id = self.serverKeys[keys.server], let entry = self.entry(id),
            !entry.machine.isAcceptedInvite
        {
            self.perform(entry.machine.apply(.ack), on: entry)
            return
        }
        guard self.isUserAgents, let id = self.identities[keys.identity],
            let entry = self.entry(id), entry.machine.isAcceptedInvite
        else {
            self.counters.strayAcks &+= 1
            self.outputs.append(.ack(ack, source))
            return
        }
        guard !entry.isAcknowledged else {
            self.counters.repeatedAcks &+= 1
            return
        }
        entry.isAcknowledged = true
        // Copies of the INVITE get nothing any more, and a CANCEL no more than the tag.
        entry.userTag = Array((try? ack.to())?.tag ?? [])
        entry.lastResponse = []
        self.stop(TimerSet(.success), in: &entry.timers)
        self.outputs.append(.ack(ack, source))
    }

    func timerFired(_ timer: TransactionTimer, on entry: ServerTransaction) {
        switch timer {
        case .success:
            self.counters.retransmissionsSent &+= 1
            self.outputs.append(.send(entry.lastResponse, entry.hop, .server(entry.id)))
            entry.successMilliseconds = min(
                2 * entry.successMilliseconds, self.configuration.timing.t2)
            self.startSuccess(of: entry)
        case .l:
            var actions = entry.machine.apply(.timer(timer))
            if self.isUserAgents, !entry.isAcknowledged { actions.effects.insert(.timeout) }
            self.perform(actions, on: entry)
        default:
            if timer == .g { self.counters.retransmissionsSent &+= 1 }
            self.perform(entry.machine.apply(.timer(timer)), on: entry)
        }
    }

    /// What a user agent answers with and awaits is its own; a proxy only passes it.
    private var isUserAgents: Bool { self.configuration.user == .userAgent }

    private func startSuccess(of entry: ServerTransaction) {
        self.start(
            .success, milliseconds: entry.successMilliseconds, of: .server(entry.id),
            in: &entry.timers)
    }

    /// RFC 3261 section 18.2.2: a connection that is gone is replaced by one of our own, once.
    func responseFailed(_ entry: ServerTransaction) {
        if entry.fallbackPort != 0, !entry.lastResponse.isEmpty {
            entry.hop.connection = nil
            entry.hop.remote.port = entry.fallbackPort
            entry.fallbackPort = 0
            self.outputs.append(.send(entry.lastResponse, entry.hop, .server(entry.id)))
            return
        }
        self.perform(entry.machine.apply(.transportFailed), on: entry)
    }

    func perform(_ actions: TransactionActions, on entry: ServerTransaction) {
        let effects = actions.effects
        self.stop(actions.stops, in: &entry.timers)
        if effects.contains(.sendTrying) { self.buildTrying(of: entry) }
        if !effects.isDisjoint(with: [.sendResponse, .sendTrying]), !entry.lastResponse.isEmpty {
            self.outputs.append(.send(entry.lastResponse, entry.hop, .server(entry.id)))
        }
        self.start(actions, of: .server(entry.id), in: &entry.timers)
        if effects.contains(.deliver), let request = entry.request {
            self.outputs.append(.request(entry.id, request, entry.source))
        }
        if effects.contains(.timeout) {
            self.counters.serverTimeouts &+= 1
            self.outputs.append(.serverTimeout(entry.id))
        }
        if effects.contains(.transportFailed) {
            self.outputs.append(.serverTransportFailed(entry.id))
        }
        if effects.contains(.terminated) { self.remove(entry) }
    }

    private func buildTrying(of entry: ServerTransaction) {
        guard let request = entry.request else { return }
        entry.request = nil
        let template = ResponseTemplate(status: 100, reason: "Trying")
        guard let bytes = template.build(for: request, from: entry.source) else {
            self.counters.unbuildableMessages &+= 1
            return
        }
        entry.lastResponse = bytes
    }

    /// Builds one of the layer's own responses, with a To tag, and hands it on.
    private func answer(
        _ template: ResponseTemplate, _ request: SIPMessage, _ source: Hop,
        then send: (_ bytes: [UInt8]) -> Void
    ) {
        var template = template
        if template.toTag.isEmpty { template.toTag = self.tag(for: request) }
        guard let bytes = template.build(for: request, from: source) else {
            self.counters.unbuildableMessages &+= 1
            return
        }
        send(bytes)
    }

    /// The same for each copy of a request, as RFC 3261 section 8.2.7 wants it of what answers
    /// without state.
    private func tag(for request: SIPMessage) -> [UInt8] {
        ASCII.digits(self.hash(request))
    }

    private func hash(_ request: SIPMessage) -> UInt64 {
        var hash = self.configuration.tagSeed ^ 0xcbf2_9ce4_8422_2325
        for name in [HeaderName.callID, .via] {
            for byte in request.first(name) ?? [] {
                hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3
            }
        }
        hash = (hash ^ hash >> 32) &* 0x9e37_79b9_7f4a_7c15
        return hash ^ hash >> 29
    }

    private func remove(_ entry: ServerTransaction) {
        self.stop(TimerSet(rawValue: .max), in: &entry.timers)
        self.serverKeys[entry.key] = nil
        if self.identities[entry.identity] == entry.id { self.identities[entry.identity] = nil }
        self.servers.remove(slot: entry.id.slot, generation: entry.id.generation)
        self.outputs.append(.terminated(.server(entry.id)))
    }
}
