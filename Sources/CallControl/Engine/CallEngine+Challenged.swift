// SPDX-License-Identifier: Apache-2.0

import Admission
import SIPAuthentication
import SIPDialog
import SIPMessage
import SIPTransaction

// Challenges to requests of ours (RFC 3261 section 22, RFC 8760): the same request once more, with
// the next CSeq number, a branch of its own and credentials.
extension CallEngine {
    /// True when a 401 or 407 was answered by sending the request again.
    func answerChallenge(
        _ response: SIPMessage, _ status: Int, _ handle: RequestHandle,
        _ purpose: EngineContext.Purpose
    ) -> Bool {
        guard status == 401 || status == 407, let sent = self.context.authentication.sent[handle],
            self.mayRepeat(purpose, handle),
            let request = try? SIPMessage.parse(sent.bytes, framing: .stream),
            let name = self.trunkName(of: request, .outgoing, sent.hop),
            let trunk = self.context.configuration.trunks.first(where: { $0.name == name }),
            let credentials = trunk.authentication.credentials
        else { return false }
        let answers = self.answers(response, request, sent, credentials, name)
        guard !answers.isEmpty, let sequence = self.nextSequence(for: request),
            let listener = self.context.configuration.listener(sent.hop.listener)?.named(for: trunk)
        else {
            self.context.counters.challengesFailed &+= 1
            return false
        }
        let branch = self.context.identifiers.branch()
        let bytes = Self.repeated(
            request, via: listener.via(branch: branch), sequence: sequence,
            credentials: answers.map { ($0.name, $0.value) })
        let next = self.context.send(
            sent.method, bytes, branch: branch, to: sent.hop, for: purpose)
        self.context.authentication.sent[next]?.answered =
            sent.answered.union(answers.map(\.nonce))
        self.context.discard(handle)
        self.context.counters.challengesAnswered &+= 1
        guard let message = try? SIPMessage.parse(bytes, framing: .stream) else { return true }
        self.took(
            SentInvite(
                handle: next, message: message, branch: branch, hop: sent.hop,
                sequence: sequence), purpose)
        return true
    }

    private func answers(
        _ response: SIPMessage, _ request: SIPMessage, _ sent: AuthenticationState.Sent,
        _ credentials: DigestCredentials, _ trunk: TrunkName
    ) -> [(name: HeaderName, value: [UInt8], nonce: [UInt8])] {
        let clientNonce = hexadecimal(self.context.identifiers.below(.max))
        return self.context.authentication.clients[trunk, default: DigestClient()].answer(
            response,
            to: DigestRequest(
                method: sent.method.bytes, uri: sent.uri ?? Array(request.requestURI),
                body: Array(request.body)), credentials, answered: sent.answered,
            clientNonce: clientNonce)
    }

    /// An INVITE that was cancelled, or whose call ended, is not sent again.
    private func mayRepeat(_ purpose: EngineContext.Purpose, _ handle: RequestHandle) -> Bool {
        switch purpose {
        case .invite(let id): self.calls[id]?.awaits(handle, .b) ?? false
        case .reinvite(let leg): self.calls[leg.call]?.awaits(handle, leg.side) ?? false
        // A BYE has to get through, whether or not anybody waits for its answer.
        case .bye, .refresh, .audit, .notify, .digit, .watch, .relayed, .discarded: true
        // Whoever challenges an OPTIONS is there: no more was asked.
        case .abandoned, .acknowledged, .probe: false
        }
    }

    private func took(_ invite: SentInvite, _ purpose: EngineContext.Purpose) {
        switch purpose {
        case .invite(let id): self.withCall(id) { $0.resent(invite, .b) }
        case .reinvite(let leg): self.withCall(leg.call) { $0.resent(invite, leg.side) }
        case .bye, .refresh, .audit, .notify, .digit, .watch, .relayed, .discarded, .abandoned,
            .acknowledged, .probe:
            break
        }
    }

    /// In a dialog its next number, else the next behind the request's own.
    private func nextSequence(for request: SIPMessage) -> UInt32? {
        guard let cseq = try? request.cseq(), cseq.number < Dialog.sequenceLimit else { return nil }
        // From and To of the response are those of the request.
        guard let key = DialogKey(receivedResponse: request), let (leg, call) = self.leg(key) else {
            return cseq.number + 1
        }
        return call.legs[leg.side].dialog?.nextSequence()
    }

    private static func repeated(
        _ request: SIPMessage, via: [UInt8], sequence: UInt32,
        credentials: [(HeaderName, [UInt8])]
    ) -> [UInt8] {
        let method = request.method ?? .invite
        var builder = SIPMessageBuilder(request: method, uri: request.requestURI)
        builder.add(.via, via)
        let new = Set(credentials.map(\.0))
        for header in request.headers {
            switch header.name {
            case .via, .contentLength, .contentType: break
            case .cSeq: builder.add(.cSeq, CSeq(number: sequence, method: method).bytes)
            case let name where new.contains(name): break
            default: builder.add(header.name, header.value)
            }
        }
        for (name, value) in credentials { builder.add(name, value) }
        guard let type = request.first(.contentType), !request.body.isEmpty else {
            return builder.finish()
        }
        return builder.finish(body: request.body, contentType: type)
    }
}

extension EngineContext {
    /// Nobody waits for what a request of ours still brings.
    func discard(_ handle: RequestHandle) {
        self.setDiscarded(handle)
        self.authentication.sent[handle] = nil
    }

    /// Keeps a request as long as it may be challenged.
    func keep(_ handle: RequestHandle, _ method: Method, _ bytes: [UInt8], _ hop: Hop) {
        guard self.authentication.keepsRequests else { return }
        self.authentication.sent[handle] = AuthenticationState.Sent(
            method: method, bytes: bytes, hop: hop)
    }

    /// A request left with this Request-URI.
    func left(_ handle: RequestHandle, _ bytes: [UInt8]) {
        guard self.authentication.sent[handle] != nil else { return }
        let words = bytes.prefix { $0 != 0x0d }.split(separator: 0x20, maxSplits: 2)
        if words.count == 3 { self.authentication.sent[handle]?.uri = Array(words[1]) }
    }
}

// What a call has to know of an INVITE that was sent once more.
extension Call {
    /// The INVITE put to `side` is the one that this call waits for.
    func awaits(_ handle: RequestHandle, _ side: Side) -> Bool {
        if let rekey = self.rekey { return rekey.side == side && rekey.sent.handle == handle }
        switch self.state {
        case .settingUp(let setup):
            if case .sent(let sent) = setup.exchange.phase { return sent.handle == handle }
        case .up(let exchange?):
            if case .sent(let sent) = exchange.phase {
                return exchange.from == side.other && sent.handle == handle
            }
        case .up(nil), .ending, .over: break
        }
        return false
    }

    /// The INVITE put to `side` went out once more, as this.
    func resent(_ invite: SentInvite, _ side: Side) {
        self.legs[side].credentials = [HeaderName.authorization, .proxyAuthorization].flatMap {
            name in invite.message.lines(name).map { (name: name, value: Array($0)) }
        }
        if self.rekey != nil {
            self.rekey = Rekey(side: side, sent: invite)
            return self.checkpoint()
        }
        switch self.state {
        case .settingUp(var setup):
            setup.exchange.phase = .sent(invite)
            self.state = .settingUp(setup)
            self.sentInvite = PlacedInvite(
                bytes: invite.message.bytes, sequence: invite.sequence)
        case .up(var exchange?):
            exchange.phase = .sent(invite)
            self.state = .up(exchange)
        case .up(nil), .ending, .over: return
        }
        self.checkpoint()
    }
}
