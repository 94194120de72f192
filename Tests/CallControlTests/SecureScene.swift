// SPDX-License-Identifier: Apache-2.0

import SDP
import SIPMessage
import Testing

@testable import CallControl
@testable import CallWorld

/// A call between trunks that protect their media, and what stands in it.
struct SecureScene {
    let world: World
    let alice: Phone
    let bob: Phone
    var a: PhoneCall? { self.alice.calls.values.first }
    var b: PhoneCall? { self.bob.calls.values.first }
    var media: MediaIntent? { self.world.media.values.first }
    var id: CallIdentifier { self.world.media.keys.first ?? CallIdentifier(1) }
    var engine: CallEngine<TestPorts> { self.world.core.engine }

    static let sdes = MediaSecurityPolicy(srtp: .required, keying: [.sdes])
    static let bypass = MediaSecurityPolicy(
        srtp: .required, keying: [.sdes], ice: .lite, earlyLatch: true)
    static let dtls = MediaSecurityPolicy(srtp: .required, keying: [.dtls])
    static let browser = MediaSecurityPolicy(srtp: .required, keying: [.dtls], ice: .lite)

    init(
        seed: UInt64 = 1, a: MediaSecurityPolicy = .plain, b: MediaSecurityPolicy = .plain
    ) {
        self.world = World(seed: seed)
        self.world.configure {
            $0.trunks[0].security = a
            $0.trunks[1].security = b
            $0.fingerprint = Fingerprint(hash: .sha256, digest: Array(repeating: 7, count: 32))
        }
        self.alice = self.world.phone("alice", side: .a)
        self.bob = self.world.phone("bob", side: .b)
        self.alice.script.hangUpAfter = 60_000
        self.alice.script.media = Self.media(a, name: "alice")
        self.bob.script.media = Self.media(b, name: "bobby")
    }

    /// Dials, and runs to where the call stands.
    func establish() {
        self.alice.dial()
        self.world.run(until: 2000)
    }

    func finish(_ end: CallEnd = .callerBye, sourceLocation: SourceLocation = #_sourceLocation) {
        self.world.run()
        #expect(self.world.records.map(\.end) == [end], sourceLocation: sourceLocation)
        self.world.expectClean(sourceLocation: sourceLocation)
    }

    /// Has the box take something in.
    func input(_ body: (CallEngine<TestPorts>) -> Void) {
        self.world.input { body($0.engine) }
    }

    /// What a telephone says that fits a policy.
    static func media(_ policy: MediaSecurityPolicy, name: String) -> PhoneMedia {
        var media = PhoneMedia()
        if policy.usesSDES { media.lines.append(self.crypto("K")) }
        if policy.usesDTLS {
            media.lines += [self.fingerprint("AB")]
        }
        if policy.ice == .lite { media.lines += self.ice(name) + ["a=rtcp-mux"] }
        if policy.srtp == .required {
            media.profile = policy.usesDTLS ? "UDP/TLS/RTP/SAVP" : "RTP/SAVP"
        }
        return media
    }

    /// A line whose key says which one it is.
    static func crypto(_ letter: Character) -> String {
        "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:"
            + String(repeating: letter, count: 40) + "|2^31"
    }

    static func fingerprint(_ pair: String, setup: String? = nil) -> String {
        let digits = Array(repeating: pair, count: 32).joined(separator: ":")
        return "a=fingerprint:sha-256 \(digits)"
            + (setup.map { "\r\na=setup:\($0)" } ?? "\r\na=setup:actpass")
    }

    static func ice(_ ufrag: String, password: Character = "p") -> [String] {
        ["a=ice-ufrag:\(ufrag)", "a=ice-pwd:" + String(repeating: password, count: 24)]
    }

    /// Keys that a handshake might give.
    static func keys(_ number: UInt8) throws -> HandshakeKeys {
        func master(_ byte: UInt8) -> (key: [UInt8], salt: [UInt8]) {
            (Array(repeating: byte, count: 16), Array(repeating: byte, count: 12))
        }
        return try #require(
            HandshakeKeys(profile: 7, receive: master(number), send: master(number &+ 100)))
    }
}

extension Phone {
    /// The last description that came, by its lines.
    var lastLines: [String] {
        let bodies = (self.requests + self.responses).filter { !$0.body.isEmpty }
        return bodies.last.map { Self.lines($0) } ?? []
    }

    static func lines(_ message: SIPMessage) -> [String] {
        String(decoding: message.body, as: UTF8.self).split(separator: "\r\n").map(String.init)
    }

    /// Those of the last INVITE, or of the last response with this status.
    func lines(of status: Int?, _ prefix: String) -> [String] {
        let message =
            status.map { status in self.responses.last { $0.status == status && !$0.body.isEmpty } }
            ?? self.requests.last { $0.method == .invite }
        return message.map(Self.lines)?.filter { $0.hasPrefix(prefix) } ?? []
    }
}
