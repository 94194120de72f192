// SPDX-License-Identifier: Apache-2.0

import Admission
import CallControl
import Configuration
import FlowABI
import FlowProgramming
import Management
import NetworkAddress

// What the command line asks for. Names of members are those of the contract and of the docs.
extension Shard {
    /// Longest deadline of a drain: a day.
    private static let deadlineSecondsMax: Int64 = 86_400

    func addVerbs() {
        self.management.handle("status") { [unowned self] _ in .success(self.status()) }
        self.management.handle("calls") { [unowned self] _ in
            .success(.array(self.core.engine.listCalls().map { .object(self.describe($0)) }))
        }
        self.management.handle("call") { [unowned self] in self.call($0) }
        self.management.handle("end") { [unowned self] in self.end($0) }
        self.management.handle("dtmf") { [unowned self] in self.sendDigits($0) }
        self.management.handle("registrations") { [unowned self] _ in
            .success(self.registrations())
        }
        self.management.handle("flows") { [unowned self] _ in .success(self.flows()) }
        self.management.handle("drops") { [unowned self] _ in
            guard let fastPath = self.programmer.fastPath else {
                return .failure(ControlError(.refused, "the fast path is not attached"))
            }
            return .success(.object(PacketAccount(fastPath).json))
        }
        self.management.handle("reload") { [unowned self] _ in
            self.reload()
            return .success([
                "refused": .array(self.refusedConfiguration.map { JSONValue($0) })
            ])
        }
        self.management.handle("drain") { [unowned self] in self.drain($0) }
        self.management.handle("resume") { [unowned self] in self.resume($0) }
        self.addPeerVerbs()
        self.addTraceVerbs()
        self.addProvisioningVerbs()
        self.addCertificateVerbs()
        self.addTenantCheckVerbs()
        self.addTestCallVerbs()
        self.management.handle("route") { [unowned self] in self.route($0) }
        self.management.handle("records") { [unowned self] _ in
            .success(self.recordsPlace())
        }
    }

    // MARK: Calls

    private func call(_ arguments: JSONObject) -> ControlAnswer {
        guard let text = arguments["id"]?.string, let id = CallIdentifier(text: text) else {
            return .failure(ControlError(.badArgument, "id: sixteen hexadecimal digits"))
        }
        guard let call = self.core.engine.call(id) else {
            return .failure(ControlError(.notFound, "there is no call \(text)"))
        }
        return .success(.object(self.describe(call)))
    }

    private func end(_ arguments: JSONObject) -> ControlAnswer {
        guard let text = arguments["id"]?.string, let id = CallIdentifier(text: text) else {
            return .failure(ControlError(.badArgument, "id: sixteen hexadecimal digits"))
        }
        self.tellTime()
        guard self.core.engine.endCall(id) else {
            return .failure(ControlError(.notFound, "there is no call \(text)"))
        }
        return .success(["ended": JSONValue(text)])
    }

    private func describe(_ call: CallSummary) -> JSONObject {
        let figures = self.programmer.statistics(Self.session(call.id))
        let drops = self.programmer.drops(Self.session(call.id))
        let now = Clocks.wallMs
        var members: JSONObject = [
            "id": JSONValue(call.id.description), "state": JSONValue(call.state.rawValue),
            "from": JSONValue(call.from.text), "to": JSONValue(call.to.text),
            "calling": JSONValue(text(call.calling)), "called": JSONValue(text(call.called)),
            "seconds": JSONValue((now &- min(call.startedAt, now)) / 1000),
            "answered_seconds": .null,
            "call_ids": .array(call.callIDs.map { JSONValue(text($0)) }),
        ]
        if let answeredAt = call.answeredAt {
            members["answered_seconds"] = JSONValue((now &- min(answeredAt, now)) / 1000)
        }
        let legs = [
            self.report(.a, call, call.from, figures.a, drops.a),
            self.report(.b, call, call.to, figures.b, drops.b),
        ]
        members["secure"] = JSONValue(Self.secure(call.protection))
        if let digits = call.digits { members["dtmf"] = self.describe(digits) }
        members["legs"] = .array(legs.map { .object($0.json) })
        return members
    }

    /// Which legs are encrypted.
    private static func secure(_ legs: LegProtections) -> String {
        switch (legs.a.keying != .plain, legs.b.keying != .plain) {
        case (true, true): "both"
        case (true, false): "a"
        case (false, true): "b"
        case (false, false): "no"
        }
    }

    private func report(
        _ side: Side, _ call: CallSummary, _ trunk: TrunkName, _ figures: FlowStatistics?,
        _ drops: DropCounts?
    ) -> LegReport {
        let realm = self.file.trunks.first { $0.name == trunk.text }.map {
            self.file.realms[$0.realm].name
        }
        let other = call.media[side == .a ? .b : .a]
        return LegReport(
            side: side, trunk: trunk.text, realm: realm, leg: call.media[side],
            sentType: other.payloadTypes.first?.egress,
            protection: side == .a ? call.protection.a : call.protection.b, figures: figures,
            drops: drops)
    }

    // MARK: Flows

    private func flows() -> JSONValue {
        guard let fastPath = self.programmer.fastPath else { return .array([]) }
        return .array(FlowList.live(fastPath).map { .object($0) })
    }

    // MARK: Draining

    private func drain(_ arguments: JSONObject) -> ControlAnswer {
        var trunk: TrunkName?
        if let name = arguments["trunk"]?.string {
            guard self.file.trunks.contains(where: { $0.name == name }) else {
                return .failure(ControlError(.notFound, "there is no trunk \(name)"))
            }
            trunk = TrunkName(name)
        }
        var deadline: UInt32?
        if let seconds = arguments["deadline_seconds"]?.integer {
            guard (0...Self.deadlineSecondsMax).contains(seconds) else {
                return .failure(
                    ControlError(
                        .badArgument, "deadline_seconds: 0 to \(Self.deadlineSecondsMax)"))
            }
            deadline = UInt32(clamping: seconds * 1000)
        }
        self.tellTime()
        self.core.engine.drainCalls(of: trunk, deadlineMilliseconds: deadline)
        return .success([
            "draining": JSONValue(trunk?.text ?? "node"), "calls": JSONValue(self.calls(of: trunk)),
        ])
    }

    private func resume(_ arguments: JSONObject) -> ControlAnswer {
        let trunk = arguments["trunk"]?.string.map { TrunkName($0) }
        self.core.engine.resumeCalls(of: trunk)
        return .success(["resumed": JSONValue(trunk?.text ?? "node")])
    }

    private func calls(of trunk: TrunkName?) -> Int {
        guard let trunk else { return self.core.engine.callCount }
        return self.core.engine.listCalls().count { $0.from == trunk || $0.to == trunk }
    }
}

/// Bytes of the wire as text for people; what is not UTF-8 is repaired.
private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
