// SPDX-License-Identifier: Apache-2.0

import Admission
import Routing
import SIPMessage
import SIPTransaction

// INVITEs of trunks that make no call. Those of strangers are nobody's attempts.
extension CallEngine {
    /// Answers the INVITE, and says that there was one.
    func turnAway(_ request: ReceivedRequest, from origin: TrunkIndex, _ refusal: CallRefusal) {
        self.context.respond(refusal.reply, to: request)
        let trunk = self.context.configuration.trunks[Int(origin.value)].name
        self.context.noteAttempt(
            request.message, from: trunk, refusal.end, refusal.reply.status, refusal.tenant)
    }
}

extension EngineContext {
    /// An INVITE was answered so and made no call. One inside a call is none that could have.
    func noteAttempt(
        _ message: SIPMessage, from trunk: TrunkName, _ end: CallEnd, _ status: Int,
        _ tenant: CallTenant? = nil
    ) {
        guard message.method == .invite else { return }
        let from = (try? message.from())?.uri ?? []
        self.actions.append(
            .attempt(
                AttemptRecord(
                    id: self.identifiers.call(), from: trunk,
                    calling: Array(AddressRewriter.user(of: from)),
                    called: Array(AddressRewriter.user(of: message.requestURI)),
                    callID: Call.callID(of: message), startedAt: self.now, end: end,
                    status: status, cause: CauseTable.q850(status: status),
                    tenant: tenant)))
    }
}
