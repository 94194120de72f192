// SPDX-License-Identifier: Apache-2.0

import Admission
import NetworkAddress
import Routing
import SIPMessage
import SIPTransaction
import Testing

@testable import CallControl
@testable import CallWorld

/// 3xx from the callee's side.
@Suite struct RedirectTests {
    private struct Scene {
        let world: World
        let alice: Phone
        /// Redirects.
        let first: Phone
        /// The second target of the same trunk, which the route alone does not lead to.
        let second: Phone
    }

    private func scene(
        _ policy: RedirectPolicy, contacts: [String], status: Int = 302
    ) -> Scene {
        let world = World()
        let alice = world.phone("alice", side: .a)
        let first = world.phone("first", side: .b)
        let second = world.phone("second", side: .b, address: "203.0.113.2")
        world.configure { configuration in
            configuration.trunks[1].redirect = policy
            var trunk = configuration.trunks[1]
            trunk.name = TrunkName("second")
            trunk.peer.remote = second.address
            trunk.peerHost = Array("203.0.113.2".utf8)
            trunk.sources = [AddressPrefix(second.address.address)]
            trunk.targets = [TrunkTarget(hop: trunk.peer, host: trunk.peerHost)]
            configuration.trunks.append(trunk)
            configuration.routes =
                (try? RouteTable([
                    Route(prefix: "+1".utf8, to: TrunkIndex(1)),
                    Route(prefix: "+1777".utf8, to: TrunkIndex(2)),
                ])) ?? RouteTable()
        }
        first.script.progress = []
        first.script.answer = .refuse(status, after: 20)
        first.script.contacts = contacts
        alice.script.hangUpAfter = 500
        return Scene(world: world, alice: alice, first: first, second: second)
    }

    private func uri(_ phone: Phone) -> String {
        phone.requests.first.map { String(decoding: $0.requestURI, as: UTF8.self) } ?? ""
    }

    @Test func refusedIs480() {
        let scene = self.scene(.refuse, contacts: ["<sip:+17771@203.0.113.2>"])
        scene.alice.dial()
        scene.world.run()
        #expect(scene.alice.count("< 480 INVITE") == 1 && scene.second.log.isEmpty)
        scene.world.expectClean()
    }

    @Test func followedToATargetByItsAddress() {
        let scene = self.scene(.follow, contacts: ["<sip:+19@203.0.113.2>"])
        scene.alice.dial()
        scene.world.run()
        #expect(scene.alice.count("< 200 INVITE") == 1 && scene.alice.count("< 302 INVITE") == 0)
        #expect(self.uri(scene.second) == "sip:+19@203.0.113.2")
        #expect(scene.second.count("< BYE") == 1)
        #expect(scene.world.records.first?.to == TrunkName("second"))
        #expect(scene.world.core.engine.counters.redirectsFollowed == 1)
        scene.world.expectClean()
    }

    @Test func followedByTheRoutesForItsNumber() {
        for contact in ["<sip:+17771@unknown.example>", "<tel:+1-777-1>"] {
            let scene = self.scene(.follow, contacts: [contact])
            scene.alice.dial()
            scene.world.run()
            #expect(scene.alice.count("< 200 INVITE") == 1, "\(contact)")
            #expect(self.uri(scene.second).hasPrefix("sip:+1"), "\(contact)")
            scene.world.expectClean()
        }
    }

    @Test func contactsAreAskedByTheirQValues() {
        let scene = self.scene(
            .follow,
            contacts: [
                "<sip:+17773@far.example>;q=0.3", "<sip:+17771@far.example>;q=0.9",
                "<sip:+17772@far.example>;q=0.55",
            ])
        scene.second.script.progress = []
        scene.second.script.answer = .refuse(503, after: 10)
        scene.alice.dial()
        scene.world.run()
        let users = scene.second.requests.filter { $0.method == .invite }.map {
            String(decoding: $0.requestURI.prefix(10), as: UTF8.self)
        }
        #expect(users == ["sip:+17771", "sip:+17772", "sip:+17773"])
        #expect(scene.alice.count("< 503 INVITE") == 1)
        scene.world.expectClean()
    }

    /// Call forwarding on no answer: the redirection comes after ringing.
    @Test func followedAfterRinging() throws {
        let scene = self.scene(.follow, contacts: ["<sip:+17771@far.example>"])
        scene.first.script.progress = [
            PhoneScript.Progress(after: 10, status: 183, description: true)
        ]
        scene.first.script.answer = .refuse(302, after: 3000)
        scene.alice.dial()
        scene.world.run(until: 2000)
        #expect(scene.world.media.values.first?.b.remote?.address == scene.first.address.address)
        scene.world.run()
        #expect(scene.alice.count("< 200 INVITE") == 1)
        let tags = try scene.alice.responses.filter { [183, 180].contains($0.status) }.map {
            Array(try #require($0.to().tag))
        }
        #expect(tags.count == 2 && tags[0] != tags[1], "another dialog for the caller")
        let answer = try #require(scene.alice.responses.first { $0.status == 200 })
        #expect(try Array(#require(answer.to().tag)) == tags[1])
        #expect(scene.world.records.first?.end == .callerBye)
        scene.world.expectClean()
    }

    @Test(arguments: [
        ["<sip:+15551234@203.0.113.1>"],  // where it comes from
        ["<sip:+15551234@far.example>"],  // the routes lead there again
        ["<sip:+49301@far.example>"],  // no route
        ["<sip:198.51.100.77>"],  // nobody's address, and no number
        ["<mailto:a@b>"], [],
    ])
    func whatLeadsNowhereIs480(contacts: [String]) {
        let scene = self.scene(.follow, contacts: contacts)
        scene.alice.dial()
        scene.world.run()
        #expect(scene.alice.count("< 480 INVITE") == 1)
        #expect(scene.first.count("< INVITE") == 1 && scene.second.log.isEmpty)
        scene.world.expectClean()
    }

    /// Each asks for somebody else: neither place nor number repeats, and it ends all the same.
    @Test func redirectionsAreBounded() {
        let scene = self.scene(.follow, contacts: [])
        scene.first.script.redirectsOnwards = true
        scene.alice.dial()
        scene.world.run()
        #expect(scene.first.count("< INVITE") == 1 + Call.redirectsMax)
        #expect(scene.alice.count("< 480 INVITE") == 1)
        scene.world.expectClean()
    }

    @Test(arguments: [305, 380])
    func othersAreNotFollowed(status: Int) {
        let scene = self.scene(.follow, contacts: ["<sip:+17771@far.example>"], status: status)
        scene.alice.dial()
        scene.world.run()
        #expect(scene.alice.count("< 480 INVITE") == 1 && scene.second.log.isEmpty)
        scene.world.expectClean()
    }

    @Test func passedWithContactsThatLeadThroughTheBox() throws {
        let scene = self.scene(
            .pass, contacts: ["<sip:+17771@203.0.113.2>;q=0.5", "<sip:203.0.113.9>"], status: 301)
        scene.alice.dial()
        scene.world.run()
        let response = try #require(scene.alice.responses.last)
        #expect(response.status == 301)
        #expect(
            response.all(.contact).map { String(decoding: $0, as: UTF8.self) } == [
                "<sip:+17771@192.0.2.1:5060>;q=0.5"
            ])
        #expect(scene.world.records.first?.status == 301)
        #expect(scene.second.log.isEmpty)
        scene.world.expectClean()
    }

    @Test func nothingToPassIs480() {
        let scene = self.scene(.pass, contacts: ["<sip:203.0.113.9>"])
        scene.alice.dial()
        scene.world.run()
        #expect(scene.alice.count("< 480 INVITE") == 1)
        scene.world.expectClean()
    }
}
