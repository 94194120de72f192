// SPDX-License-Identifier: Apache-2.0

import SDP
import SIPDialog
import SIPMessage
import SIPTransaction

// Early dialogs: each branch has one with the callee, and its mirror with the caller, and in both
// there may be requests before the answer.
extension Call {
    /// Makes the dialogs of a new branch from the response that began it.
    func makeDialogs(of fork: inout Fork, _ response: SIPMessage, _ setup: Setup) {
        if !fork.remoteTag.isEmpty, let sent = setup.exchange.sent {
            fork.calleeDialog = self.clientDialog(sent.message, response)
        }
        fork.callerDialog = try? Dialog(
            server: setup.exchange.request.message, localTag: fork.localTag, state: .early,
            overTLS: setup.exchange.request.source.transport == .tls)
    }

    /// The branch that a request inside an early dialog belongs to.
    func branch(of key: DialogKey, _ side: Side, _ setup: Setup) -> Int? {
        if side == .a, self.sharesDialog {
            let isShared = setup.forks.indices.contains(setup.sharedBranch)
            return isShared && key.localTag == self.legs.a.localTag ? setup.sharedBranch : nil
        }
        return setup.forks.firstIndex {
            side == .a ? $0.localTag == key.localTag : $0.calleeDialog?.key == key
        }
    }

    /// All branches are one dialog for the caller.
    var sharesDialog: Bool { self.legs.a.trunk.interworking.progress.dialogs == .one }

    /// A branch spoke: where all of them are one dialog for the caller, that is this branch's from
    /// now on, with what the caller was told reliably and the numbers of it.
    func followBranch(_ index: Int, _ setup: inout Setup) {
        let former = setup.sharedBranch
        setup.sharedBranch = index
        guard self.sharesDialog, former != index, setup.forks.indices.contains(former) else {
            return
        }
        let fresh = setup.forks[index].sender
        setup.forks[index].sender = setup.forks[former].sender
        setup.forks[former].sender = fresh
        setup.forks[index].callerDialog = setup.forks[former].callerDialog
        guard setup.forks[index].sender.sentDescription else { return }
        setup.forks[index].a = setup.forks[former].a
        setup.forks[index].description = setup.forks[former].description
        setup.forks[index].due.a.formUnion(setup.forks[former].due.a)
        if let own = setup.forks[index].b.remote,
            Self.concerns(setup.forks[former].b.remote, own)
        {
            setup.forks[index].due.a.insert(.align)
        }
    }

    /// A request of a party before the answer, in one branch.
    func earlyRequestReceived(
        _ side: Side, _ method: Method, _ request: ReceivedRequest, _ key: DialogKey,
        _ setup: Setup, sequence: UInt32
    ) {
        var setup = setup
        let tag = key.localTag
        guard let index = self.branch(of: key, side, setup) else {
            return self.context.respond(Reply(481, tag: tag), to: request)
        }
        let check: Dialog.SequenceCheck?
        if side == .a {
            check = setup.forks[index].callerDialog?.receive(sequence: sequence, method: method)
        } else {
            check = setup.forks[index].calleeDialog?.receive(sequence: sequence, method: method)
        }
        self.state = .settingUp(setup)
        guard check != .outOfOrder else {
            return self.context.respond(Reply(500, tag: tag), to: request)
        }
        if method == .prack {
            self.prackReceived(side, request, branch: index, setup)
        } else {
            self.earlyUpdateReceived(side, request, branch: index, setup)
        }
    }

    /// Keeps the callee's early dialogs, for those that answer although the call went another way.
    func keepBranches(_ setup: Setup) {
        self.branchDialogs = setup.forks.compactMap(\.calleeDialog)
    }

    /// The dialog of a branch that answers after all: one in which requests were sent has its
    /// CSeq numbers behind them.
    func branchDialog(_ invite: SIPMessage, _ response: SIPMessage) -> Dialog? {
        Dialog.branch(
            self.branchDialogs, invite, response,
            overTLS: self.legs.b.hop.transport == .tls)
    }
}

extension Dialog {
    static func branch(
        _ known: [Dialog], _ invite: SIPMessage, _ response: SIPMessage, overTLS: Bool
    ) -> Dialog? {
        let tag = (try? response.to().tag) ?? []
        guard var early = known.first(where: { $0.key.remoteTag.elementsEqual(tag) }) else {
            return try? Dialog(client: invite, response: response, overTLS: overTLS)
        }
        try? early.confirm(with: response)
        return early
    }
}

extension OfferAnswerLeg {
    /// The party's stream with no more formats than were agreed: what the other leg is offered.
    var agreedStream: AudioStream? {
        guard var stream = self.remote, let local = self.local else { return self.relayed }
        stream.formats = stream.formats.filter { format in
            local.formats.contains { $0.carries(format) }
        }
        self.addEvents(to: &stream)
        return stream
    }
}

extension AudioStream {
    /// As the other end of it would say it.
    var reversed: AudioStream {
        var stream = self
        stream.direction = self.direction.reversed
        return stream
    }
}
