// SPDX-License-Identifier: Apache-2.0

import Admission
import NetworkAddress
import Routing
import SDP
import SIPDialog
import SIPMessage
import SIPTransaction

// Requests: whose they are, and what those outside of a dialog get.
extension CallEngine {
    func request(_ message: SIPMessage, _ server: ServerTransactionID, from source: Hop) {
        guard let method = message.method else { return }
        let request = ReceivedRequest(server: server, message: message, source: source)
        if method == .invite || method == .update, self.isAwaited(request) { return }
        let trunk = self.trunk(of: request)
        if let key = DialogKey(receivedRequest: message) {
            let isKnown = trunk != nil || self.isRetired(source) || self.isTarget(source, of: key)
            if isKnown {
                guard self.isAuthenticated(request, method, inDialogOf: trunk) else { return }
                return self.requestInDialog(key, method, request)
            }
        }
        guard let trunk else {
            self.context.counters.unknownSources &+= 1
            return self.context.respond(Reply(403), to: request)
        }
        let settings = self.context.configuration.trunks[Int(trunk.value)]
        guard self.isAuthenticated(request, method, of: settings, inDialog: false) else { return }
        switch method {
        case .invite where message.first(.replaces) != nil: self.replacing(request, from: trunk)
        case .invite: self.invite(request, from: trunk)
        case .options:
            self.heard(from: source, of: self.context.configuration.trunks[Int(trunk.value)])
            self.options(request, from: trunk)
        case .notify: self.notify(request, from: trunk)
        case .subscribe: self.context.refuseSubscription(request)
        case .refer where self.mayRefer(trunk): self.context.refuseOutside(request)
        case .bye, .info, .prack, .update:
            self.context.counters.unknownDialogs &+= 1
            self.context.respond(Reply(481), to: request)
        default: self.context.refuseMethod(request, method)
        }
        self.release()
    }

    /// The source is where requests of the dialog go: the party itself, or a proxy in the route,
    /// neither of which has to be an address of the trunk. Who knows both tags has seen the dialog.
    private func isTarget(_ source: Hop, of key: DialogKey) -> Bool {
        guard let (leg, call) = self.leg(key), let dialog = call.legs[leg.side].dialog else {
            return false
        }
        let party = call.legs[leg.side]
        return party.trunk.listeners.contains(source.listener)
            && party.addresses(of: dialog).contains(source.remote.address)
    }

    /// An INVITE from before the restart, which the transaction layer has again.
    private func isAwaited(_ request: ReceivedRequest) -> Bool {
        guard !self.context.awaitedInvites.isEmpty, let key = InviteKey(request.message),
            let id = self.context.awaitedInvites[key]
        else { return false }
        self.withCall(id) { $0.inviteCameAgain(request, key) }
        return true
    }

    private func requestInDialog(
        _ key: DialogKey, _ method: Method, _ request: ReceivedRequest
    ) {
        guard let (leg, call) = self.leg(key), let cseq = try? request.message.cseq() else {
            self.context.counters.unknownDialogs &+= 1
            return self.context.respond(Reply(481), to: request)
        }
        call.requestReceived(leg.side, method, request, key, sequence: cseq.number)
        self.release()
    }

    /// OPTIONS asks the box itself how it is, whatever the Request-URI says: it is never passed on.
    private func options(_ request: ReceivedRequest, from trunk: TrunkIndex) {
        let name = self.context.configuration.trunks[Int(trunk.value)].name
        guard self.context.admission.wantsNone(name),
            self.context.configuration.optionsShowDraining
        else {
            var reply = Reply(200)
            reply.allows = true
            reply.contact = self.ownName(at: request.source.listener, for: trunk)
            return self.context.respond(reply, to: request)
        }
        var reply = Reply(503)
        reply.retryAfter = self.context.retryAfterSeconds()
        self.context.respond(reply, to: request)
    }

    /// Our Contact where we have a name: services tell their neighbours by it. Empty without one.
    private func ownName(at index: ListenerIndex, for trunk: TrunkIndex) -> [UInt8] {
        let configuration = self.context.configuration
        let listener = configuration.listener(index)?
            .named(for: configuration.trunks[Int(trunk.value)])
        return listener?.isNamed == true ? listener?.contact() ?? [] : []
    }
}

extension TrunkSettings {
    /// Requests from there are the trunk's.
    func owns(_ source: Hop) -> Bool {
        self.listeners.contains(source.listener)
            && self.sources.contains { $0.contains(source.remote.address) }
    }
}
