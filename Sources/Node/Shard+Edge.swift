// SPDX-License-Identifier: Apache-2.0

import Admission
import CallControl
import Configuration
import Management
import NetworkAddress
import SIPMessage
import SIPProxy
import SIPTransaction
import SIPTransport

// What is thrown away at the edge, before it costs anything.
extension Shard {
    /// Sources that are no trunk's may have so much of the connections, in hundredths.
    private static let unknownConnectionShare = 50

    func admits(_ hop: Hop) -> Bool {
        self.guardian.admits(
            hop.remote.address, isKnown: self.knows(hop), now: self.loop.now)
    }

    func admits(connection hop: Hop, share: Int) -> Bool {
        if self.knows(hop) { return true }
        return share < Self.unknownConnectionShare
            && self.guardian.admits(hop.remote.address, isKnown: false, now: self.loop.now)
    }

    func isKnown(_ hop: Hop) -> Bool { self.knows(hop) }

    func sources(at listener: ListenerIndex) -> [AddressPrefix] {
        if let proxy, proxy.listener == listener { return proxy.core.configuration.sources }
        return self.core.engine.sources(at: listener)
    }

    var sourcesVersion: UInt64 { self.core.engine.sourcesVersion }

    /// A message of nobody's that says that it comes from a scanner.
    func isScanner(_ bytes: [UInt8], _ hop: Hop) -> Bool {
        !self.knows(hop) && self.guardian.isScanner(bytes)
    }

    /// A faulty message is answered, unless its source sent very many.
    func answersFault(of hop: Hop) -> Bool {
        let isAnswered = self.guardian.answersFault(hop.remote.address, now: self.loop.now)
        if !isAnswered { self.counters.dropped &+= 1 }
        return isAnswered
    }

    /// Takes the limits of a configuration.
    func adoptEdge(_ file: NodeConfiguration) {
        self.guardian.policy = Settings.edge(file.limits.edge)
        self.messageLimits = Settings.messages(file.limits.edge)
        self.someTrunkLimitsMessages = file.trunks.contains { $0.messageLimits != nil }
        self.profiles = [:]
        for trunk in file.trunks where !trunk.profiles.isEmpty {
            self.profiles[TrunkName(trunk.name)] = trunk.profiles.joined(separator: ", ")
        }
    }

    /// What a message gets that is longer than its trunk lets it be; nil for any other.
    func verdictOfTrunk(_ message: SIPMessage, _ hop: Hop) -> Verdict? {
        guard self.someTrunkLimitsMessages,
            let verdict = self.core.engine.messageLimits(of: hop)?.verdict(message),
            verdict != .accept
        else { return nil }
        return verdict
    }

    // MARK: What people see

    /// What was thrown away unread, by reason.
    func edgeFigures() -> JSONValue {
        var members: JSONObject = [:]
        for reason in ShedReason.allCases {
            members[reason.rawValue] = JSONValue(self.guardian.shed[reason] ?? 0)
        }
        members["requests_over_rate"] = JSONValue(self.core.engine.counters.requestsShed)
        members["server_limit"] = JSONValue(self.core.layer.counters.serverLimitHits)
        members["sources_kept"] = JSONValue(self.guardian.sourceCount)
        self.transport?.countKernelDrops()
        let transport = self.transport?.counters ?? TransportCounters()
        members["shut_sockets"] = JSONValue(self.transport?.shutSockets ?? 0)
        members["shut_outs"] = JSONValue(transport.shutOuts)
        members["kernel_dropped_while_shut"] = JSONValue(transport.droppedWhileShut)
        members["kernel_dropped_for_room"] = JSONValue(transport.droppedForRoom)
        return .object(members)
    }

    func emergencyFigures() -> JSONValue {
        let counters = self.core.engine.counters
        return [
            "active": JSONValue(self.core.engine.emergencyCallCount),
            "exempt": JSONValue(self.core.engine.admission.emergencyCalls),
            "exempt_max": JSONValue(self.core.engine.admission.limits.emergencyCallsMax),
            "calls": JSONValue(counters.emergencyCalls),
            "beyond_cap": JSONValue(counters.emergencyCapHits),
            "preempted": JSONValue(counters.callsPreempted),
        ]
    }

    /// The alarm: further emergency calls are at the mercy of the limits.
    var emergencyCondition: String? {
        let admission = self.core.engine.admission
        let most = admission.limits.emergencyCallsMax
        guard most > 0, admission.emergencyCalls >= most else { return nil }
        return "\(most) emergency calls are exempt from the limits, and no more may be: further "
            + "ones count like any other call (limits.emergency-calls)"
    }
}
