// SPDX-License-Identifier: Apache-2.0

import SIPMessage

// The INVITE that makes leg b, once more, with the session interval that its 422 asks for.
extension Call {
    /// Tries again after a 422 (RFC 4028 section 7.3): once, in the same dialog to be, with the
    /// next CSeq number. False if there is nothing to be tried.
    func retryInterval(_ response: SIPMessage, _ setup: Setup) -> Bool {
        guard self.legs.b.leastExpires == 0, let sent = setup.exchange.sent,
            case .sent = setup.exchange.phase, sent.message.first(.sessionExpires) != nil,
            self.raiseExpires(.b, response), let wish = self.legs.b.sessionWish
        else { return false }
        var setup = setup
        let branch = self.context.identifiers.branch() + (self.search?.mark ?? [])
        let (sequence, overflow) = sent.sequence.addingReportingOverflow(1)
        guard !overflow else { return false }
        var builder = SIPMessageBuilder(request: .invite, uri: sent.message.requestURI)
        builder.add(.via, self.legs.b.listener.via(branch: branch))
        builder.add(.cSeq, CSeq(number: sequence, method: .invite).bytes)
        builder.add(.sessionExpires, wish.expires.bytes)
        builder.add(.minSE, wish.least)
        builder.copy(
            from: sent.message,
            except: [.via, .cSeq, .sessionExpires, .minSE, .contentType, .contentLength])
        let bytes =
            sent.message.body.isEmpty
            ? builder.finish()
            : builder.finish(
                body: sent.message.body,
                contentType: Array(sent.message.first(.contentType) ?? []))
        guard let message = try? SIPMessage.parse(bytes, framing: .stream) else { return false }
        self.context.change(sent.handle, to: .discarded)
        let handle = self.context.send(
            .invite, bytes, branch: branch, to: sent.hop, for: .invite(self.id))
        setup.exchange.phase = .sent(
            SentInvite(
                handle: handle, message: message, branch: branch, hop: sent.hop,
                sequence: sequence))
        // The refusing branch is no branch of the new INVITE.
        for fork in setup.forks where fork.localTag != self.legs.a.localTag {
            self.unregister(fork.localTag)
        }
        self.stopProvisionals(setup)
        setup.forks = []
        setup.sharedBranch = 0
        setup.speakingTag = nil
        self.sentInvite = PlacedInvite(bytes: bytes, sequence: sequence)
        self.state = .settingUp(setup)
        self.checkpoint()
        return true
    }
}
