// SPDX-License-Identifier: Apache-2.0

import SDP
import Testing

/// Keys as parties write them, by suite; another letter is another key.
func cryptoLine(_ tag: Int, _ suite: SRTPSuite, _ letter: Character = "B") -> String {
    let bytes = suite.keyBytes + suite.saltBytes
    let text = String(repeating: letter, count: bytes * 4 / 3 + (bytes % 3 == 0 ? 0 : 1))
    // A last character without the bits that stand for no byte.
    let body = bytes % 3 == 0 ? text : text.dropLast() + "A"
    let padding = String(repeating: "=", count: (4 - body.count % 4) % 4)
    return "a=crypto:\(tag) \(suite.name) inline:\(body)\(padding)"
}

/// A certificate of a party.
func fingerprintLine(_ pair: String = "AB") -> String {
    "a=fingerprint:sha-256 " + Array(repeating: pair, count: 32).joined(separator: ":")
}

/// Credentials and a candidate of a party.
func iceLines(_ name: String, port: Int = 4000) -> [String] {
    [
        "a=ice-ufrag:\(name)", "a=ice-pwd:\(name)PasswordOfEnoughBytes",
        "a=candidate:1 1 UDP 2130706431 192.0.2.1 \(port) typ host",
    ]
}

func secureSession(_ lines: [String], version: Int = 1) throws -> SessionDescription {
    let head = ["v=0", "o=- 7 \(version) IN IP4 192.0.2.1", "s=-", "c=IN IP4 192.0.2.1", "t=0 0"]
    let text = (head + lines).reduce("") { $0 + $1 + "\r\n" }
    return try SessionDescription.parse(Array(text.utf8))
}

extension SessionDescription {
    /// The lines that begin so.
    func lines(_ prefix: String) -> [String] { self.lines.filter { $0.hasPrefix(prefix) } }

    /// The keys that can be read in the first section.
    var cryptos: [CryptoAttribute] {
        self.media[0].attributes.compactMap { attribute in
            guard attribute.name == "crypto", let value = attribute.value else { return nil }
            return try? CryptoAttribute(value)
        }
    }
}

/// A leg under a policy, with secrets.
func secureLeg(_ policy: MediaSecurityPolicy, seed: UInt64 = 9) throws -> OfferAnswerLeg {
    OfferAnswerLeg(sessionID: seed, policy: policy, secrets: try secrets(policy, seed))
}

/// What the other party of a call wants, where a test is about one leg only.
let otherParty = AudioStream(formats: [
    RTPFormat(payloadType: 0, name: "PCMU", clockRate: 8000),
    RTPFormat(payloadType: 8, name: "PCMA", clockRate: 8000),
])

/// Policies of the tests.
let required = MediaSecurityPolicy(srtp: .required)
let preferred = MediaSecurityPolicy(srtp: .preferred)
let lite = MediaSecurityPolicy(srtp: .required, ice: .lite, earlyLatch: true)
