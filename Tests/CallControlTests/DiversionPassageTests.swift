// SPDX-License-Identifier: Apache-2.0

import SIPMessage
import Testing

@testable import CallControl
@testable import CallWorld

@Suite struct DiversionPassageTests {
    private static let history = [
        "<sip:+12025550123@hub.example:5061;user=phone?Reason=SIP%3Bcause%3D302%3B"
            + "text%3D%22Moved%22>;index=1,<sip:+15551234@hub.example;user=phone>;index=1.1"
    ]
    private static let diversions = [
        "<sip:+1222@hub.example>;reason=no-answer;counter=1;privacy=full, "
            + "\"C\" <tel:+1111>;reason=user-busy;counter=2"
    ]

    private func call(
        _ style: DiversionPolicy.Style, history: [String] = [], diversions: [String] = [],
        trusted: Bool = true
    ) throws -> SIPMessage {
        let scene = PolicyScene { _, b in
            b.diversions.style = style
            b.identity.isTrusted = trusted
        }
        let invite = try scene.invite(
            history.map { (.historyInfo, $0) } + diversions.map { (.diversion, $0) })
        scene.finish()
        return invite
    }

    /// The service's own form, in which the entry that diverted names the reason itself.
    @Test func historyBecomesDiversion() throws {
        let invite = try self.call(.diversion, history: Self.history)
        #expect(
            invite.texts(.diversion) == [
                "<sip:+12025550123@192.0.2.2;user=phone>;reason=unconditional;counter=1;privacy=off"
            ])
        #expect(invite.texts(.historyInfo).isEmpty)
    }

    /// RFC 7544: the entry that came after names the cause.
    @Test func causesOfTargets() throws {
        let invite = try self.call(
            .diversion,
            history: [
                "<sip:+11@h.example>;index=1",
                "<sip:unknown@unknown.invalid;cause=404>;index=1.1;mp=1",
                "\"B\" <sip:+12@h.example;cause=486?Privacy=history>;index=1.1.1;mp=1.1",
                "<sip:+12@other.example>;index=1.1.1.1;rc=1.1.1",
                "<sip:+15551234@h.example;cause=408>;index=1.1.1.1.1;mp=1.1.1.1",
            ])
        #expect(
            invite.texts(.diversion) == [
                "<sip:+12@192.0.2.2>;reason=no-answer;counter=2;privacy=off",
                "<sip:+11@192.0.2.2>;reason=unknown;counter=1;privacy=off",
            ])
    }

    @Test func diversionBecomesHistory() throws {
        let invite = try self.call(.historyInfo, diversions: Self.diversions)
        #expect(
            invite.texts(.historyInfo) == [
                "<sip:unknown@unknown.invalid>;index=1",
                "\"C\" <tel:+1111;cause=404>;index=1.1;mp=1",
                "<sip:+1222@192.0.2.2;cause=486?Privacy=history>;index=1.1.1;mp=1.1",
                "<sip:+15551234@192.0.2.2;cause=408>;index=1.1.1.1;mp=1.1.1",
            ])
        #expect(invite.texts(.diversion).isEmpty)
    }

    /// There and back again nothing is lost that both can say.
    @Test(arguments: Diversion.Reason.allCases)
    func thereAndBack(reason: Diversion.Reason) {
        let uri = { (number: Int) in Array("sip:+1\(number)@x.example".utf8) }
        let original = [
            Diversion(uri: uri(3), reason: reason, count: 1, isPrivate: true),
            Diversion(uri: uri(2), reason: .noAnswer, count: 3),
            Diversion(uri: uri(1), reason: .unconditional),
        ]
        let history = Diversions.history(from: original, target: uri(9), limit: 20)
        let back = Diversions.diversions(from: history)
        #expect(back.map(\.count) == [1, 3, 1] && back.map(\.isPrivate) == [true, false, false])
        #expect(Diversions.cause(back[0].reason) == Diversions.cause(reason))
        #expect(history.map { $0.index.count } == Array(1...history.count))
        #expect(history.count == 6)
    }

    @Test func styles() throws {
        let both = try self.call(.both, history: Self.history)
        #expect(both.texts(.diversion).count == 1 && both.texts(.historyInfo).count == 2)
        let none = try self.call(.drop, history: Self.history, diversions: Self.diversions)
        #expect(none.texts(.diversion).isEmpty && none.texts(.historyInfo).isEmpty)
        let asIs = try self.call(.asIs, diversions: Self.diversions)
        #expect(
            asIs.texts(.diversion) == [
                "<sip:+1222@192.0.2.2>;reason=no-answer;counter=1;privacy=full",
                "\"C\" <tel:+1111>;reason=user-busy;counter=2",
            ])
        #expect(asIs.texts(.historyInfo).isEmpty)
        let same = try self.call(.asIs, history: Self.history)
        #expect(
            same.texts(.historyInfo)[0]
                == "<sip:+12025550123@192.0.2.2;user=phone?Reason=SIP%3Bcause%3D302%3B"
                + "text%3D%22Moved%22>;index=1")
    }

    @Test func privateDivertersStayPrivate() throws {
        let invite = try self.call(.asIs, diversions: Self.diversions, trusted: false)
        #expect(
            invite.texts(.diversion)[0].hasPrefix("<sip:anonymous@anonymous.invalid>;reason=no"))
        #expect(invite.texts(.diversion)[1].hasPrefix("\"C\" <tel:+1111>"))
    }

    /// The number called sent the call elsewhere once already: that happens. Twice is a loop.
    @Test(arguments: [(1, 0), (2, 1)])
    func loops(visits: Int, refused: UInt64) throws {
        let scene = PolicyScene()
        scene.alice.script.extraHeaders = (0..<visits).map { _ in
            (.diversion, "<sip:+15551234@x.example>;reason=unconditional")
        }
        scene.alice.dial()
        scene.world.run()
        #expect(scene.counters.diversionLoops == refused)
        #expect(scene.alice.count("< 482 INVITE") == Int(refused))
        scene.world.expectClean()
    }

    @Test func entriesAreLimited() throws {
        for (count, refused) in [(20, UInt64(0)), (21, 1)] {
            let scene = PolicyScene()
            scene.alice.script.extraHeaders = (0..<count).map {
                (.historyInfo, "<sip:+1\($0)@x.example>;index=1.\($0)")
            }
            scene.alice.dial()
            scene.world.run()
            #expect(scene.counters.diversionLoops == refused)
            scene.world.expectClean()
        }
        // A counter cannot make more of them than fit.
        let bomb = Array(repeating: Diversion(uri: [0x78], reason: .unknown, count: 99), count: 20)
        #expect(Diversions.history(from: bomb, target: [0x79], limit: 20).count <= 20)
        #expect(Diversions.history(from: bomb, target: [0x79], limit: 100).count <= 32)
    }

    @Test func causesInTheRecord() throws {
        let scene = PolicyScene()
        scene.bob.script.answer = .refuse(486, after: 100)
        scene.alice.dial()
        scene.world.run()
        #expect(scene.world.records.map(\.cause) == [17])
        let answered = PolicyScene()
        _ = try answered.invite()
        answered.finish()
        #expect(answered.world.records.map(\.cause) == [16])
    }
}
