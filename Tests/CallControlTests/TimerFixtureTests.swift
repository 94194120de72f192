// SPDX-License-Identifier: Apache-2.0

import Foundation
import SIPMessage
import Testing

@testable import CallControl
@testable import CallWorld

/// What services say of session timers and of PRACK, from messages that others provide: read in
/// place, left out with a note where they are absent.
@Suite struct TimerFixtureTests {
    /// TRUNKLINE_TESTDATA, or `shared/testdata` beside the package.
    private static var root: String {
        if let path = ProcessInfo.processInfo.environment["TRUNKLINE_TESTDATA"] { return path }
        var package = URL(fileURLWithPath: #filePath)
        for _ in 0..<4 { package.deleteLastPathComponent() }
        return package.appendingPathComponent("shared/testdata").path
    }

    private func message(_ name: String) throws -> SIPMessage? {
        guard let data = FileManager.default.contents(atPath: "\(Self.root)/teams/\(name).sip")
        else {
            print("left out: \(name) (no test data)")
            return nil
        }
        return try SIPMessage.parse(Array(data), framing: .datagram)
    }

    private static let accept = SessionTimerPolicy(mode: .accept)

    /// Zoom asks for 1800 and leaves open who refreshes: it does.
    @Test func zoomCalls() throws {
        guard let invite = try self.message("60-zoom-invite-to-sbc") else { return }
        let answer = SessionTimerNegotiation.answer(invite, Self.accept)
        #expect(answer == .agreed(SessionExpires(seconds: 1800, refresher: .uac), isRequired: true))
        var peer = PeerCapabilities()
        peer.learn(from: invite)
        #expect(peer.takesUpdate && peer.takesOptions && !peer.takesReliable)
    }

    /// Microsoft calls: it refreshes, gets no UPDATE, and no 18x reliably.
    @Test func teamsCalls() throws {
        guard let invite = try self.message("12-invite-out-nonbypass") else { return }
        var peer = PeerCapabilities()
        peer.learn(from: invite)
        #expect(peer.contains(.timer) && !peer.takesUpdate && !peer.takesReliable)
        #expect(peer.takesOptions)
        guard case .agreed(let expires, isRequired: true) = SessionTimerNegotiation.answer(
            invite, Self.accept)
        else {
            Issue.record("no timer agreed")
            return
        }
        #expect(try expires.seconds <= #require(invite.sessionExpires()?.seconds))
        #expect(expires.refresher == .uac)
    }

    /// Microsoft answers refresher=uac: we refresh, by re-INVITE.
    @Test func teamsAnswers() throws {
        guard let answer = try self.message("10-200-forkB") else { return }
        let outcome = try #require(
            SessionTimerNegotiation.outcome(answer, asked: 1800, Self.accept))
        #expect(outcome.seconds == 1800 && outcome.isOurs)
        var peer = PeerCapabilities()
        peer.learn(from: answer)
        #expect(!peer.takesUpdate)
    }
}
