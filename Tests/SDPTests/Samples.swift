// SPDX-License-Identifier: Apache-2.0

import Glibc
import NetworkAddress
import SDP
import Testing
import TestSupport

/// A description from lines; v=, o=, s= and t= are put in front.
func session(
    _ lines: String..., version: Int = 1, address: String = "192.0.2.1"
) throws -> SessionDescription {
    let family = address.utf8.contains(UInt8(ascii: ":")) ? "IP6" : "IP4"
    let head = [
        "v=0", "o=- 7 \(version) IN \(family) \(address)", "s=-", "c=IN \(family) \(address)",
        "t=0 0",
    ]
    let text = (head + lines).reduce("") { $0 + $1 + "\r\n" }
    return try SessionDescription.parse(Array(text.utf8))
}

extension SessionDescription {
    /// The lines as text.
    var lines: [String] {
        self.serialise().split(separator: UInt8(ascii: "\n")).map {
            String(decoding: $0.dropLast(), as: UTF8.self)
        }
    }

    /// The lines from the first m= on.
    var mediaLines: [String] { Array(self.lines.drop { !$0.hasPrefix("m=") }) }
}

/// Media addresses of ours, one for each leg.
let ourA = SocketAddress(address: IPAddress(ipv4: 0xc633_6401), port: 20000)  // 198.51.100.1
let ourB = SocketAddress(address: IPAddress(ipv4: 0xcb00_7101), port: 30000)  // 203.0.113.1

/// Two legs and the ways through them.
struct Call {
    var a: OfferAnswerLeg
    var b: OfferAnswerLeg

    init(codecsA: CodecFilter = .all, codecsB: CodecFilter = .all, mux: Bool = false) {
        self.a = OfferAnswerLeg(sessionID: 100, codecs: codecsA)
        self.b = OfferAnswerLeg(
            sessionID: 200, codecs: codecsB,
            policy: MediaSecurityPolicy(rtcpMux: mux ? .offer : .accept))
    }

    /// Legs with secrets.
    init(a: MediaSecurityPolicy, b: MediaSecurityPolicy = .plain) throws {
        self.a = OfferAnswerLeg(sessionID: 100, policy: a, secrets: try secrets(a, 1))
        self.b = OfferAnswerLeg(sessionID: 200, policy: b, secrets: try secrets(b, 2))
    }

    /// A offers: what B gets.
    mutating func offerFromA(_ sdp: SessionDescription) throws -> SessionDescription {
        let offer = try self.a.receiveOffer(sdp)
        return try self.b.makeOffer(from: offer.stream, local: ourB)
    }

    /// B answers: what A gets.
    mutating func answerFromB(_ sdp: SessionDescription) throws -> SessionDescription {
        let answer = try self.b.receiveAnswer(sdp)
        return try self.a.makeAnswer(from: answer, local: ourA)
    }

    /// B offers: what A gets.
    mutating func offerFromB(_ sdp: SessionDescription) throws -> SessionDescription {
        let offer = try self.b.receiveOffer(sdp)
        return try self.a.makeOffer(from: offer.stream, local: ourA)
    }

    /// A answers: what B gets.
    mutating func answerFromA(_ sdp: SessionDescription) throws -> SessionDescription {
        let answer = try self.a.receiveAnswer(sdp)
        return try self.b.makeAnswer(from: answer, local: ourB)
    }

    var plan: RelayPlan? { RelayPlan(a: self.a, b: self.b) }
}

/// The hash of a certificate of ours.
let ourFingerprint = Fingerprint(hash: .sha256, digest: Array(0..<32))

/// Secrets that differ by their seed.
func secrets(_ policy: MediaSecurityPolicy, _ seed: UInt64) throws -> LegSecrets {
    var random = SeededGenerator(seed: seed)
    let bytes = (0..<LegSecrets.randomBytes(for: policy)).map { _ in
        UInt8.random(in: .min ... .max, using: &random)
    }
    return try #require(LegSecrets(random: bytes, policy: policy, fingerprint: ourFingerprint))
}

/// Files that others provide: read in place, left out with a note where they are absent.
enum TestData {
    static var root: String {
        if let path = getenv("TRUNKLINE_TESTDATA") { return String(cString: path) }
        var parts = #filePath.utf8.split(separator: UInt8(ascii: "/"))
        parts.removeLast(4)
        return parts.reduce("") { $0 + "/" + String(decoding: $1, as: UTF8.self) }
            + "/shared/testdata"
    }

    /// The bytes of a file; nil where it is absent.
    static func bytes(_ path: String) -> [UInt8]? {
        guard let file = fopen(self.root + "/" + path, "r") else { return nil }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        let count = fread(&bytes, 1, bytes.count, file)
        return Array(bytes[..<count])
    }

    /// Those of the files that are there; says how many are not.
    static func present(_ names: [String]) -> [(name: String, bytes: [UInt8])] {
        let found = names.compactMap { name in self.bytes(name).map { (name, $0) } }
        if found.count < names.count {
            print("left out: \(names.count - found.count) cases (no test data)")
        }
        return found
    }
}
