// SPDX-License-Identifier: Apache-2.0

import SIPDialog
import SIPMessage
import SIPTransaction

/// An INVITE that no call waits for any more, since another target has the call. It is cancelled as
/// soon as its target says anything; a 2xx that comes all the same is acknowledged and its dialog
/// ended. Lives as long as its transaction.
final class AbandonedInvite {
    fileprivate let invite: SIPMessage
    fileprivate let leg: Leg
    fileprivate let branches: [Dialog]
    fileprivate var endedBranches: [[UInt8]] = []

    /// `leg` is the leg that the INVITE would have made, `branches` its early dialogs.
    init(_ invite: SIPMessage, _ leg: Leg, _ branches: [Dialog]) {
        self.invite = invite
        self.leg = leg
        self.branches = branches
    }
}

extension EngineContext {
    /// A target that was given up answered, for the first time or again.
    func end(_ abandoned: AbandonedInvite, _ response: SIPMessage) {
        let dialog = Dialog.branch(
            abandoned.branches, abandoned.invite, response,
            overTLS: abandoned.leg.hop.transport == .tls)
        guard let dialog else { return }
        let ended = abandoned.endedBranches.count
        self.endBranch(dialog, response, abandoned.leg, &abandoned.endedBranches)
        if abandoned.endedBranches.count > ended { self.counters.lateAnswers &+= 1 }
    }

    /// ACK and BYE for a 2xx of a branch that nobody wants (RFC 3261 section 13.2.2.4): the ACK
    /// each time, the BYE once. `ended` are the tags of branches that had theirs.
    func endBranch(
        _ dialog: Dialog, _ response: SIPMessage, _ leg: Leg, _ ended: inout [[UInt8]]
    ) {
        guard let sequence = try? response.cseq().number else { return }
        var dialog = dialog
        let hop = leg.destination(of: dialog)
        let ackBranch = self.identifiers.branch()
        let ack = dialog.acknowledgement(
            sequence: sequence, via: leg.listener.via(branch: ackBranch))
        self.actions.append(.send(ack.finish(), hop))
        guard !ended.contains(dialog.key.remoteTag), ended.count < Fork.limit else { return }
        ended.append(dialog.key.remoteTag)
        self.counters.extraAnswers &+= 1
        let branch = self.identifiers.branch()
        guard let bye = dialog.request(.bye, via: leg.listener.via(branch: branch)) else { return }
        _ = self.send(.bye, bye.finish(), branch: branch, to: hop, for: .discarded)
    }
}
