// SPDX-License-Identifier: Apache-2.0

import Admission
import NetworkAddress
import Routing
import SIPMessage
import SIPTransaction
import Tenancy
import Testing

@testable import CallControl
@testable import CallWorld

/// The look-up rules at call time (provisioning model, section 2), each by its name.
@Suite struct TenantCallTests {
    private static let customHeader = HeaderName("X-MS-Operator-Content")
    private static let tenantID = HeaderName("X-MS-TenantID")

    private func user(_ value: String?) -> String {
        String((value ?? "").drop { $0 != ":" }.dropFirst().prefix { $0 != "@" })
    }

    private func text(_ bytes: some Sequence<UInt8>) -> String {
        String(decoding: Array(bytes), as: UTF8.self)
    }

    // MARK: From the operator's side

    @Test func calledNumberDecidesTheDerivedTrunk() throws {
        let scene = TenantScene()
        let invite = try #require(scene.callIn())
        let derived = "acme.\(TenantScene.host)"
        #expect(invite.texts(.contact).first?.contains("@\(derived):5060") == true)
        #expect(invite.texts(.from).first?.contains("@\(derived)>") == true)
        #expect(invite.texts(.callID).first?.hasSuffix("@\(derived)") == true)
        #expect(invite.texts(.via).first?.contains(" \(TenantScene.host):5060") == true)
        #expect(invite.first(Self.customHeader) == nil, "that is for the operator's side")
        scene.finish()
        #expect(scene.world.records.first?.tenant?.account == Array("acme".utf8))
        #expect(scene.world.records.first?.tenant?.row == nil)
    }

    @Test func everyMessageOfTheDialogNamesTheDerivedTrunk() throws {
        let scene = TenantScene()
        _ = scene.callIn()
        scene.finish()
        let requests = scene.bob.requests.filter { $0.first(.contact) != nil }
        #expect(!requests.isEmpty)
        for request in requests {
            #expect(request.texts(.contact)[0].contains("@acme.\(TenantScene.host)"))
        }
    }

    @Test func unknownNumberGoesOnWithoutATenantWhereNoneIsRequired() throws {
        let scene = TenantScene()
        let invite = try #require(scene.callIn("+12025550199"))
        #expect(invite.texts(.contact).first?.contains("@\(TenantScene.host):5060") == true)
        scene.finish()
        #expect(scene.world.records.first?.tenant == nil)
    }

    @Test func unknownNumberGets404WhereATenantIsRequired() {
        let scene = TenantScene(need: .required)
        #expect(scene.callIn("+12025550199") == nil)
        #expect(scene.alice.count("< 404 INVITE") == 1)
        #expect(scene.counters.misrouted == 1)
        scene.finish()
    }

    @Test func unknownNumberGoesToTheDefaultServiceOfItsTrunk() throws {
        let scene = TenantScene(need: .none, service: .operatorConnect) {
            $0.trunks[0].tenancy.defaultService = .operatorConnect
            $0.routes = RouteTable()
        }
        #expect(scene.callIn("+12025550199") != nil)
        scene.finish()
    }

    @Test func numberWithoutRouteAndTenantGets404() {
        let scene = TenantScene { $0.routes = RouteTable() }
        #expect(scene.callIn("+12025550199") == nil)
        #expect(scene.alice.count("< 404 INVITE") == 1)
        #expect(scene.counters.noRoutes == 1)
        scene.finish()
    }

    @Test func provisionedNumberNeedsNoRoute() {
        let scene = TenantScene { $0.routes = RouteTable() }
        #expect(scene.callIn() != nil)
        scene.finish()
    }

    /// Two sets of trunks, told apart by the service's end.
    private func twoSets(
        account: (inout Account) -> Void = { _ in },
        number: (inout ProvisionedNumber) -> Void = { _ in },
        region: Int = 1
    ) -> (TenantScene, bypass: Phone) {
        func change(_ configuration: inout CallConfiguration) {
            var bypass = configuration.trunks[1]
            bypass.name = TrunkName("bypass")
            bypass.ownHost = Array("1b1.sbc.carrier.example".utf8)
            bypass.tenancy.set = .bypass
            bypass.tenancy.region = region
            bypass.peer.remote.address = World.ip("203.0.113.2")
            bypass.targets = [TrunkTarget(hop: bypass.peer, host: Array("203.0.113.2".utf8))]
            bypass.sources = [AddressPrefix(World.ip("203.0.113.2"))]
            configuration.trunks.append(bypass)
        }
        let scene = TenantScene(change: change, account: account, number: number)
        return (scene, scene.world.phone("bypass", side: .b, address: "203.0.113.2"))
    }

    @Test func accountsActiveSetDecides() throws {
        let (scene, bypass) = self.twoSets(account: { $0.activeSet = .bypass })
        #expect(scene.callIn() == nil)
        let invite = try #require(bypass.requests.first { $0.method == .invite })
        #expect(invite.texts(.contact)[0].contains("@acme.1b1.sbc.carrier.example"))
        scene.finish()
    }

    @Test func numbersOwnSetComesBeforeTheAccounts() {
        let (scene, bypass) = self.twoSets(number: { $0.trunkSet = .bypass })
        #expect(scene.callIn() == nil)
        #expect(bypass.count("< INVITE") == 1)
        #expect(scene.callIn("+12025550124") != nil, "the others stay")
        scene.finish()
    }

    @Test func trunksOfAnotherRegionAreNotUsed() {
        let (scene, bypass) = self.twoSets(account: { $0.activeSet = .bypass }, region: 2)
        #expect(scene.callIn() == nil)
        #expect(bypass.requests.isEmpty)
        #expect(scene.alice.count("< 404 INVITE") == 1)
        scene.finish()
    }

    @Test func aDialogKeepsItsSetWhateverBecomesOfTheNumber() throws {
        let (scene, bypass) = self.twoSets()
        scene.alice.script.hangUpAfter = 6000
        _ = scene.callIn()
        var account = Account(name: "acme")
        account.label = "acme"
        account.activeSet = .bypass
        scene.apply(.account(account))
        scene.alice.reinvite(
            try #require(scene.alice.calls.values.first), direction: "sendonly")
        scene.world.run(until: scene.world.now + 1000)
        #expect(scene.bob.count("< INVITE") == 2)
        scene.finish()
        #expect(bypass.requests.isEmpty)
    }

    @Test func customHeaderOfTheCalledNumberIsInAnswersToTheOperator() {
        let scene = TenantScene()
        _ = scene.callIn()
        for status in [180, 200] {
            let response = scene.alice.responses.first { $0.status == status }
            #expect(response?.texts(Self.customHeader) == ["acme_gold_7"], "\(status)")
        }
        scene.finish()
    }

    @Test func tenantIdentifierIsShownWhereTheTrunkWantsIt() {
        for wants in [true, false] {
            let scene = TenantScene { $0.trunks[0].tenancy.showsTenantID = wants }
            let invite = scene.callOut()
            #expect((invite?.first(Self.tenantID) != nil) == wants)
            scene.finish()
        }
    }

    @Test func derivedNameOutlivesARestart() throws {
        let scene = TenantScene()
        scene.alice.script.hangUpAfter = nil
        _ = scene.callIn()
        scene.world.restart()
        scene.alice.reinvite(
            try #require(scene.alice.calls.values.first), direction: "sendonly")
        scene.world.run(until: scene.world.now + 1000)
        let invites = scene.bob.requests.filter { $0.method == .invite }
        #expect(invites.count == 2)
        #expect(invites.last?.texts(.contact).first?.contains("@acme.\(TenantScene.host)") == true)
        scene.alice.hangUp(try #require(scene.alice.calls.values.first))
        scene.finish()
        #expect(scene.world.records.first?.tenant?.account == Array("acme".utf8))
    }

    // MARK: From the service

    @Test func hostOfTheRequestURIDecidesTheTenant() throws {
        let scene = TenantScene()
        let invite = try #require(scene.callOut())
        #expect(invite.texts(Self.customHeader) == ["acme_gold_7"])
        #expect(self.user(invite.texts(.from).first) == TenantScene.own)
        let response = scene.bob.responses.first { $0.status == 200 }
        #expect(response?.texts(.contact).first?.contains("acme.\(TenantScene.host)") == true)
        scene.finish()
        #expect(scene.world.records.first?.tenant?.row == .owned)
    }

    @Test func hostIsComparedWithoutRegardToCase() {
        let scene = TenantScene()
        #expect(scene.callOut(host: "ACME") != nil)
        scene.finish()
    }

    @Test func unknownTenantGets404AndIsCounted() {
        let scene = TenantScene()
        #expect(scene.callOut(host: "nobody") == nil)
        #expect(scene.bob.count("< 404 INVITE") == 1)
        #expect(scene.counters.misrouted == 1)
        scene.finish()
    }

    @Test func emergencyCallOfNobodyGoesOn() {
        for host in ["nobody", TenantScene.host] {
            let scene = TenantScene(need: .required) {
                $0.trunks[1].emergency.trunks = [TrunkIndex(0)]
            }
            #expect(scene.callOut(from: TenantScene.outside, to: "911", host: host) != nil)
            #expect(scene.counters.misrouted == 1)
            scene.finish()
        }
    }

    @Test func trunksOwnNameIsNoTenants() {
        let open = TenantScene()
        #expect(open.callOut(from: TenantScene.outside, host: TenantScene.host) != nil)
        open.finish()
        let closed = TenantScene(need: .required)
        #expect(closed.callOut(host: TenantScene.host) == nil)
        #expect(closed.bob.count("< 404 INVITE") == 1)
        closed.finish()
    }

    @Test func nameOfAnotherTrunkIsNoTenants() {
        let closed = TenantScene(need: .required)
        for host in ["acme.1b1.sbc.carrier.example", "192.0.2.2"] {
            #expect(closed.callOut(host: host) == nil, "\(host)")
        }
        #expect(closed.counters.misrouted == 2)
        closed.finish()
    }

    @Test func withoutNamesTheCallersNumberDecides() throws {
        let scene = TenantScene(need: .required, service: .zoom)
        let invite = try #require(scene.callOut(host: "192.0.2.2"))
        #expect(invite.texts(Self.customHeader) == ["acme_gold_7"])
        #expect(scene.callOut(from: TenantScene.outside, host: "192.0.2.2") == nil)
        #expect(scene.counters.misrouted == 1)
        scene.finish()
    }
}
