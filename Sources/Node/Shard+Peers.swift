// SPDX-License-Identifier: Apache-2.0

import Admission
import CallControl
import Configuration
import DNSClient
import FlowABI
import Management
import NetworkAddress
import SIPLocation
import SIPTransaction

// Where the peers are, and how they are.
extension Shard {
    /// Looks up the names of peers and keeps an eye on all of them, from now on.
    func watchPeers() {
        let directory = self.file.node.runtimeDirectory
        let locator = PeerLocator(
            loop: self.loop, settings: Self.dns(self.file),
            file: LocationFile(directory: directory)
        ) { [unowned self] question in self.located(question) }
        self.locator = locator
        self.tellTime()
        self.core.engine.watchPeers()
        locator.follow(Self.questions(self.file), settings: Self.dns(self.file))
        // What a former process knew.
        let located = locator.located
        for trunk in self.file.trunks where !located.isEmpty {
            self.core.engine.setTargets(
                TargetList.targets(of: trunk, self.file, located: located),
                of: TrunkName(trunk.name))
        }
    }

    static func dns(_ file: NodeConfiguration) -> DNSSettings {
        DNSSettings(
            servers: file.dns.servers.map(\.description),
            timeoutMilliseconds: file.dns.timeoutMilliseconds, attempts: file.dns.attempts,
            forbiddenPorts: file.realms.map(\.ports))
    }

    private static func questions(_ file: NodeConfiguration) -> [TargetList.Question] {
        file.trunks.flatMap { trunk in
            trunk.peers.compactMap { TargetList.question($0, trunk, file) }
        }
    }

    /// Another configuration, with what is known already of the names in it; they are looked up
    /// again, all of them.
    func locate(_ calls: CallConfiguration, _ file: NodeConfiguration) -> CallConfiguration {
        guard let locator else { return calls }
        locator.follow(Self.questions(file), settings: Self.dns(file))
        let located = locator.located
        var calls = calls
        for (index, trunk) in file.trunks.enumerated() where calls.trunks.indices.contains(index) {
            calls.trunks[index].adopt(TargetList.targets(of: trunk, file, located: located))
        }
        return calls
    }

    /// A name leads elsewhere, or what speaks against it changed.
    private func located(_ question: TargetList.Question) {
        guard let locator else { return }
        self.tellTime()
        let located = locator.located
        for trunk in self.file.trunks {
            let isMeant = trunk.peers.contains {
                TargetList.question($0, trunk, self.file) == question
            }
            guard isMeant else { continue }
            self.core.engine.setTargets(
                TargetList.targets(of: trunk, self.file, located: located),
                of: TrunkName(trunk.name))
            self.logLocation(question, trunk.name)
        }
    }

    private func logLocation(_ question: TargetList.Question, _ trunk: String) {
        guard let kept = self.locator?.known(question), case .name(let name) = question.target.host
        else { return }
        if let text = self.fault(of: kept) {
            Log.line("trunkline: trunk \(trunk): \(name): \(text)")
        } else {
            let places = kept.servers.map { "\($0.transport) \($0.address)" }
            Log.line(
                "trunkline: trunk \(trunk): \(name) is at \(places.joined(separator: ", "))")
        }
    }

    private func fault(of kept: KeptLocation) -> String? {
        guard let failure = kept.failure else { return nil }
        return kept.servers.isEmpty
            ? "\(failure): no call can go there"
            : "\(failure): it counts as where it was"
    }

    /// Each change of a peer's state, once.
    func logPeerChanges() {
        for change in self.core.engine.takePeerChanges() {
            var text = "\(change.before) to \(change.state)"
            if change.state == .demoted || change.state == .down, let failure = change.failure {
                text += " (\(failure))"
            }
            Log.line(
                "trunkline: trunk \(change.trunk.text): peer \(Self.text(change.host)) at "
                    + "\(change.hop.transport) \(change.hop.remote): \(text)")
        }
    }

    /// Bytes of a host as text for people.
    private static func text(_ bytes: [UInt8]) -> String {
        String(decoding: bytes, as: UTF8.self)
    }

    // MARK: Status

    /// What is wrong with peers, one sentence each.
    func peerConditions() -> [String] {
        var conditions: [String] = []
        let peers = self.core.engine.peers
        for trunk in self.file.trunks {
            for peer in trunk.peers {
                guard let question = TargetList.question(peer, trunk, self.file),
                    let kept = self.locator?.known(question), let text = self.fault(of: kept)
                else { continue }
                conditions.append("trunk \(trunk.name): \(peer.hostText): \(text)")
            }
            let own = peers.filter { $0.trunk.text == trunk.name && $0.health != nil }
            let states = Set(own.compactMap { $0.health?.state })
            guard !own.isEmpty, states.isSubset(of: [.down, .draining]) else { continue }
            let why = states == [.draining] ? "is drained" : "answers"
            let whom = states == [.draining] ? "every peer" : "no peer"
            conditions.append(
                "trunk \(trunk.name): \(whom) \(why): new calls to it get 503 until one is back")
        }
        return conditions
    }

    func peerFigures() -> JSONValue {
        let counters = self.core.engine.counters
        let peers = self.core.engine.peers
        func count(_ state: TargetState) -> JSONValue {
            JSONValue(peers.count { ($0.health?.state ?? .down) == state })
        }
        return [
            "up": count(.up), "demoted": count(.demoted), "draining": count(.draining),
            "down": count(.down), "changes": JSONValue(counters.peerChanges),
            "options_sent": JSONValue(counters.optionsSent),
            "options_answered": JSONValue(counters.optionsAnswered),
            "options_failed": JSONValue(counters.optionsFailed),
        ]
    }

    func dnsFigures() -> JSONValue {
        let counters = self.locator?.counters ?? LocationCounters()
        let questions = Set(Self.questions(self.file))
        return [
            "names": JSONValue(questions.count),
            "stale": JSONValue(questions.count { self.locator?.isStale($0) ?? false }),
            "searches": JSONValue(counters.searches),
            "searches_failed": JSONValue(counters.failures),
            "questions": JSONValue(counters.questions),
            "malformed": JSONValue(counters.malformed),
            "records_ignored": JSONValue(counters.recordsIgnored),
            "limits_reached": JSONValue(counters.limitsReached),
        ]
    }

    // MARK: Verbs

    func addPeerVerbs() {
        self.management.handle("peers") { [unowned self] _ in
            .success(.array(self.core.engine.peers.map { .object(Self.describe($0)) }))
        }
        self.management.handle("peer") { [unowned self] in self.drainPeer($0) }
    }

    private func drainPeer(_ arguments: JSONObject) -> ControlAnswer {
        guard let trunk = arguments["trunk"]?.string, let name = arguments["peer"]?.string,
            let isDraining = arguments["draining"]?.bool
        else {
            return .failure(
                ControlError(.badArgument, "trunk and peer: names; draining: true or false"))
        }
        guard self.file.trunks.contains(where: { $0.name == trunk }) else {
            return .failure(ControlError(.notFound, "there is no trunk \(trunk)"))
        }
        self.tellTime()
        let count = self.core.engine.drainPeer(
            Array(name.utf8), of: TrunkName(trunk), isDraining)
        guard count > 0 else {
            return .failure(
                ControlError(.notFound, "trunk \(trunk) has no peer with the name or at \(name)"))
        }
        return .success(["peers": JSONValue(count), "draining": .bool(isDraining)])
    }

    private static func describe(_ peer: PeerSummary) -> JSONObject {
        let now = Clocks.wallMs
        func seconds(_ since: Milliseconds) -> JSONValue {
            JSONValue((now &- min(since, now)) / 1000)
        }
        let failed = peer.health?.lastFailure
        return [
            "trunk": JSONValue(peer.trunk.text), "peer": JSONValue(self.text(peer.host)),
            "address": peer.health == nil ? .null : JSONValue(peer.hop.place),
            "state": JSONValue("\(peer.health?.state ?? .down)"),
            "seconds": peer.health.map { seconds($0.since) } ?? .null,
            "priority": peer.health == nil ? .null : JSONValue(peer.priority),
            "weight": peer.health == nil ? .null : JSONValue(peer.weight),
            "options_ms": peer.health?.roundTripMilliseconds.map { JSONValue($0) } ?? .null,
            "last_failure": .string(
                peer.health == nil ? "the name leads nowhere" : failed?.failure.description ?? ""),
            "failed_seconds": failed.map { seconds($0.at) } ?? .null,
        ]
    }
}
