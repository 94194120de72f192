// SPDX-License-Identifier: Apache-2.0

import Admission
import Routing
import SIPMessage
import Tenancy
import Testing

@testable import CallControl
@testable import CallWorld

/// What is said of a call beforehand is what the call then gets.
@Suite struct ExplanationTests {
    /// A tenant's call: what its INVITE says, and how the tenant is set up.
    struct Case: Sendable, CustomTestStringConvertible {
        let row: CallerScreening.Row
        var from = TenantScene.own
        var to = "+2999"
        var isAnonymous = false
        var asserted: String?
        var diverting: String?
        var account: @Sendable (inout Account) -> Void = { _ in }

        var testDescription: String { self.row.rawValue }

        var question: CallQuestion {
            var question = CallQuestion(number: self.to.utf8, from: self.from.utf8)
            question.host = Array("acme.\(TenantScene.host)".utf8)
            question.isAnonymous = self.isAnonymous
            question.asserted = self.asserted.map { Array($0.utf8) }
            question.diverting = self.diverting.map { Array($0.utf8) }
            return question
        }

        var headers: [(HeaderName, String)] {
            var headers: [(HeaderName, String)] = []
            if let asserted {
                headers.append((.pAssertedIdentity, "<sip:\(asserted)@hub.example>"))
            }
            if self.isAnonymous { headers.append((.privacy, "id")) }
            if let diverting {
                headers.append((.diversion, "<sip:\(diverting)@hub.example>;reason=unconditional"))
            }
            return headers
        }
    }

    private static let cases: [Case] = [
        Case(row: .owned),
        Case(row: .anonymousOwned, isAnonymous: true, asserted: TenantScene.own),
        Case(row: .fromReplaced, from: TenantScene.outside, asserted: TenantScene.own),
        Case(row: .forwarded, from: TenantScene.outside, diverting: TenantScene.own),
        Case(row: .transferred, from: TenantScene.outside, to: "+12025550144"),
        Case(row: .emergency, from: TenantScene.foreign, to: "911"),
        Case(row: .unverified, from: TenantScene.outside, account: { $0.isScreened = false }),
        Case(
            row: .anonymousAllowed, isAnonymous: true,
            account: { $0.screening.allowsAnonymous = true }),
        Case(row: .foreign, from: TenantScene.foreign),
        Case(row: .unknown, from: TenantScene.outside),
        Case(row: .anonymous, isAnonymous: true),
        Case(
            row: .fromDiffers, from: TenantScene.outside, asserted: TenantScene.own,
            account: { $0.screening.replacesFrom = false }),
        Case(
            row: .forwardedRefused, from: TenantScene.outside, diverting: TenantScene.own,
            account: {
                $0.screening.allowsForwarded = false
                $0.screening.sources = [.assertedIdentity, .history, .from]
            }),
    ]

    @Test func everyRowIsTried() {
        #expect(Set(Self.cases.map(\.row)) == Set(CallerScreening.Row.allCases))
    }

    private func scene(_ account: @escaping (inout Account) -> Void) throws -> TenantScene {
        let routes = try RouteTable([Route(prefix: "".utf8, to: TrunkIndex(0))])
        return TenantScene(change: { $0.routes = routes }, account: account)
    }

    private func text(_ bytes: some Sequence<UInt8>) -> String {
        String(decoding: Array(bytes), as: UTF8.self)
    }

    /// The URI between angle brackets.
    private func uri(_ text: String?) -> String {
        String((text ?? "").drop { $0 != "<" }.dropFirst().prefix { $0 != ">" })
    }

    @Test(arguments: cases) func aCallGetsWhatWasSaid(_ example: Case) throws {
        let scene = try self.scene(example.account)
        let engine = scene.world.core.engine
        if example.row == .transferred {
            engine.context.expectReturn(
                to: Array("sip:\(example.to)@x.example".utf8)[...], of: Array("acme".utf8),
                engine.context.configuration.trunks[1])
        }
        let before = scene.counters
        let name = engine.context.configuration.trunks[1].name
        let said = try #require(scene.world.core.explain(example.question, from: name))
        #expect(scene.counters == before, "nothing is counted")
        #expect(said.lookup == .host && said.tenant?.row == example.row)
        #expect(said.tenant?.account == Array("acme".utf8))
        #expect(said.isEmergency == (example.to == "911"))
        let from =
            example.isAnonymous
            ? "\"Anonymous\" <sip:anonymous@anonymous.invalid>"
            : "<sip:\(example.from)@hub.example;user=phone>"
        let invite = scene.callOut(from: from, to: example.to, example.headers)
        if let refusal = said.refusal {
            let response = scene.bob.responses.last { ($0.status ?? 0) >= 300 }
            #expect(invite == nil && response?.status == refusal.status)
            let reason = try #require(refusal.reason)
            #expect(
                response?.texts(.reason) == ["SIP;cause=\(refusal.status);text=\"\(reason)\""])
            #expect(said.places.isEmpty)
        } else {
            let invite = try #require(invite)
            let place = try #require(said.places.first)
            #expect(self.uri(invite.texts(.from).first) == self.uri(self.text(place.from)))
            #expect(self.text(invite.requestURI) == self.text(place.uri))
            #expect(invite.texts(.contact).first?.contains(self.text(place.contact)) == true)
            let line = said.header.map { self.text($0) }
            let value = invite.texts(HeaderName("X-MS-Operator-Content")).first
            #expect(line == value.map { "X-MS-Operator-Content: \($0)" })
            #expect(place.state == .up && said.choice == .routes)
        }
        scene.finish()
    }

    // MARK: From the operator's side

    @Test func calledNumbersTenant() throws {
        let scene = TenantScene()
        let engine = scene.world.core.engine
        let name = engine.context.configuration.trunks[0].name
        let question = CallQuestion(number: TenantScene.own.utf8, from: "+442079460000".utf8)
        let said = try #require(scene.world.core.explain(question, from: name))
        #expect(said.lookup == .calledNumber && said.tenant?.row == nil)
        #expect(said.choice == .set(.teamsDirectRouting, .plain) && said.region == 1)
        #expect(self.text(said.header ?? []) == "X-MS-Operator-Content: acme_gold_7")
        let place = try #require(said.places.first)
        let invite = try #require(scene.callIn())
        #expect(invite.texts(.contact)[0].contains("@\(self.text(place.contact))"))
        #expect(self.text(place.contact) == "acme.\(TenantScene.host):5060")
        #expect(self.text(invite.requestURI) + ";user=phone" == self.text(place.uri))
        scene.finish()
    }

    @Test func whatIsNoTenantsAndHasNoRoute() throws {
        let scene = TenantScene { $0.routes = RouteTable() }
        let name = scene.world.core.engine.context.configuration.trunks[0].name
        let before = scene.counters
        let question = CallQuestion(number: "+12025550199".utf8, from: "+442079460000".utf8)
        let said = try #require(scene.world.core.explain(question, from: name))
        #expect(said.tenant == nil && said.choice == .routes && said.places.isEmpty)
        #expect(said.refusal == .init(status: 404, reason: nil, end: .noRoute))
        #expect(scene.counters == before)
        #expect(scene.callIn("+12025550199") == nil)
        #expect(scene.alice.count("< 404 INVITE") == 1)
        scene.finish()
    }

    @Test func hostOfNobodyWhereATenantIsRequired() throws {
        let scene = TenantScene(need: .required)
        let name = scene.world.core.engine.context.configuration.trunks[1].name
        var question = CallQuestion(number: "+2999".utf8, from: TenantScene.own.utf8)
        question.host = Array("nobody.\(TenantScene.host)".utf8)
        let said = try #require(scene.world.core.explain(question, from: name))
        #expect(said.refusal?.status == 404 && said.tenant == nil)
        #expect(scene.callOut(host: "nobody") == nil)
        #expect(scene.bob.count("< 404 INVITE") == 1)
        scene.finish()
    }

    @Test func unknownTrunksAndBadTexts() {
        let scene = TenantScene()
        let question = CallQuestion(number: "+2999".utf8, from: "+1".utf8)
        #expect(scene.world.core.explain(question, from: TrunkName("nobody")) == nil)
        #expect(CallQuestion.isUser("+1(2".utf8) == false && CallQuestion.isUser("".utf8) == false)
        let long = String(repeating: "1", count: CallQuestion.textMax)
        #expect(CallQuestion.isUser(long.utf8) && !CallQuestion.isUser((long + "1").utf8))
        #expect(CallQuestion.isHost("[2001:db8::1]".utf8) && !CallQuestion.isHost("a b".utf8))
        scene.finish()
    }
}
