// SPDX-License-Identifier: Apache-2.0

import SIPDialog
import SIPMessage
import SIPTransaction

/// A REFER that was passed on: what its NOTIFYs are told apart by on either side.
struct PassedRefer {
    /// Where it came from.
    let side: Side
    /// Its CSeq number there.
    let received: UInt32
    /// Its CSeq number on the other leg.
    let sent: UInt32
    /// The first one of its dialog: `id` may be missing (RFC 3515 section 2.4.6).
    let isFirst: Bool

    /// Those of one call that are remembered; the oldest goes.
    static let limit = 8
}

// NOTIFY in a call, and REFER that is not for the box. What passes does so as it is, but for the
// names of dialogs and hosts.
extension Call {
    /// A party reports something.
    func notifyReceived(_ side: Side, _ request: ReceivedRequest) {
        let tag = self.legs[side].localTag
        guard case .up = self.state, self.legs[side].isOpen else {
            return self.refuseEvent(request, 481, tag)
        }
        guard let value = request.message.first(.event), let event = try? TokenValue(value) else {
            return self.refuseEvent(request, 489, tag)
        }
        if ASCII.equalsIgnoringCase(event.token, "refer") {
            guard let passed = self.passedRefer(event, notifying: side) else {
                return self.refuseEvent(request, 481, tag)
            }
            let id = passed.isFirst ? [] : Array(";id=".utf8) + decimal(passed.received)
            return self.passNotify(side, request, event: Array("refer".utf8) + id)
        }
        if ASCII.equalsIgnoringCase(event.token, "kpml"), self.watchesKeys(side) {
            return self.keysReported(side, request)
        }
        if self.isDigit(side, notify: event) {
            if self.tookDigit(side, notify: request, event) { return }
            if self.passesMessages(.notify, from: side) {
                return self.passNotify(side, request, event: Array(value))
            }
        }
        let events = self.legs[side].trunk.transfer.events
        guard let known = TransferPolicy.Events(package: event.token), events.contains(known)
        else { return self.refuseEvent(request, 489, tag) }
        self.passNotify(side, request, event: Array(value))
    }

    /// The REFER that a NOTIFY of its receiver belongs to.
    private func passedRefer(_ event: TokenValue, notifying side: Side) -> PassedRefer? {
        let passed = self.transfers.passed.filter { $0.side == side.other }
        guard let id = event.parameters.value("id") else { return passed.last { $0.isFirst } }
        guard let number = ASCII.number(id, limit: UInt64(UInt32.max)) else { return nil }
        return passed.last { UInt64($0.sent) == number }
    }

    private func passNotify(_ side: Side, _ request: ReceivedRequest, event: [UInt8]) {
        let tag = self.legs[side].localTag
        guard self.legs[side.other].isOpen, self.legs[side.other].peer.takesNotify,
            var passed = self.request(.notify, side.other)
        else { return self.refuseEvent(request, 489, tag) }
        passed.builder.add(.contact, self.contact(side.other))
        passed.builder.add(.event, event)
        passed.builder.copy(all: .subscriptionState, from: request.message)
        let bytes = passed.builder.finish(passing: Payload(request.message), of: request.message)
        self.context.counters.eventsPassed &+= 1
        _ = self.context.send(
            .notify, bytes, branch: passed.branch, to: passed.hop, for: .relayed(request))
    }

    private func refuseEvent(_ request: ReceivedRequest, _ status: Int, _ tag: [UInt8]) {
        self.context.counters.eventsRefused &+= 1
        self.context.respond(Reply(status, tag: tag), to: request)
    }

    /// The other party is asked to call, through the box: the host of what it shall call is ours.
    func passRefer(_ side: Side, _ request: ReceivedRequest, _ refer: ReferRequest) {
        let other = side.other
        guard self.legs[other].isOpen, self.legs[other].peer.takesRefer,
            var passed = self.request(.refer, other)
        else {
            self.context.counters.transfersRefused &+= 1
            return self.context.respond(
                Reply(403, tag: self.legs[side].localTag), to: request)
        }
        let listener = self.legs[other].listener
        let replaces = self.legs[other].trunk.transfer.sendsReplaces ? refer.escapedReplaces : nil
        let numbers = NumberPassage(
            from: self.legs[side].trunk.interworking.numbers,
            to: self.legs[other].trunk.interworking.numbers)
        passed.builder.add(.contact, self.contact(other))
        passed.builder.add(
            .referTo,
            AddressRewriter.referral(refer.uri, listener: listener, replaces: replaces, numbers))
        if let by = refer.referredBy, let address = try? NameAddr(by[...]) {
            passed.builder.add(
                .referredBy,
                AddressRewriter.referral(
                    Array(address.uri), listener: listener, replaces: nil, numbers))
        }
        passed.builder.copy(all: .referSub, from: request.message)
        let bytes = passed.builder.finish()
        let received = (try? request.message.cseq())?.number ?? 0
        let isFirst = !self.transfers.passed.contains { $0.side == side }
        self.transfers.passed.append(
            PassedRefer(
                side: side, received: received, sent: self.legs[other].dialog?.localSequence ?? 0,
                isFirst: isFirst))
        if self.transfers.passed.count > PassedRefer.limit { self.transfers.passed.removeFirst() }
        self.context.counters.transfersPassed &+= 1
        self.checkpoint()
        _ = self.context.send(
            .refer, bytes, branch: passed.branch, to: passed.hop, for: .relayed(request))
    }
}

extension TransferPolicy.Events {
    /// A package by its name.
    init?(package: some Collection<UInt8>) {
        if ASCII.equalsIgnoringCase(package, "telephone-event") {
            self = .telephoneEvent
        } else if ASCII.equalsIgnoringCase(package, "message-summary") {
            self = .messageSummary
        } else {
            return nil
        }
    }
}

extension EngineContext {
    /// Nobody can subscribe to anything here; the one subscription that there is comes with a
    /// REFER (RFC 6665 section 4.2.1.2).
    func refuseSubscription(_ request: ReceivedRequest) {
        self.counters.eventsRefused &+= 1
        guard var builder = self.begin(Reply(489), to: request) else { return }
        builder.add(.allowEvents, "refer")
        self.respond(489, builder.finish(), to: request)
    }

    /// A REFER outside of any call: there is nobody to transfer.
    func refuseOutside(_ request: ReceivedRequest) {
        self.counters.transfersRefused &+= 1
        self.respond(Reply(403), to: request)
    }
}
