// SPDX-License-Identifier: Apache-2.0

public import SIPMessage

extension TransactionLayer {
    /// Sends a request, never an ACK, in a transaction of its own (RFC 3261 section 17.1).
    ///
    /// `branch` is that of the request's top Via, unique and with the cookie of RFC 3261. Nil, and
    /// a counter, when the limit is reached or the branch is in use.
    public func send(
        request: [UInt8], method: Method, branch: [UInt8], to hop: Hop
    ) -> ClientTransactionID? {
        guard self.clientCount < self.configuration.clientLimit else {
            self.counters.clientLimitHits &+= 1
            return nil
        }
        let key = ClientKey(branch: branch, method: method)
        return self.open(request, key: key, isInvite: method == .invite, to: hop, isInternal: false)
    }

    /// Ends an INVITE that has no final response: the CANCEL goes out now or after the first
    /// provisional response (RFC 3261 section 9.1). The end arrives as `response` or `timeout`. A
    /// 2xx may come all the same. `reason` is the value of a Reason header (RFC 3326), or empty.
    public func cancel(_ id: ClientTransactionID, reason: [UInt8] = []) {
        guard let entry = self.entry(id) else { return }
        entry.cancelReason = reason
        self.perform(entry.machine.apply(.cancel), on: entry, with: nil)
    }

    private func open(
        _ request: [UInt8], key: ClientKey, isInvite: Bool, to hop: Hop, isInternal: Bool
    ) -> ClientTransactionID? {
        guard self.clientKeys[key] == nil else {
            self.counters.duplicateBranches &+= 1
            return nil
        }
        let timing = self.configuration.timing
        let isReliable = hop.transport.isReliable
        let entry = self.clients.insert { slot, generation in
            let machine: ClientMachine =
                isInvite
                ? .invite(InviteClientTransaction(timing: timing, isReliable: isReliable))
                : .other(NonInviteClientTransaction(timing: timing, isReliable: isReliable))
            return ClientTransaction(
                id: ClientTransactionID(slot: slot, generation: generation), key: key, hop: hop,
                machine: machine, request: request, isInternal: isInternal)
        }
        self.clientKeys[key] = entry.id
        self.counters.clientTransactions &+= 1
        if isInternal { self.internalCount += 1 }
        if isReliable { self.unheard.insert(entry.id) }
        self.perform(entry.machine.apply(.start), on: entry, with: nil)
        return entry.id
    }

    func received(response: SIPMessage, status: Int) {
        guard let key = ClientKey(response: response) else {
            self.counters.unkeyedMessages &+= 1
            return
        }
        guard let id = self.clientKeys[key], let entry = self.entry(id) else {
            self.counters.strayResponses &+= 1
            if (200...299).contains(status), (try? response.cseq())?.method == .invite {
                self.outputs.append(.strayAnswer(response))
            }
            return
        }
        self.unheard.remove(id)
        self.perform(entry.machine.apply(.status(status)), on: entry, with: response)
    }

    /// A connection is gone, and with it what was written to it and may not have been read: each
    /// request that nothing was heard of is sent once more, over another one. Who has it already
    /// takes it for a retransmission.
    public func connectionLost(_ hop: Hop) {
        let lost = self.unheard.compactMap { self.entry($0) }.filter { entry in
            entry.hop.listener == hop.listener && entry.hop.transport == hop.transport
                && (entry.hop.remote == hop.remote
                    || entry.hop.connection != nil && entry.hop.connection == hop.connection)
        }
        for entry in lost.sorted(by: { $0.id.slot < $1.id.slot }) {
            self.unheard.remove(entry.id)
            self.counters.retransmissionsSent &+= 1
            var next = entry.hop
            next.connection = nil
            self.outputs.append(.send(entry.request, next, .client(entry.id)))
        }
    }

    func perform(
        _ actions: TransactionActions, on entry: ClientTransaction, with message: SIPMessage?
    ) {
        let effects = actions.effects
        self.stop(actions.stops, in: &entry.timers)
        if effects.contains(.sendRequest) {
            self.outputs.append(.send(entry.request, entry.hop, .client(entry.id)))
            // Before the first transmission no timer runs.
            if entry.timers.ending != nil { self.counters.retransmissionsSent &+= 1 }
        }
        if effects.contains(.sendAck) { self.sendAck(of: entry, for: message) }
        if effects.contains(.sendCancel) { self.sendCancel(of: entry) }
        self.start(actions, of: .client(entry.id), in: &entry.timers)
        if entry.machine.hasFinalResponse { entry.request = [] }
        self.report(effects, of: entry, with: message)
        if effects.contains(.terminated) { self.remove(entry) }
    }

    private func report(
        _ effects: TransactionActions.Effects, of entry: ClientTransaction,
        with message: SIPMessage?
    ) {
        if effects.contains(.timeout) { self.counters.clientTimeouts &+= 1 }
        guard !entry.isInternal else { return }
        if effects.contains(.deliver), let message {
            self.outputs.append(.response(entry.id, message))
        }
        if effects.contains(.timeout) { self.outputs.append(.timeout(entry.id)) }
        if effects.contains(.transportFailed) { self.outputs.append(.transportFailed(entry.id)) }
    }

    private func sendAck(of entry: ClientTransaction, for response: SIPMessage?) {
        if entry.ack.isEmpty, let response {
            entry.ack = DerivedRequest.ack(for: response, to: entry.request) ?? []
        }
        guard !entry.ack.isEmpty else {
            self.counters.unbuildableMessages &+= 1
            return
        }
        self.outputs.append(.send(entry.ack, entry.hop, .client(entry.id)))
    }

    private func sendCancel(of entry: ClientTransaction) {
        guard let cancel = DerivedRequest.cancel(of: entry.request, reason: entry.cancelReason)
        else {
            self.counters.unbuildableMessages &+= 1
            return
        }
        let key = ClientKey(branch: cancel.branch, method: .cancel)
        _ = self.open(cancel.bytes, key: key, isInvite: false, to: entry.hop, isInternal: true)
    }

    private func remove(_ entry: ClientTransaction) {
        self.stop(TimerSet(rawValue: .max), in: &entry.timers)
        self.clientKeys[entry.key] = nil
        self.unheard.remove(entry.id)
        self.clients.remove(slot: entry.id.slot, generation: entry.id.generation)
        if entry.isInternal {
            self.internalCount -= 1
        } else {
            self.outputs.append(.terminated(.client(entry.id)))
        }
    }
}
