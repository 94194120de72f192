// SPDX-License-Identifier: Apache-2.0

import SIPMessage

// What a trunk's policies say in Supported and Require, and what they make of a party's.
extension EngineContext {
    /// Why a request of a trunk's party is refused before anything else is done with it: it
    /// requires what the trunk has off (420), lacks what the trunk requires (421), or wants its
    /// session refreshed too often (422). Nil if there is nothing against it.
    func extensionRefusal(_ request: SIPMessage, _ trunk: TrunkSettings) -> Reply? {
        if let refusal = self.unsupported(request, trunk) { return refusal }
        guard request.method == .invite || request.method == .update else { return nil }
        let isNew = (try? request.to().tag) == .some(nil)
        if isNew, request.method == .invite, trunk.reliableProvisional == .required {
            var peer = PeerCapabilities()
            peer.learn(from: request)
            if !peer.takesReliable {
                self.counters.extensionsRefused &+= 1
                var reply = Reply(421)
                reply.headers = [(.require, Array("100rel".utf8))]
                return reply
            }
        }
        if case .tooSmall(let least) = SessionTimerNegotiation.answer(
            request, trunk.sessionTimer)
        {
            self.counters.intervalsTooSmall &+= 1
            var reply = Reply(422)
            reply.headers = [(.minSE, decimal(least))]
            return reply
        }
        return nil
    }

    private func unsupported(_ request: SIPMessage, _ trunk: TrunkSettings) -> Reply? {
        guard request.first(.require) != nil else { return nil }
        var tags: [(name: HeaderName, value: [UInt8])] = []
        if trunk.reliableProvisional == .off, request.lists(.require, "100rel") {
            tags.append((.unsupported, Array("100rel".utf8)))
        }
        if trunk.sessionTimer.mode == .off, request.lists(.require, "timer") {
            tags.append((.unsupported, Array("timer".utf8)))
        }
        guard !tags.isEmpty else { return nil }
        self.counters.extensionsRefused &+= 1
        var reply = Reply(420)
        reply.headers = tags
        return reply
    }
}

extension TrunkSettings {
    /// The value of Supported; nil where there is nothing to name.
    var supported: String? {
        let tags = [
            self.reliableProvisional == .off ? nil : "100rel",
            self.sessionTimer.mode == .off ? nil : "timer",
            self.transfer.replaces == .refuse ? nil : "replaces",
        ].compactMap { $0 }
        return tags.isEmpty ? nil : tags.joined(separator: ", ")
    }
}
