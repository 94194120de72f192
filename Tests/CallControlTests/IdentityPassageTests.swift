// SPDX-License-Identifier: Apache-2.0

import SIPMessage
import Testing

@testable import CallControl
@testable import CallWorld

/// Who is calling, as the other side is told.
@Suite struct IdentityPassageTests {
    private static let asserted = "\"Jo Roe\" <sip:+12025550123@203.0.113.140:5061;user=phone>"
    private static let remote =
        "\"RP\" <sip:+1777@198.51.100.1>;party=calling;privacy=full;screen=yes"

    @Test func assertedIdentityPassesAtOurHost() throws {
        let scene = PolicyScene()
        let invite = try scene.invite([
            (.pAssertedIdentity, Self.asserted), (.pAssertedIdentity, "<tel:+12025550123>"),
        ])
        #expect(
            invite.texts(.pAssertedIdentity) == [
                "\"Jo Roe\" <sip:+12025550123@192.0.2.2;user=phone>", "<tel:+12025550123>",
            ])
        scene.finish()
    }

    @Test(arguments: [
        ([IdentityPolicy.Source.asserted, .preferred, .remoteParty, .from], "+12025550123"),
        ([.preferred, .asserted], "+1666"), ([.remoteParty], "+1777"), ([.from], "+19990000"),
    ])
    func precedence(sources: [IdentityPolicy.Source], number: String) throws {
        let scene = PolicyScene { a, _ in a.identity.sources = sources }
        let invite = try scene.invite([
            (.pAssertedIdentity, Self.asserted), (.pAssertedIdentity, "<tel:+1888>"),
            (.pPreferredIdentity, "<sip:+1666@x.example>"),
            (HeaderName("Remote-Party-ID"), Self.remote),
        ])
        let values = invite.texts(.pAssertedIdentity)
        #expect(values.count == 1 && values[0].contains("<sip:\(number)@192.0.2.2"))
        #expect(invite.texts(.privacy) == (sources == [.remoteParty] ? ["id"] : []))
        #expect(invite.first(.pPreferredIdentity) == nil)
        #expect(invite.first(HeaderName("Remote-Party-ID")) == nil)
        scene.finish()
    }

    @Test func whatWasNotScreenedIsNotAsserted() throws {
        let scene = PolicyScene { a, _ in a.identity.sources = [.remoteParty, .preferred] }
        let invite = try scene.invite([
            (HeaderName("Remote-Party-ID"), "<sip:+1@x>;party=calling;screen=no"),
            (HeaderName("Remote-Party-ID"), "<sip:+2@x>;party=called;screen=yes"),
        ])
        #expect(invite.texts(.pAssertedIdentity).isEmpty)
        scene.finish()
    }

    @Test func assertionsOfStrangersEnd() throws {
        let scene = PolicyScene { a, _ in a.identity.isTrusted = false }
        let invite = try scene.invite([(.pAssertedIdentity, Self.asserted)])
        #expect(invite.texts(.pAssertedIdentity).isEmpty)
        scene.finish()
    }

    /// RFC 3325 section 7: not towards those outside of the trust domain.
    @Test(arguments: ["id", "user", "header;id;critical", "none", ""])
    func privacy(value: String) throws {
        let scene = PolicyScene { _, b in b.identity.isTrusted = false }
        var headers = [
            (HeaderName.pAssertedIdentity, Self.asserted), (.subject, "secret"),
            (.identity, "sig;info=<https://x/>;alg=ES256"),
        ]
        if !value.isEmpty { headers.append((.privacy, value)) }
        let invite = try scene.invite(headers)
        let isHidden = value.contains("id") || value == "user"
        #expect(invite.texts(.pAssertedIdentity).isEmpty == isHidden)
        #expect(invite.texts(.subject).isEmpty == isHidden)
        #expect(invite.texts(.identity).isEmpty == isHidden)
        let from = try #require(invite.texts(.from).first)
        #expect(from.hasPrefix("\"Anonymous\" <sip:anonymous@anonymous.invalid>;tag=") == isHidden)
        #expect(invite.texts(.privacy) == (value.isEmpty ? [] : [value]))
        #expect(scene.counters.signaturesDropped == (isHidden ? 1 : 0))
        scene.finish()
    }

    @Test func trustedTrunksLearnWhoCalls() throws {
        let scene = PolicyScene()
        scene.alice.script.from = "\"Anonymous\" <sip:anonymous@anonymous.invalid>"
        let invite = try scene.invite([(.pAssertedIdentity, Self.asserted), (.privacy, "id")])
        #expect(invite.texts(.pAssertedIdentity).count == 1 && invite.texts(.privacy) == ["id"])
        #expect(invite.texts(.from)[0].contains("<sip:anonymous@anonymous.invalid>"))
        scene.finish()
    }

    /// Several signatures, one of 5 KB, and their Date go over octet for octet.
    @Test func signaturesPass() throws {
        let scene = PolicyScene()
        let long = String(repeating: "eyJhbGciOiJFUzI1NiIsInR5cCI6InBhc3Nwb3J0In0", count: 120)
        let values = [
            "\(long);info=<https://cert.example/a.cer>;alg=ES256;ppt=shaken",
            "short..sig;info=<https://cert.example/b.cer>;ppt=\"div\", two;info=<x>",
        ]
        let date = "Sun, 29 Nov 2026 10:00:00 GMT"
        let invite = try scene.invite([
            (.identity, values[0]), (.date, date), (.identity, values[1]),
        ])
        #expect(long.utf8.count > 4096 && invite.texts(.identity) == values)
        #expect(invite.texts(.date) == [date])
        scene.finish()
    }

    @Test func signaturesAreDroppedByPolicy() throws {
        let scene = PolicyScene { _, b in b.identity.signatures = .drop }
        let invite = try scene.invite([(.identity, "s;info=<x>"), (.date, "x")])
        #expect(invite.texts(.identity).isEmpty && invite.texts(.date).isEmpty)
        #expect(scene.counters.signaturesDropped == 0)
        scene.finish()
    }

    /// A number that is signed is never rewritten without a word about it.
    @Test func signedNumbers() throws {
        func national(_ b: inout Interworking) {
            b.numbers.style = .national
            b.numbers.countryCode = Array("1".utf8)
        }
        let signature = [(HeaderName.identity, "s;info=<x>;alg=ES256")]
        let kept = PolicyScene { _, b in national(&b) }
        let invite = try kept.invite(signature)
        #expect(invite.texts(.from)[0].contains("<sip:+19990000@"))
        #expect(invite.target.hasPrefix("sip:+15551234@"))
        #expect(!invite.texts(.identity).isEmpty && kept.counters.signedNumbersKept == 1)
        kept.finish()
        let dropped = PolicyScene { _, b in
            national(&b)
            b.identity.signedNumbers = .dropIdentity
        }
        let other = try dropped.invite(signature)
        #expect(other.texts(.from)[0].contains("<sip:9990000@"))
        #expect(other.target.hasPrefix("sip:5551234@"))
        #expect(other.texts(.identity).isEmpty && dropped.counters.signaturesDropped == 1)
        dropped.finish()
        // Without its plus the number is the one that was signed.
        let plain = PolicyScene { _, b in b.numbers.style = .plain }
        let third = try plain.invite(signature)
        #expect(third.texts(.from)[0].contains("<sip:19990000@"))
        #expect(!third.texts(.identity).isEmpty && plain.counters.signedNumbersKept == 0)
        plain.finish()
    }
}
