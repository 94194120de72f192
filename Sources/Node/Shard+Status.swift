// SPDX-License-Identifier: Apache-2.0

import Admission
import CallControl
import Configuration
import FlowABI
import FlowProgramming
import Management
import SIPTransaction
import SIPTransport
import Store

extension Shard {
    /// Everything that a person asks for first.
    func status() -> JSONValue {
        let account = self.programmer.fastPath.map { PacketAccount($0) }
        return [
            "node": JSONValue(self.file.node.name), "version": JSONValue(Version.text),
            "state": JSONValue(self.core.engine.admission.isDraining ? "draining" : "running"),
            "draining_trunks": .array(
                self.core.engine.admission.drainingTrunks.map { JSONValue($0.text) }),
            "uptime_seconds": JSONValue(
                (Clocks.wallMs &- min(self.startedMs, Clocks.wallMs)) / 1000),
            "limit": [
                "calls": JSONValue(self.callLimit.calls),
                "reason": .string(self.callLimit.reason),
                "advice": JSONValue(self.callLimit.advice),
            ],
            "calls": self.callFigures(), "emergency": self.emergencyFigures(),
            "transfers": self.transferFigures(), "dtmf": self.digitFigures(),
            "media": self.mediaFigures(), "sip": self.sipFigures(), "edge": self.edgeFigures(),
            "security": self.securityFigures(account), "dtls": self.handshakeFigures(),
            "tls": self.tlsFigures(),
            "trace": self.tracer.figures, "records": self.recordFigures(),
            "fastpath": self.fastPathFigures(account),
            "peers": self.peerFigures(), "dns": self.dnsFigures(), "rules": self.ruleFigures(),
            "registrations": self.registrations(), "dialogs": self.dialogFigures(),
            "mcp": self.proxyFigures(),
            "provisioning": self.provisioningFigures(),
            "conditions": .array(self.conditions().map { JSONValue($0) }),
        ]
    }

    private func callFigures() -> JSONValue {
        let counters = self.core.engine.counters
        return [
            "active": JSONValue(self.core.engine.callCount),
            "admitted": JSONValue(counters.callsAdmitted),
            "answered": JSONValue(counters.callsAnswered),
            "ended": JSONValue(counters.callsEnded),
            "restored": JSONValue(counters.callsRestored),
            "test_calls": JSONValue(counters.testCalls),
            "test_calls_refused": JSONValue(counters.testCallsRefused),
            "diversion_loops": JSONValue(counters.diversionLoops),
            "signed_numbers_kept": JSONValue(counters.signedNumbersKept),
            "signatures_dropped": JSONValue(counters.signaturesDropped),
            "no_route": JSONValue(counters.noRoutes),
            "misrouted": JSONValue(counters.misrouted),
            "screened_out": JSONValue(counters.screenedOut),
            "unverified_callers": JSONValue(counters.unverifiedCallers),
            "refused_temporarily": JSONValue(counters.refusedTemporarily),
            "refused_by_trunk_limit": JSONValue(counters.refusedByTrunkLimit),
            "refused_no_peer": JSONValue(counters.refusedNoPeer),
            "refused_by_rate": JSONValue(counters.refusedByRate),
            "refused_by_source_limit": JSONValue(counters.refusedBySourceLimit),
            "refused_by_tenant_limit": JSONValue(counters.refusedByTenantLimit),
            "refused_no_port": JSONValue(counters.refusedNoPort),
            "not_acceptable": JSONValue(counters.notAcceptable),
            "media_timeouts": JSONValue(counters.mediaTimeouts),
            "targets_tried": JSONValue(counters.targetsTried),
            "searches_failed": JSONValue(counters.searchesFailed),
            "no_target": JSONValue(counters.noTargets),
            "late_answers": JSONValue(counters.lateAnswers),
            "loops": JSONValue(counters.loops),
            "redirects_followed": JSONValue(counters.redirectsFollowed),
            "redirects_passed": JSONValue(counters.redirectsPassed),
            "redirects_refused": JSONValue(counters.redirectsRefused),
        ]
    }

    private func mediaFigures() -> JSONValue {
        let counters = self.programmer.counters
        let mean = counters.latencyCount == 0 ? 0 : counters.latencySumNs / counters.latencyCount
        return [
            "ports_in_use": JSONValue(self.programmer.ports.counters.reserved),
            "ports_shared": JSONValue(self.programmer.ports.counters.shared),
            "shares_exhausted": JSONValue(self.programmer.ports.counters.sharesExhausted),
            "ports_exhausted": JSONValue(self.programmer.ports.counters.exhausted),
            "commands": JSONValue(counters.commands),
            "commands_refused": JSONValue(counters.refused),
            "commands_pending": JSONValue(self.programmer.pending),
            "command_us_mean": .number(Double(mean) / 1000),
            "command_us_max": .number(Double(counters.latencyMaxNs) / 1000),
            "messages_held": JSONValue(self.outbox.counters.held),
            "messages_unready": JSONValue(self.outbox.counters.unready),
            "flows_reinstalled": JSONValue(counters.reinstalled),
            "packets_unwanted": JSONValue(counters.packetsUnwanted),
            "orphans_removed": JSONValue(counters.orphansRemoved),
            "ring_faults": JSONValue(counters.faults),
            "drop_lines": JSONValue(self.dropReport.lines),
            "drop_legs_held_back": JSONValue(self.dropReport.legsHeldBack),
            "drop_packets_held_back": JSONValue(self.dropReport.packetsHeldBack),
        ]
    }

    private func sipFigures() -> JSONValue {
        let transport = self.transport?.counters
        let layer = self.core.layer.counters
        return [
            "received": JSONValue(transport?.received ?? 0),
            "sent": JSONValue(transport?.sent ?? 0),
            "send_failed": JSONValue(transport?.failed ?? 0),
            "rejected": JSONValue(self.counters.rejected),
            "dropped": JSONValue(self.counters.dropped),
            "over_trunk_limits": JSONValue(self.counters.overTrunkLimits),
            "turns_cut": JSONValue(self.counters.turnsCut),
            "poisonous": JSONValue(self.counters.poisonous),
            "unknown_sources": JSONValue(self.core.engine.counters.unknownSources),
            "client_transactions": JSONValue(self.core.layer.clientCount),
            "server_transactions": JSONValue(self.core.layer.serverCount),
            "retransmissions_received": JSONValue(layer.requestRetransmissionsReceived),
            "retransmissions_sent": JSONValue(layer.retransmissionsSent),
            "challenges_sent": JSONValue(self.core.engine.counters.challengesSent),
            "challenges_answered": JSONValue(self.core.engine.counters.challengesAnswered),
            "challenges_failed": JSONValue(self.core.engine.counters.challengesFailed),
            "credentials_wrong": JSONValue(self.core.engine.counters.credentialsWrong),
            "merged_requests": JSONValue(layer.mergedRequests),
            "timeouts": JSONValue(layer.clientTimeouts),
            "connections": JSONValue(self.transport?.connectionCount ?? 0),
        ]
    }

    private func fastPathFigures(_ account: PacketAccount?) -> JSONValue {
        guard let fastPath = self.programmer.fastPath, let account else {
            return ["attached": false, "flows": 0, "realms": []]
        }
        let age = Clocks.monotonicNs &- min(fastPath.heartbeatNs, Clocks.monotonicNs)
        let flows = account.packets.first { $0.name == "flows" }?.count ?? 0
        return [
            "attached": .bool(self.programmer.state == .matched),
            "process_id": JSONValue(fastPath.processID),
            "heartbeat_age_ms": JSONValue(age / 1_000_000),
            "workers": JSONValue(fastPath.geometry.workers), "flows": JSONValue(flows),
            "realms": .array(fastPath.realms.map { .object(Self.describe($0)) }),
        ]
    }

    private static func describe(_ realm: RealmPage) -> JSONObject {
        [
            "name": JSONValue(realm.name), "attach": JSONValue(realm.attach),
            "interface": JSONValue(realm.interface), "link_up": .bool(realm.linkUp),
            "ports": JSONValue("\(realm.portFirst)-\(realm.portLast)"),
            "received": JSONValue(realm.portReceived), "sent": JSONValue(realm.portSent),
            "missed": JSONValue(realm.portMissed), "errors": JSONValue(realm.portErrors),
        ]
    }

    /// What is wrong at the moment, one sentence each; empty when all is well.
    func conditions() -> [String] {
        var conditions = self.refusedConfiguration.map { "configuration: \($0)" }
        conditions += self.peerConditions()
        if let fault = self.tenants.fault {
            conditions.append("tenants: calls do not see all that is stored: \(fault)")
        }
        conditions += self.migrations.conditions
        switch self.programmer.state {
        case .matched:
            if let fastPath = self.programmer.fastPath {
                let now = Clocks.monotonicNs
                let age = now &- min(fastPath.heartbeatNs, now)
                if age > FlowProgrammer.heartbeatNsMax {
                    conditions.append(
                        "the fast path is away (no sign of life for \(age / 1_000_000) ms): "
                            + "calls are refused until it is back")
                }
                conditions += fastPath.realms.filter { !$0.linkUp }.map {
                    "realm \($0.name): \($0.interface) has no link"
                }
            }
        case .waiting:
            conditions.append(
                "the fast path is away (it does not answer the handshake): "
                    + "calls are refused until it is back")
        case .detached(let refusal):
            let why = refusal.flatMap { $0 == .absent ? nil : " (\($0.text))" } ?? ""
            conditions.append("the fast path is away\(why): calls are refused until it is back")
        }
        if self.srtpContexts >= self.srtpContextsMax, self.srtpContexts > 0 {
            conditions.append(
                "every SRTP context is in use: secure legs are refused until a call ends; raise "
                    + "fastpath.secure-flows-per-worker")
        }
        if self.programmer.counters.sharedFull > 0 {
            conditions.append(
                "the fast path had no room for \(self.programmer.counters.sharedFull) legs on "
                    + "shared ports: restart trunkline-fastpath, it has another configuration")
        }
        if let condition = self.emergencyCondition { conditions.append(condition) }
        if let fault = self.programmer.lastFault {
            conditions.append("the fast path's rings were given up once: \(fault)")
        }
        conditions += self.tls.conditions(now: Self.nowSeconds)
        conditions += self.registrationConditions()
        if let fault = self.core.rules.lastFault {
            conditions.append("a rule was not followed: \(fault)")
        }
        if let fault = self.provisioningStatus.fault {
            conditions.append("tenants and numbers cannot be changed: \(fault)")
        }
        if let notice = self.store.notice { conditions.append(notice) }
        if self.counters.unreadableCheckpoints > 0 {
            conditions.append(
                "\(self.counters.unreadableCheckpoints) calls of a former process could not be "
                    + "taken up: their checkpoints are of another version")
        }
        if self.store.counters.tooLarge > 0 {
            conditions.append(
                "\(self.store.counters.tooLarge) checkpoints were too large: their calls would not "
                    + "survive a restart")
        }
        switch self.store.condition {
        case .good: break
        case .full: conditions.append("no room for checkpoints: calls would not survive a restart")
        case .failed(let why): conditions.append("checkpoints cannot be written: \(why)")
        }
        conditions += self.recordConditions()
        if let problem = self.inHand.problem {
            conditions.append("a message that ends the process would not be noticed: \(problem)")
        }
        if self.inHand.refusedCount > 0 {
            conditions.append(
                "\(self.inHand.refusedCount) messages are refused: the process ended twice with "
                    + "each of them in hand")
        }
        return conditions
    }
}
