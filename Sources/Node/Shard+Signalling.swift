// SPDX-License-Identifier: Apache-2.0

import CallControl
import FlowABI
import FlowProgramming
import Sharing
import SIPMessage
import SIPProxy
import SIPTransaction
import SIPTransport
import Store

extension Shard: TransportOwner {
    func received(_ bytes: [UInt8], from hop: Hop) {
        let isProxys = self.isProxys(hop)
        guard isProxys || self.core.engine.admits(hop), !self.isScanner(bytes, hop) else { return }
        guard self.isFromItsParty(hop) else {
            self.counters.impostors &+= 1
            self.transport?.disconnect(hop.connection)
            return
        }
        guard self.inHand.take(bytes) else {
            self.counters.poisonous &+= 1
            return
        }
        defer {
            self.inHand.layDown()
            // A stream may be closed by what is sent on it, and is read from at the moment.
            if !hop.transport.isReliable { self.settleIfLong() }
        }
        guard !isProxys else { return self.receivedByProxy(bytes, from: hop) }
        let framing: Framing = hop.transport.isReliable ? .stream : .datagram
        do {
            var message = try SIPMessage.parse(bytes, framing: framing)
            let verdict = message.examine(self.messageLimits)
            guard case .accept = verdict else {
                return self.refuse(bytes, framing, verdict, hop)
            }
            if let verdict = self.verdictOfTrunk(message, hop) {
                self.counters.overTrunkLimits &+= 1
                return self.refuse(bytes, framing, verdict, hop)
            }
            let arrival = self.beginTrace()
            self.tellTime()
            self.core.received(message, from: hop)
            self.carryOut()
            self.endTrace(arrival, bytes, hop)
        } catch {
            self.refuse(bytes, framing, examine(bytes, framing: framing), hop)
        }
    }

    func malformed(_ error: SIPParseError, octets: [UInt8], from hop: Hop) {
        guard self.inHand.take(octets) else {
            self.counters.poisonous &+= 1
            return
        }
        defer { self.inHand.layDown() }
        let verdict = FaultTable.verdict(error, octets: octets)
        guard self.answersFault(of: hop), !self.isProxys(hop) || self.knows(hop) else { return }
        self.endTrace(self.beginTrace(), octets, hop)
        guard let response = self.refusal(of: octets, .stream, verdict) else { return }
        self.traceSent(response, hop, nil)
        // The connection is closed after this call: the answer cannot wait for the turn's end. It
        // relies on no checkpoint and no media, as others in the outbox may.
        self.transport?.send(response, to: hop)
    }

    func failed(_ hop: Hop, owner: TransactionID?, _ error: TransportError) {
        if self.isProxys(hop) {
            if let owner { self.proxy?.core.transportFailed(owner) }
            return
        }
        self.traceFailed(hop, owner, "\(error)")
        if let owner { self.core.transportFailed(owner) }
    }

    func lost(_ hop: Hop, _ error: TransportError?) {
        // A lost connection alone ends nothing (RFC 3261 section 17.1.4), but what was written to
        // it may be lost with it, and a carrier would reach us over it no more.
        if self.isProxys(hop) {
            self.proxy?.core.connectionLost(hop)
        } else {
            self.core.lost(hop)
        }
    }

    func refuse(_ bytes: [UInt8], _ framing: Framing, _ verdict: Verdict, _ hop: Hop) {
        // The proxy says nothing to strangers.
        guard self.answersFault(of: hop), !self.isProxys(hop) || self.knows(hop) else { return }
        self.endTrace(self.beginTrace(), bytes, hop)
        guard let response = self.refusal(of: bytes, framing, verdict) else { return }
        self.outbox.append(.init(bytes: response, hop: hop, owner: nil))
    }

    /// The answer to a faulty message; nil where it gets none.
    private func refusal(
        of bytes: [UInt8], _ framing: Framing, _ verdict: Verdict
    ) -> [UInt8]? {
        guard case .reject(let status, let reason, _) = verdict,
            let response = SIPMessageBuilder.rejection(
                of: bytes, framing: framing, status: status, reason: reason,
                toTag: self.statelessTag(bytes))
        else {
            self.counters.dropped &+= 1
            return nil
        }
        self.counters.rejected &+= 1
        return response
    }

    /// Does one thing that the core wants.
    func apply(_ output: SignallingOutput) {
        switch output {
        case .send(let bytes, let hop, let owner):
            self.outbox.append(.init(bytes: bytes, hop: hop, owner: owner))
        case .startTimer(let timer, let milliseconds):
            self.timers?.start(.signalling(timer), milliseconds: UInt64(milliseconds))
        case .stopTimer(let timer): self.timers?.stop(.signalling(timer))
        case .media(let call, let intent):
            self.traceKeys(call, intent)
            self.want(call, intent)
            self.agreeHandshakes(call, intent)
        case .exchangeMedia(let exchange): self.exchangeMedia(exchange)
        case .removeMedia(let call):
            self.keepFigures(call)
            self.programmer.end(Self.session(call))
            self.forgetHandshakes(call)
        case .digits(let call, let side, let burst): self.sendDigits(call, side, burst)
        case .digitNews(let call, let side, let news): self.trace(news, call, side)
        case .emergency(let call, let from, let to):
            Log.line("trunkline: call \(call): EMERGENCY from \(from) to \(to)")
        case .checkpoint(let checkpoint): self.keep(checkpoint.wrappedValue)
        case .removeCheckpoint(let call): self.store.remove(Self.key(call))
        case .record(let record):
            self.trace(record)
            self.close(record)
        case .attempt(let attempt): self.note(attempt)
        }
    }
}
