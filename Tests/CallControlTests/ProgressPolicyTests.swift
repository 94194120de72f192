// SPDX-License-Identifier: Apache-2.0

import NetworkAddress
import SDP
import SIPMessage
import Testing

@testable import CallControl
@testable import CallWorld

/// What callers get before the answer.
@Suite struct ProgressPolicyTests {
    private typealias Row = (status: Int, brings: Bool, known: Bool, gets: Int?, describes: Bool)

    private func check(_ policy: ProgressPolicy, _ rows: [Row]) {
        for row in rows {
            let decision = policy.decide(
                row.status, brings: row.brings, known: row.known, supports199: true)
            #expect(decision?.status == row.gets, "\(row)")
            if row.gets != nil { #expect(decision?.describes == row.describes, "\(row)") }
        }
    }

    @Test func tables() {
        var policy = ProgressPolicy()
        self.check(
            policy,
            [
                (180, false, false, 180, false), (180, true, true, 180, true),
                (183, true, true, 183, true), (183, false, false, 183, false),
                (181, false, false, 181, false), (199, false, true, nil, false),
            ])
        policy.ringing = .strict
        self.check(
            policy,
            [
                (180, false, false, 180, false), (180, true, true, 183, true),
                (180, false, true, 180, false), (183, false, false, 180, false),
                (183, true, true, 183, true), (183, false, true, 183, true),
            ])
        policy.ringing = .asIs
        policy.earlyMedia = .suppress
        self.check(
            policy, [(183, true, true, 183, false), (180, true, true, 180, false)])
        policy.earlyMedia = .convert
        self.check(
            policy,
            [
                (183, true, true, 180, false), (183, false, false, 183, false),
                (180, true, true, 180, false),
            ])
        policy.information = .ring
        self.check(policy, [(181, false, false, 180, false), (182, false, false, 180, false)])
        policy.information = .drop
        policy.passesTermination = true
        self.check(policy, [(181, false, false, nil, false), (199, false, true, 199, false)])
        policy.dialogs = .one
        self.check(policy, [(199, false, true, nil, false)])
        #expect(
            ProgressPolicy().decide(199, brings: false, known: false, supports199: false) == nil)
    }

    private static func progress(
        _ after: UInt64, _ status: Int, _ description: Bool = false, _ branch: String = ""
    ) -> PhoneScript.Progress {
        PhoneScript.Progress(
            after: after, status: status, description: description, branch: branch)
    }

    private func scene(
        _ progress: [PhoneScript.Progress],
        _ change: @escaping (inout Interworking, inout Interworking) -> Void
    ) -> PolicyScene {
        let scene = PolicyScene(change)
        scene.bob.script.progress = progress
        scene.bob.script.answer = .accept(after: 500)
        return scene
    }

    private func early(_ scene: PolicyScene) -> [(status: Int, hasBody: Bool)] {
        scene.alice.responses.compactMap { response in
            response.status.map { ($0, !response.body.isEmpty) }
        }.filter { (101...199).contains($0.status) }
    }

    @Test func strictRinging() throws {
        let progress = [Self.progress(20, 183), Self.progress(50, 180, true)]
        let scene = self.scene(progress) { a, _ in a.progress.ringing = .strict }
        _ = try scene.invite()
        let early = self.early(scene)
        #expect(early.map(\.status) == [180, 183] && early.map(\.hasBody) == [false, true])
        scene.finish()
    }

    /// Nothing is heard before the answer, which brings the description.
    @Test(arguments: [(ProgressPolicy.EarlyMedia.suppress, 183), (.convert, 180)])
    func noEarlyMedia(policy: ProgressPolicy.EarlyMedia, status: Int) throws {
        let scene = self.scene([Self.progress(20, 183, true)]) { a, _ in
            a.progress.earlyMedia = policy
        }
        scene.bob.script.answersWithoutDescription = true
        scene.alice.dial()
        scene.world.run(until: 300)
        #expect(self.early(scene).map(\.status) == [status])
        #expect(self.early(scene).map(\.hasBody) == [false])
        #expect(scene.world.media.values.allSatisfy { !$0.a.send && !$0.b.receive })
        scene.world.run(until: 2000)
        #expect(scene.world.media.values.allSatisfy { $0.a.send && $0.b.receive })
        scene.finish()
    }

    /// One To tag for all branches; each description a version of the one before; the last answer
    /// counts, with the codec of the branch that won.
    @Test func oneEarlyDialog() throws {
        let scene = self.scene([
            Self.progress(20, 183, true, "x"), Self.progress(60, 183, true, "y"),
        ]) { a, _ in a.progress.dialogs = .one }
        func body(_ format: Int, _ port: Int) -> [UInt8] {
            Array(
                ("v=0\r\no=bob 1 1 IN IP4 203.0.113.1\r\ns=-\r\nc=IN IP4 203.0.113.1\r\nt=0 0\r\n"
                    + "m=audio \(port) RTP/AVP \(format)\r\na=sendrecv\r\n").utf8)
        }
        scene.bob.script.media.bodies = ["x": body(0, 41_000), "y": body(8, 42_000)]
        scene.bob.script.answerBranch = "x"
        scene.alice.dial()
        scene.world.run(until: 2000)
        let responses = scene.alice.responses.filter { ($0.status ?? 0) > 100 }
        let tags = try Set(responses.map { try Array($0.to().tag ?? []) })
        #expect(responses.compactMap(\.status) == [183, 183, 200] && tags.count == 1)
        let versions = responses.map { response in
            response.bodyText.split(separator: "\r\n").first { $0.hasPrefix("o=") }?
                .split(separator: " ")[2]
        }
        #expect(versions == ["1", "2", "3"])
        let formats = responses.map { $0.bodyText.contains("RTP/AVP 0\r\n") }
        #expect(formats == [true, false, true])
        let media = try #require(scene.world.media.values.first)
        #expect(media.b.remote?.port == 41_000 && media.b.payloadTypes.map(\.ingress) == [0])
        #expect(media.a.payloadTypes.map(\.ingress) == [0])
        scene.finish()
    }

    /// Media before the answer flows the way that the network allows.
    @Test(arguments: [
        ("sendonly", true, false), ("inactive", false, false), ("sendrecv", true, true),
    ])
    func gate(value: String, toCaller: Bool, toCallee: Bool) throws {
        let scene = self.scene([Self.progress(20, 183, true)]) { _, b in
            b.progress.gatesMedia = true
        }
        scene.bob.script.responseHeaders = [(.pEarlyMedia, value)]
        scene.alice.dial()
        scene.world.run(until: 300)
        let early = try #require(scene.world.media.values.first)
        #expect(early.a.send == toCaller && early.b.receive == toCaller)
        #expect(early.b.send == toCallee && early.a.receive == toCallee)
        scene.world.run(until: 2000)
        let media = try #require(scene.world.media.values.first)
        #expect(media.a.send && media.b.send && media.a.receive && media.b.receive)
        scene.finish()
    }

    @Test func forwardingIsRinging() throws {
        let progress = [Self.progress(20, 181), Self.progress(50, 182)]
        let scene = self.scene(progress) { a, _ in a.progress.information = .ring }
        _ = try scene.invite()
        #expect(self.early(scene).map(\.status) == [180, 180])
        scene.finish()
    }
}
