// SPDX-License-Identifier: Apache-2.0

import Admission
import Routing
import SIPAuthentication
import SIPMessage
import SIPTransaction

// Challenges of ours, to requests of a trunk that has to show who it is.
extension CallEngine {
    /// The same for a request in a dialog.
    func isAuthenticated(
        _ request: ReceivedRequest, _ method: Method, inDialogOf trunk: TrunkIndex?
    ) -> Bool {
        guard let trunk else { return true }
        let settings = self.context.configuration.trunks[Int(trunk.value)]
        return self.isAuthenticated(request, method, of: settings, inDialog: true)
    }

    /// True when the request may go on; otherwise it was answered. ACK and CANCEL never come here
    /// (RFC 3261 section 22.1); OPTIONS asks only whether we live, and peers do not repeat it.
    func isAuthenticated(
        _ request: ReceivedRequest, _ method: Method, of trunk: TrunkSettings, inDialog: Bool
    ) -> Bool {
        guard let demand = trunk.authentication.demand, method != .options,
            !inDialog || demand.isInDialog
        else { return true }
        var server =
            self.context.authentication.server
            ?? DigestServer(key: self.context.identifiers.bytes(32))
        defer { self.context.authentication.server = server }
        let asked = DigestRequest(
            method: method.bytes, uri: Array(request.message.requestURI),
            body: Array(request.message.body))
        var verdict = DigestVerdict.missing
        for value in request.message.lines(.authorization).prefix(DigestClient.challengeLimit) {
            verdict = server.judge(
                value, of: asked, realm: demand.realm, nowMs: self.context.now
            ) { demand.passwords[$0] }
            if verdict != .missing { break }
        }
        let isStale: Bool
        switch verdict {
        case .accepted: return true
        case .wrong:
            self.context.counters.credentialsWrong &+= 1
            self.context.respond(Reply(403), to: request)
            if !inDialog {
                self.context.noteAttempt(request.message, from: trunk.name, .notAuthenticated, 403)
            }
            return false
        case .missing: isStale = false
        case .stale: isStale = true
        }
        self.context.counters.challengesSent &+= 1
        guard var builder = self.context.begin(Reply(401), to: request) else { return false }
        let challenges = server.challenges(
            realm: demand.realm, isStale: isStale, nowMs: self.context.now)
        for challenge in challenges { builder.add(.wwwAuthenticate, challenge.bytes) }
        self.context.respond(401, builder.finish(), to: request)
        return false
    }
}
