// SPDX-License-Identifier: Apache-2.0

import SIPMessage
import Tenancy
import Testing

@testable import CallControl
@testable import CallWorld

/// Transfers of tenants' calls: which calls that a service makes for them are let in, and whose
/// dialogs a tenant may name.
@Suite struct TenantTransferTests {
    /// The routes send +2... to the carrier.
    private static let target = "+25550144"
    private static let phone = "+25550199"
    private static let referredBy = (HeaderName.referredBy, "<sip:hub.example;x-m=8:orgid:1>")

    private func scene() -> TenantScene {
        let scene = TenantScene {
            $0.trunks[1].transfer.replaces = .own
            $0.trunks[1].transfer.refer = .local
        }
        scene.alice.script.hangUpAfter = nil
        scene.bob.script.hangUpAfter = nil
        scene.alice.script.from = "<sip:\(TenantScene.outside)@carrier.example>"
        return scene
    }

    private func expectReturn(_ scene: TenantScene) {
        let context = scene.world.core.engine.context
        context.expectReturn(
            to: Array("sip:\(Self.target)@hub.example".utf8)[...], of: Array("acme".utf8),
            context.configuration.trunks[1])
    }

    private func hangUp(_ scene: TenantScene) {
        for phone in [scene.alice, scene.bob] {
            for call in phone.calls.values where call.dialog != nil { phone.hangUp(call) }
            scene.world.run(until: scene.world.now + 1000)
        }
        scene.finish()
    }

    @Test func aCallThatNeedsNoTransferUsesNoneUp() throws {
        let scene = self.scene()
        self.expectReturn(scene)
        #expect(scene.callOut(to: Self.target) != nil)
        #expect(scene.callOut(from: TenantScene.outside, to: Self.target) != nil)
        #expect(scene.callOut(from: TenantScene.outside, to: Self.target) == nil)
        #expect(scene.counters.screenedOut == 1)
        self.hangUp(scene)
    }

    /// RFC 3892 section 7.1: the service refers by itself, and no REFER comes.
    @Test func aCallerWhoIsInACallWithTheTenantMayBeReferred() throws {
        let scene = self.scene()
        let outside = TenantScene.outside
        #expect(
            scene.callOut(from: outside, to: Self.target, [Self.referredBy]) == nil,
            "nobody is in a call")
        _ = try #require(scene.callIn())
        #expect(scene.callOut(from: outside, to: Self.target) == nil, "nobody refers")
        #expect(
            scene.callOut(from: "+442079460001", to: Self.target, [Self.referredBy]) == nil,
            "another caller")
        let invite = try #require(
            scene.callOut(from: outside, to: Self.target, [Self.referredBy]))
        let from = try invite.from().uri
        #expect(AddressRewriter.user(of: from).elementsEqual(outside.utf8))
        #expect(invite.first(.referredBy) == nil, "what it names is the service's own")
        #expect(
            scene.callOut(from: outside, to: Self.target, host: "other", [Self.referredBy]) == nil,
            "another tenant")
        #expect(scene.counters.screenedOut == 4)
        self.hangUp(scene)
    }

    /// Whom a tenant has called may be referred, too.
    @Test func whomTheTenantHasCalledMayBeReferred() throws {
        let scene = self.scene()
        #expect(scene.callOut(to: Self.phone) != nil)
        #expect(scene.callOut(from: Self.phone, to: Self.target, [Self.referredBy]) != nil)
        self.hangUp(scene)
    }

    @Test(arguments: [("acme", true), ("other", false)])
    func onlyTheTenantReplacesItsCalls(tenant: String, isDone: Bool) throws {
        let scene = self.scene()
        _ = try #require(scene.callIn())
        let call = try #require(scene.bob.calls.values.first)
        let replaced = try #require(call.replaces())
        _ = scene.callOut(host: tenant, [(.replaces, replaced)])
        let status = scene.bob.responses.last { ($0.status ?? 0) >= 200 }?.status
        #expect(status == (isDone ? 200 : 481))
        #expect(scene.counters.replacements == (isDone ? 1 : 0))
        self.hangUp(scene)
    }
}
