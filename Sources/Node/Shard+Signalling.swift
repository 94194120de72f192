// SPDX-License-Identifier: Apache-2.0

import CallControl
import SIPMessage
import SIPTransaction
import SIPTransport
import Store

extension Shard: TransportOwner {
    func received(_ bytes: [UInt8], from hop: Hop) {
        let framing: Framing = hop.transport.isReliable ? .stream : .datagram
        guard self.engine.admits(hop) else {
            self.counters.unknownSource &+= 1
            return
        }
        guard self.programmer.takeInHand(bytes) else {
            self.counters.poisonous &+= 1
            return
        }
        defer { self.programmer.layDown() }
        do {
            let message = try SIPMessage.parse(bytes, framing: framing)
            let verdict = message.examine()
            guard case .accept = verdict else {
                return self.refuse(bytes, framing, verdict, hop)
            }
            self.transactions.received(message, from: hop)
            self.pump()
        } catch {
            self.refuse(bytes, framing, examine(bytes, framing: framing), hop)
        }
    }

    func malformed(_ error: SIPParseError, octets: [UInt8], from hop: Hop) {
        self.refuse(octets, .stream, FaultTable.verdict(error, octets: octets), hop)
        // The connection is closed after this call: the answer cannot wait for the turn's end.
        let messages = self.outbox
        self.outbox.removeAll(keepingCapacity: true)
        for message in messages {
            self.transport?.send(message.bytes, to: message.hop, owner: message.owner)
        }
    }

    func failed(_ hop: Hop, owner: TransactionID?, _ error: TransportError) {
        if let owner { self.transactions.transportFailed(owner) }
    }

    func lost(_ hop: Hop, _ error: TransportError?) {
        // Transactions find out by their own failed sends and timers: a lost connection alone
        // ends nothing (RFC 3261 section 17.1.4).
    }

    private func refuse(_ bytes: [UInt8], _ framing: Framing, _ verdict: Verdict, _ hop: Hop) {
        guard case .reject(let status, let reason, _) = verdict,
            let response = SIPMessageBuilder.rejection(
                of: bytes, framing: framing, status: status, reason: reason,
                toTag: self.statelessTag(bytes))
        else {
            self.counters.dropped &+= 1
            return
        }
        self.counters.rejected &+= 1
        self.outbox.append((response, hop, nil))
    }

    /// Does what the engine wants.
    func apply(_ action: CallAction) {
        switch action {
        case .respond(let id, let status, let bytes):
            _ = self.transactions.respond(id, status: status, bytes: bytes)
        case .request(let request): self.send(request)
        case .cancel(let handle, let reason):
            if let id = self.requests[handle] { self.transactions.cancel(id, reason: reason) }
        case .send(let bytes, let hop):
            self.transactions.send(stateless: bytes, to: hop)
        case .replay(let bytes, let hop):
            let framing: Framing = hop.transport.isReliable ? .stream : .datagram
            if let message = try? SIPMessage.parse(bytes, framing: framing) {
                self.transactions.received(message, from: hop)
            }
        case .startTimer(let timer, let milliseconds):
            self.timers?.start(.call(timer), milliseconds: UInt64(milliseconds))
        case .stopTimer(let timer): self.timers?.stop(.call(timer))
        case .media(let call, let intent): self.want(call, intent)
        case .removeMedia(let call): self.programmer.end(Self.session(call))
        case .checkpoint(let checkpoint): self.keep(checkpoint)
        case .removeCheckpoint(let call): self.store.remove(Self.key(call))
        case .record(let record):
            if self.records.count >= Self.recordsMax { self.records.removeFirst() }
            self.records.append(record)
        }
    }

    private func send(_ request: OutgoingRequest) {
        let id = self.transactions.send(
            request: request.bytes, method: request.method, branch: request.branch,
            to: request.hop)
        if let id {
            self.requests[request.handle] = id
            self.handles[id] = request.handle
            self.engine.started(request.handle, as: id)
        } else {
            self.engine.refused(request.handle)
        }
    }
}
