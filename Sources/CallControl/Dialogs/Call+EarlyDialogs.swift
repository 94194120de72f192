// SPDX-License-Identifier: Apache-2.0

import SDP
import SIPDialog
import SIPMessage

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
            overTLS: false)
    }

    /// The branch that a request inside an early dialog belongs to.
    func branch(of key: DialogKey, _ side: Side, _ setup: Setup) -> Int? {
        setup.forks.firstIndex {
            side == .a ? $0.localTag == key.localTag : $0.calleeDialog?.key == key
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
        let tag = (try? response.to().tag) ?? []
        guard
            var known = self.branchDialogs.first(where: { $0.key.remoteTag.elementsEqual(tag) })
        else { return self.clientDialog(invite, response) }
        try? known.confirm(with: response)
        return known
    }
}

extension OfferAnswerLeg {
    /// The party's stream with no more formats than were agreed: what the other leg is offered.
    var agreedStream: AudioStream? {
        guard var stream = self.remote, let local = self.local else { return self.remote }
        stream.formats = stream.formats.filter { format in
            local.formats.contains { $0.carries(format) }
        }
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
