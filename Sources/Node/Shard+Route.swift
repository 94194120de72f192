// SPDX-License-Identifier: Apache-2.0

import Admission
import CallControl
import Configuration
import Management
import SDP
import SIPTransaction
import Tenancy

// What would become of a call, for `trunkline route`.
extension Shard {
    func route(_ arguments: JSONObject) -> ControlAnswer {
        do throws(ControlError) {
            let trunk = TrunkName(try Self.user("trunk", arguments) { _ in true })
            guard self.file.trunks.contains(where: { $0.name == trunk.text }) else {
                let known = self.file.trunks.map(\.name).joined(separator: ", ")
                throw ControlError(.notFound, "there is no trunk \(trunk.text), only \(known)")
            }
            let question = try Self.question(arguments)
            self.tellTime()
            guard let explanation = self.core.explain(question, from: trunk) else {
                throw ControlError(.badArgument, "number and host: they make no Request-URI")
            }
            return .success(.object(self.describe(explanation)))
        } catch {
            return .failure(error)
        }
    }

    // MARK: The question

    private static func question(_ arguments: JSONObject) throws(ControlError) -> CallQuestion {
        func number(_ name: String) throws(ControlError) -> [UInt8] {
            Array(try Self.user(name, arguments) { CallQuestion.isUser($0.utf8) }.utf8)
        }
        var question = CallQuestion(number: try number("number"), from: try number("from"))
        question.isAnonymous = arguments["anonymous"]?.bool ?? false
        if arguments["host"] != nil {
            let host = try Self.user("host", arguments) { CallQuestion.isHost($0.utf8) }
            question.host = Array(host.utf8)
        }
        if arguments["pai"] != nil { question.asserted = try number("pai") }
        if arguments["diverting"] != nil { question.diverting = try number("diverting") }
        return question
    }

    private static func user(
        _ name: String, _ arguments: JSONObject, _ isGood: (String) -> Bool
    ) throws(ControlError) -> String {
        guard let text = arguments[name]?.string, isGood(text) else {
            let form =
                name == "host"
                ? "a name or an address"
                : name == "trunk" ? "a name" : "a number: digits, letters and +*#-._"
            throw ControlError(.badArgument, "\(name): \(form)")
        }
        return text
    }

    // MARK: The answer

    private func describe(_ call: CallExplanation) -> JSONObject {
        var members: JSONObject = [
            "trunk": JSONValue(call.trunk.text), "number": JSONValue(text(call.number)),
            "emergency": .bool(call.isEmergency), "tenant_by": .string(call.lookup.rawValue),
            "tenant": call.tenant.map { JSONValue(text($0.account)) } ?? .null,
            "screening": call.tenant?.row.map { .string($0.rawValue) } ?? .null,
            "caller_replaced_by": call.shownNumber.map { JSONValue(text($0.bytes)) } ?? .null,
            "custom_header": call.header.map { JSONValue(text($0)) } ?? .null,
            "media": .string(Self.media(call.security)), "rules": self.rules(of: call),
            "chosen_by": .string(Self.sentence(call.choice, region: call.region)),
            "trunks": .array(call.trunks.map { JSONValue($0.text) }),
            "targets": .array(call.places.map { .object(Self.describe($0)) }),
            "status": .null, "reason": .null, "end": .null,
        ]
        if let refusal = call.refusal {
            members["status"] = JSONValue(refusal.status)
            members["reason"] = refusal.reason.map { .string($0) } ?? .null
            members["end"] = .string(refusal.end.description)
        }
        return members
    }

    private static func describe(_ place: CallExplanation.Place) -> JSONObject {
        [
            "trunk": JSONValue(place.trunk.text), "peer": JSONValue(text(place.host)),
            "address": JSONValue(place.hop.place), "state": .string("\(place.state)"),
            "uri": JSONValue(text(place.uri)), "from": JSONValue(text(place.from)),
            "contact": JSONValue(text(place.contact)),
            "media": .string(self.media(place.security)),
        ]
    }

    /// Rules that see the call's messages: of what arrives and leaves, on each of its trunks.
    private func rules(of call: CallExplanation) -> JSONValue {
        let trunks = [call.trunk] + call.trunks
        return .array(
            self.core.rules.counts.filter { trunks.contains($0.trunk) }.map {
                .string("\($0.trunk.text) \($0.direction.rawValue): \($0.rule)")
            })
    }

    private static func sentence(_ choice: TrunkChoice, region: Int) -> String {
        switch choice {
        case .routes: "routes"
        case .set(let service, let set):
            "\(service.rawValue), set \(set.rawValue), region \(region)"
        case .defaultService(let service):
            "default-service \(service.rawValue), set plain, region \(region)"
        case .emergency: "the trunk's emergency trunks"
        }
    }

    /// "srtp required (sdes, dtls), ice lite".
    private static func media(_ policy: MediaSecurityPolicy) -> String {
        guard policy.srtp != .off else { return "rtp" }
        let keying = policy.keying.map { "\($0)" }.joined(separator: ", ")
        return "srtp \(policy.srtp) (\(keying))" + (policy.ice == .lite ? ", ice lite" : "")
    }
}

/// Bytes of messages as text for people; what is not UTF-8 is repaired.
private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
