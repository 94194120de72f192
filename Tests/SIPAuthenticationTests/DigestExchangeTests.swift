// SPDX-License-Identifier: Apache-2.0

import SIPMessage
import Testing

@testable import SIPAuthentication

private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

private let invite = DigestRequest(method: bytes("INVITE"), uri: bytes("sip:a@b.example"))
private let alice = DigestCredentials(username: bytes("alice"), password: bytes("se:cret"))
private let realm = bytes("edge")

/// A 401 or 407 with these challenges.
private func challenge(
    _ values: [[UInt8]], status: Int = 401, name: HeaderName = .wwwAuthenticate
) throws -> SIPMessage {
    var builder = SIPMessageBuilder(status: status, reason: "Unauthorized")
    for value in values { builder.add(name, value) }
    return try SIPMessage.parse(builder.finish(), framing: .stream)
}

private func judge(
    _ server: inout DigestServer, _ value: [UInt8], nowMs: UInt64 = 1_000,
    _ request: DigestRequest = invite, password: String = "se:cret"
) -> DigestVerdict {
    server.judge(value[...], of: request, realm: realm, nowMs: nowMs) {
        $0 == bytes("alice") ? bytes(password) : nil
    }
}

@Suite struct DigestExchangeTests {
    private var server = DigestServer(key: Array(repeating: 7, count: 32))

    /// Both ends of this module, by each algorithm.
    @Test(arguments: DigestAlgorithm.Hash.allCases, [false, true])
    mutating func asksAndAccepts(_ hash: DigestAlgorithm.Hash, _ isSession: Bool) throws {
        var offered = self.server.challenges(
            realm: realm, isStale: false, nowMs: 1_000, algorithms: [hash])
        offered[0].algorithm.isSession = isSession
        var client = DigestClient()
        let answers = client.answer(
            try challenge(offered.map(\.bytes)), to: invite, alice, answered: [],
            clientNonce: bytes("0a1b"))
        #expect(answers.map(\.name) == [.authorization])
        let value = try #require(answers.first?.value)
        #expect(judge(&self.server, value) == .accepted(user: bytes("alice")))
        #expect(judge(&self.server, value) == .stale)
        #expect(self.server.replays == 1)
        #expect(judge(&self.server, value, password: "other") == .wrong)
        let bye = DigestRequest(method: bytes("BYE"), uri: invite.uri)
        #expect(judge(&self.server, value, bye) == .wrong)
    }

    @Test mutating func strongestFirst() throws {
        let offered = self.server.challenges(realm: realm, isStale: false, nowMs: 0)
        #expect(offered.map(\.algorithm.hash) == [.sha512_256, .sha256, .md5])
        let reversed = try challenge(offered.reversed().map(\.bytes))
        #expect(
            DigestClient.strongest(reversed.lines(.wwwAuthenticate)).map(\.algorithm.hash)
                == [.sha512_256])
        // What is not known is passed over.
        let odd = try challenge([
            bytes("Digest realm=\"edge\", nonce=\"1\", algorithm=SHA-3, qop=\"auth\""),
            bytes("Basic realm=\"edge\""),
            bytes("Digest realm=\"edge\", nonce=\"2\", algorithm=MD5, qop=\"auth-conf\""),
            bytes("Digest realm=\"edge\", nonce=\"3\", qop=\"auth-int,auth\", userhash=true"),
        ])
        let best = DigestClient.strongest(odd.lines(.wwwAuthenticate))
        #expect(best.map(\.nonce) == [bytes("3")])
        #expect(best[0].hashesUser && best[0].offersAuth && best[0].offersAuthInt)
    }

    @Test func oncePerNonceUnlessStale() throws {
        var client = DigestClient()
        func ask(_ nonce: String, stale: Bool = false) throws -> SIPMessage {
            var one = DigestChallenge(
                realm: realm, nonce: bytes(nonce), algorithm: DigestAlgorithm(.sha256))
            one.isStale = stale
            return try challenge(
                [one.bytes], status: 407, name: .proxyAuthenticate)
        }
        let first = client.answer(
            try ask("1"), to: invite, alice, answered: [], clientNonce: bytes("c"))
        #expect(first.map(\.name) == [.proxyAuthorization])
        let answered: Set = [bytes("1")]
        for message in [try ask("1"), try ask("1", stale: true), try ask("2")] {
            #expect(
                client.answer(
                    message, to: invite, alice, answered: answered, clientNonce: bytes("c")
                ).isEmpty)
        }
        let again = client.answer(
            try ask("2", stale: true), to: invite, alice, answered: answered,
            clientNonce: bytes("c"))
        #expect(again.map(\.nonce) == [bytes("2")])
    }

    @Test func countsTheUsesOfANonce() throws {
        var client = DigestClient()
        let message = try challenge([bytes("Digest realm=\"r\", nonce=\"n\", qop=\"auth\"")])
        func count() throws -> UInt32? {
            let answers = client.answer(
                message, to: invite, alice, answered: [], clientNonce: bytes("c"))
            return try DigestAuthorization(#require(answers.first).value[...])?.count
        }
        #expect(try count() == 1)
        #expect(try count() == 2)
        for number in 0..<DigestClient.nonceLimit {
            let other = try challenge([
                bytes("Digest realm=\"r\", nonce=\"n\(number)\", qop=\"auth\"")
            ])
            _ = client.answer(other, to: invite, alice, answered: [], clientNonce: bytes("c"))
        }
        #expect(try count() == 1)
        #expect(DigestClient.eightDigits(0xab_cdef) == bytes("00abcdef"))
    }

    @Test func realmOfTheCredentials() throws {
        var mine = alice
        mine.realm = bytes("r2")
        let message = try challenge([
            bytes("Digest realm=\"r1\", nonce=\"1\""), bytes("Digest realm=\"r2\", nonce=\"2\""),
        ])
        var client = DigestClient()
        let answers = client.answer(
            message, to: invite, mine, answered: [], clientNonce: bytes("c"))
        #expect(answers.map(\.nonce) == [bytes("2")])
        let value = try #require(answers.first?.value)
        // RFC 2069: without qop neither count nor client nonce.
        let read = try #require(DigestAuthorization(value[...]))
        #expect(read.count == nil && read.isRight(alice.password, invite))
        #expect(!"\(alice)".contains("cret") && !String(reflecting: alice).contains("cret"))
    }

    @Test mutating func noncesExpireAndAreOurs() throws {
        let nonce = self.server.challenges(realm: realm, isStale: false, nowMs: 1_000)[0].nonce
        func answer(_ nonce: [UInt8], _ count: UInt32 = 1) -> [UInt8] {
            DigestClient.value(
                DigestChallenge(realm: realm, nonce: nonce, algorithm: DigestAlgorithm(.sha256)),
                invite, alice, count, bytes("c"))
        }
        #expect(judge(&self.server, answer(nonce), nowMs: 301_001) == .stale)
        #expect(judge(&self.server, answer(nonce), nowMs: 999) == .stale)
        var other = DigestServer(key: Array(repeating: 8, count: 32))
        #expect(judge(&other, answer(nonce)) == .missing)
        var changed = nonce
        changed[15] ^= 1
        #expect(judge(&self.server, answer(changed)) == .missing)
        #expect(judge(&self.server, bytes("Digest x")) == .missing)
        #expect(judge(&self.server, bytes("Basic abc=def")) == .missing)
        // Counts may come out of order, each once.
        for count: UInt32 in [5, 3, 100, 99] {
            #expect(
                judge(&self.server, answer(nonce, count)) == .accepted(user: bytes("alice")))
        }
        for count: UInt32 in [5, 99, 100, 0, 36] {
            #expect(judge(&self.server, answer(nonce, count)) == .stale)
        }
    }

    @Test func usedNoncesAreBounded() {
        var limits = DigestServer.Limits()
        limits.nonces = 4
        var server = DigestServer(key: Array(repeating: 1, count: 16), limits: limits)
        var answers: [[UInt8]] = []
        for _ in 0..<20 {
            let one = server.challenges(realm: realm, isStale: false, nowMs: 0)[0]
            answers.append(DigestClient.value(one, invite, alice, 1, bytes("c")))
        }
        for answer in answers {
            #expect(judge(&server, answer) == .accepted(user: bytes("alice")))
        }
        // Those that were forgotten are not taken a second time.
        for answer in answers { #expect(judge(&server, answer) == .stale) }
    }

    @Test func malformedCredentials() {
        for text in [
            "Digest username=\"a\", realm=\"r\", nonce=\"n\", uri=\"u\"",
            "Digest username=\"a\", realm=\"r\", nonce=\"n\", uri=\"u\", response=\"x\", qop=auth",
            "Digest username=\"a\", realm=\"r\", nonce=\"n\", uri=\"u\", response=\"x\", qop=auth, "
                + "nc=0000000g, cnonce=\"c\"",
            "Digest username=\"a\", realm=\"r\", nonce=\"n\", uri=\"u\", response=\"x\", "
                + "algorithm=MD5-sess",
            "Digest username=\"a\", realm=\"r\", nonce=\"n\", uri=\"u\", response=\"x\", "
                + "algorithm=FOO",
        ] {
            #expect(DigestAuthorization(bytes(text)[...]) == nil, "\(text)")
        }
        #expect(DigestChallenge(bytes("Digest realm=\"a\"")[...]) == nil)
        #expect(
            DigestChallenge(bytes("Digest realm=\"a\", nonce=\"b\", algorithm=MD5-sess")[...])
                == nil)
    }
}
