// SPDX-License-Identifier: Apache-2.0

import NetworkAddress
import Routing
import SIPMessage
import Tenancy
import Testing

@testable import CallControl
@testable import CallWorld

/// The screening table on the wire, and what the operator's side gets to see.
@Suite struct TenantScreeningTests {
    private func users(_ invite: SIPMessage, _ name: HeaderName) -> [String] {
        invite.texts(name).map { value in
            String(value.drop { $0 != ":" }.dropFirst().prefix { $0 != "@" && $0 != ">" })
        }
    }

    private func pai(_ text: String) -> (HeaderName, String) { (.pAssertedIdentity, text) }

    private func refused(_ scene: TenantScene, _ text: String) {
        let response = scene.bob.responses.last { $0.status == 403 }
        #expect(response?.texts(.reason) == ["SIP;cause=403;text=\"\(text)\""])
        #expect(scene.counters.screenedOut == 1)
        #expect(scene.alice.requests.isEmpty)
        scene.finish()
    }

    @Test(arguments: [TenantScene.foreign, TenantScene.outside])
    func numbersOfOthersAreRefused(number: String) {
        let scene = TenantScene()
        scene.callOut(from: number)
        self.refused(scene, "Calling number not assigned to this account")
    }

    @Test func withoutScreeningTheyPassAndAreCounted() throws {
        let scene = TenantScene(account: { $0.isScreened = false })
        let invite = try #require(scene.callOut(from: TenantScene.outside))
        #expect(self.users(invite, .from) == [TenantScene.outside])
        #expect(scene.counters.unverifiedCallers == 1)
        scene.finish()
        #expect(scene.world.records.first?.tenant?.row == .unverified)
    }

    @Test func anonymousCallersStayAnonymous() throws {
        let scene = TenantScene()
        let from = "\"Anonymous\" <sip:anonymous@anonymous.invalid>"
        let invite = try #require(
            scene.callOut(
                from: from, [self.pai("<tel:\(TenantScene.own)>"), (.privacy, "id")]))
        #expect(invite.texts(.from)[0].contains("anonymous.invalid"))
        #expect(invite.texts(.privacy) == ["id"])
        #expect(invite.texts(.pAssertedIdentity).count == 1)
        scene.finish()
        let other = TenantScene()
        other.callOut(from: from)
        self.refused(other, "Calling number missing")
    }

    @Test func assertedNumberReplacesAnother() throws {
        let scene = TenantScene()
        let invite = try #require(
            scene.callOut(from: TenantScene.outside, [self.pai("<tel:\(TenantScene.own)>")]))
        #expect(self.users(invite, .from) == [TenantScene.own])
        #expect(!invite.texts(.from)[0].contains("Alex"), "nobody vouches for a name")
        #expect(self.users(invite, .contact) != [TenantScene.outside])
        scene.finish()
        #expect(scene.world.records.first?.calling == Array(TenantScene.own.utf8))
        let strict = TenantScene(account: { $0.screening.replacesFrom = false })
        strict.callOut(from: TenantScene.outside, [self.pai("<tel:\(TenantScene.own)>")])
        self.refused(strict, "Calling number differs from the asserted one")
    }

    @Test func foreignIdentitiesAreTakenOut() throws {
        let scene = TenantScene()
        let invite = try #require(
            scene.callOut([
                self.pai("<tel:\(TenantScene.own)>"), self.pai("<tel:\(TenantScene.foreign)>"),
                self.pai("<sip:alex@acme.example>"),
                (.diversion, "<sip:\(TenantScene.foreign)@hub.example>;reason=unconditional"),
            ]))
        #expect(self.users(invite, .pAssertedIdentity) == [TenantScene.own])
        #expect(invite.first(.diversion) == nil)
        scene.finish()
    }

    @Test func forwardedCallShowsItsCallerAndWhoForwarded() throws {
        let scene = TenantScene()
        let history =
            "<sip:\(TenantScene.own)@hub.example?Reason=SIP%3Bcause%3D302>;index=1, "
            + "<sip:\(TenantScene.foreign)@hub.example>;index=1.1, "
            + "<sip:+2999@hub.example>;index=1.2"
        let invite = try #require(
            scene.callOut(from: TenantScene.outside, [(.historyInfo, history)]))
        #expect(self.users(invite, .from) == [TenantScene.outside])
        let shown = self.users(invite, .historyInfo)
        #expect(shown.contains(TenantScene.own) && shown.contains("+2999"))
        #expect(!shown.contains(TenantScene.foreign))
        scene.finish()
        #expect(scene.world.records.first?.tenant?.row == .forwarded)
        let closed = TenantScene(account: { $0.screening.allowsForwarded = false })
        closed.callOut(from: TenantScene.outside, [(.historyInfo, history)])
        self.refused(closed, "Calling number not assigned to this account")
    }

    @Test func emergencyCallsAreNotScreened() throws {
        let scene = TenantScene {
            $0.routes =
                (try? RouteTable([Route(prefix: "".utf8, to: TrunkIndex(0))])) ?? RouteTable()
        }
        let invite = try #require(scene.callOut(from: TenantScene.foreign, to: "911"))
        #expect(self.users(invite, .from) == [TenantScene.foreign])
        scene.finish()
        #expect(scene.world.records.first?.tenant?.row == .emergency)
    }

    @Test func emergencyCallsGoStraightWhereTheyAreSentStraight() throws {
        let scene = TenantScene { configuration in
            configuration.trunks[1].emergency.trunks = [TrunkIndex(0)]
            configuration.routes = RouteTable()
        }
        #expect(scene.callOut(to: "911") != nil)
        scene.finish()
    }

    @Test func locationNumberTakesTheCallersPlace() throws {
        let scene = TenantScene {
            $0.trunks[1].tenancy.elinElement = Array("ELIN".utf8)
            $0.trunks[1].emergency.trunks = [TrunkIndex(0)]
        }
        let location = "<a:presence><b:ELIN> +1 (202) 555-0177 </b:ELIN></a:presence>"
        scene.bob.script.inviteBody = (
            "multipart/mixed;boundary=x",
            "--x\r\nContent-Type: application/sdp\r\n\r\nSDP\r\n--x\r\n"
                + "Content-Type: application/pidf+xml\r\n\r\n\(location)\r\n--x--\r\n"
        )
        let invite = try #require(scene.callOut(to: "911", [self.pai("<tel:\(TenantScene.own)>")]))
        #expect(self.users(invite, .from) == ["+12025550177"])
        #expect(self.users(invite, .pAssertedIdentity) == ["+12025550177"])
        #expect(invite.bodyText.contains(location), "byte for byte")
        scene.finish()
    }

    // MARK: Transfers

    @Test func outsiderIsExpectedOnceAndForAWhile() throws {
        let account = AccountIndex(0)
        let target = try #require(E164("+12025550144".utf8))
        var returns = TransferReturns()
        returns.expect(target, of: account, now: 1000)
        let taken = [
            returns.take(target, of: AccountIndex(1), now: 1000),
            returns.take(target, of: account, now: 30_999),
            returns.take(target, of: account, now: 30_999),
        ]
        #expect(taken == [false, true, false])
        returns.expect(target, of: account, now: 1000)
        let isTakenLate = returns.take(target, of: account, now: 31_000)
        #expect(!isTakenLate)
    }

    @Test func expectedReturnsHaveALimit() throws {
        var returns = TransferReturns()
        let account = AccountIndex(0)
        let numbers = (0...TransferReturns.limit).compactMap {
            E164(value: 12_025_550_000 + UInt64($0))
        }
        for number in numbers { returns.expect(number, of: account, now: 0) }
        let last = try #require(numbers.last)
        let taken = [numbers[0], numbers[1], last].map {
            returns.take($0, of: account, now: 1)
        }
        #expect(taken == [false, true, true])
    }
}
