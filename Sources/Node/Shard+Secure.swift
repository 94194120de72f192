// SPDX-License-Identifier: Apache-2.0

import CallControl
import Configuration
import FlowProgramming
import Management

// What protects media, for `trunkline status`.
extension Shard {
    /// Legs that have keys.
    var srtpContexts: Int {
        self.core.engine.listCalls().reduce(0) {
            $0 + ($1.protection.a.suite == nil ? 0 : 1) + ($1.protection.b.suite == nil ? 0 : 1)
        }
    }

    /// How many can have some at a time.
    var srtpContextsMax: Int {
        let fastPath = self.file.fastPath
        let most = fastPath.secureFlowsPerWorker ?? fastPath.flowsPerWorker
        return most * fastPath.cores.count
    }

    /// Legs with SRTP, and what became of checks and handshakes.
    func securityFigures(_ account: PacketAccount?) -> JSONValue {
        let calls = self.core.engine.listCalls()
        let legs = calls.flatMap { [$0.protection.a, $0.protection.b] }
        let counters = self.core.engine.counters
        func packets(_ name: String) -> JSONValue {
            JSONValue(account?.packets.first { $0.name == name }?.count ?? 0)
        }
        return [
            "srtp_contexts": JSONValue(self.srtpContexts),
            "srtp_contexts_max": JSONValue(self.srtpContextsMax),
            "without_keys_yet": JSONValue(legs.count { $0.keying != .plain && $0.suite == nil }),
            "security_mismatches": JSONValue(counters.securityMismatches),
            "rekeys": JSONValue(counters.rekeys),
            "key_sets_spent": JSONValue(self.programmer.counters.keySetsSpent),
            "srtp_opened": packets("srtp_opened"), "srtp_sealed": packets("srtp_sealed"),
            "stun_answered": packets("stun_answered"),
            "ice_nominations": packets("ice_nominations"),
        ]
    }

    /// Handshakes, and what of them was dropped.
    func handshakeFigures() -> JSONValue {
        let figures = self.dtls.counters
        let rings = self.programmer.counters
        return [
            "sessions": JSONValue(figures.sessions), "begun": JSONValue(figures.begun),
            "established": JSONValue(figures.established), "failed": JSONValue(figures.failed),
            "overtaken": JSONValue(self.core.engine.counters.handshakesStale),
            "refused_too_many": JSONValue(figures.refusedTooMany),
            "delayed": JSONValue(figures.delayed),
            "cookies_asked": JSONValue(figures.cookiesAsked),
            "retransmissions": JSONValue(figures.retransmissions),
            "records_dropped": JSONValue(figures.recordsDropped),
            "records_over_limit": JSONValue(figures.recordsOverLimit),
            "records_without_agreement": JSONValue(figures.queueFull),
            "records_unwanted": JSONValue(rings.packetsUnwanted &+ rings.packetsStale),
            "alerts_ignored": JSONValue(figures.alertsIgnored),
            "sends_refused": JSONValue(figures.sendsRefused),
            "closed_by_peer": JSONValue(figures.closedByPeer),
        ]
    }
}
