// SPDX-License-Identifier: Apache-2.0

import Admission
import SIPMessage
import Tenancy
import Testing

@testable import CallControl
@testable import CallWorld

/// Calls that the box places itself: to Bob, who is a service with derived trunks.
@Suite struct TestCallTests {
    private func request(_ scene: TenantScene) throws -> TestCallRequest {
        let name = scene.world.core.engine.context.configuration.trunks[1].name
        var request = TestCallRequest(to: try #require(E164(TenantScene.own.utf8)), by: name)
        request.label = Array("acme".utf8)
        return request
    }

    private func scene() -> TenantScene {
        let scene = TenantScene()
        scene.bob.script.hangUpAfter = nil
        return scene
    }

    private func place(_ scene: TenantScene) throws -> CallIdentifier {
        let request = try self.request(scene)
        var placed: Result<CallIdentifier, TestCallRefusal>?
        scene.world.input { placed = $0.engine.placeTestCall(request) }
        return try #require(try placed?.get())
    }

    private func finish(_ scene: TenantScene) {
        scene.world.run()
        #expect(scene.world.core.engine.callCount == 0 && scene.world.media.isEmpty)
        #expect(scene.bob.isIdle)
    }

    @Test func itIsAnsweredAndEnded() throws {
        let scene = self.scene()
        let id = try self.place(scene)
        scene.world.run(until: scene.world.now + 3000)
        let engine = scene.world.core.engine
        #expect(engine.testCall(id)?.isAnswered == true && engine.testCall(id)?.provisional == 180)
        let invite = try #require(scene.bob.requests.first { $0.method == .invite })
        let contact = try #require(invite.first(.contact))
        #expect(String(decoding: contact, as: UTF8.self).contains("acme.\(TenantScene.host)"))
        #expect(AddressRewriter.user(of: invite.requestURI).elementsEqual(TenantScene.own.utf8))
        let from = try invite.from()
        #expect(CallerIdentity.isAnonymous(from))
        #expect(!invite.body.isEmpty && engine.call(id)?.tenant == nil)
        let media = try #require(scene.world.media.values.first)
        #expect(media.b.remote != nil && media.b.receive && media.a.remote == nil)
        #expect(scene.alice.requests.isEmpty, "nobody else hears of it")
        scene.world.input { _ = $0.engine.endCall(id) }
        self.finish(scene)
        #expect(scene.bob.count("< BYE") == 1)
        engine.takeTestCall(id)
        #expect(engine.testCall(id) == nil && scene.counters.testCalls == 1)
    }

    @Test func oneThatRingsIsCancelled() throws {
        let scene = self.scene()
        scene.bob.script.answer = .never
        let id = try self.place(scene)
        scene.world.run(until: scene.world.now + 2000)
        #expect(scene.world.core.engine.testCall(id)?.status == 0)
        scene.world.input { _ = $0.engine.endCall(id) }
        self.finish(scene)
        #expect(scene.bob.count("< CANCEL") == 1)
    }

    @Test func aRefusalIsKept() throws {
        let scene = self.scene()
        scene.bob.script.answer = .refuse(404, after: 100)
        let id = try self.place(scene)
        self.finish(scene)
        #expect(scene.world.core.engine.testCall(id)?.status == 404)
    }

    @Test func theyAreFew() throws {
        let scene = self.scene()
        let request = try self.request(scene)
        let engine = scene.world.core.engine
        for _ in 0..<TestCallRequest.atOnceMax { _ = try self.place(scene) }
        #expect(throws: TestCallRefusal.tooMany) { try engine.placeTestCall(request).get() }
        var other = request
        other.trunk = TrunkName("nowhere")
        #expect(throws: TestCallRefusal.noTrunk) { try engine.placeTestCall(other).get() }
        #expect(scene.counters.testCallsRefused == 2)
        for call in engine.listCalls() { scene.world.input { _ = $0.engine.endCall(call.id) } }
        self.finish(scene)
    }

    @Test func aNodeThatDrainsPlacesNone() throws {
        let scene = self.scene()
        scene.world.input { $0.engine.drainCalls() }
        let request = try self.request(scene)
        #expect(throws: TestCallRefusal.refused(status: 503)) {
            try scene.world.core.engine.placeTestCall(request).get()
        }
    }

    /// After a restart of the process nobody waits for it any more.
    @Test(arguments: [false, true])
    func aRestartEndsIt(isAnswered: Bool) throws {
        let scene = self.scene()
        if !isAnswered { scene.bob.script.answer = .never }
        _ = try self.place(scene)
        scene.world.run(until: scene.world.now + 2000)
        scene.world.restart()
        self.finish(scene)
        #expect(scene.bob.count(isAnswered ? "< BYE" : "< CANCEL") == 1)
        #expect(scene.world.core.engine.context.testCalls.isEmpty)
    }
}
