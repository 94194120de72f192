// SPDX-License-Identifier: Apache-2.0

import NetworkAddress
import SDP
import Testing

private func text(_ string: String) throws -> SDPText { try #require(SDPText(string.utf8)) }

@Test(arguments: [
    ("1 1 UDP 2130706431 10.0.1.1 8998 typ host", ICECandidate.Kind.host, "10.0.1.1:8998"),
    ("2 1 UDP 1694498815 192.0.2.3 45664 typ srflx raddr 10.0.1.1 rport 8998",
        .serverReflexive, "192.0.2.3:45664"),
    ("842163049 1 udp 1677729535 2001:db8::3 45664 typ prflx raddr :: rport 0 generation 0 "
        + "ufrag x network-cost 999", .peerReflexive, "[2001:db8::3]:45664"),
    ("H 2 udp 1 203.0.113.7 1 TYP RELAY", .relayed, "203.0.113.7:1"),
])
func candidatesThatServe(line: String, kind: ICECandidate.Kind, address: String) throws {
    let candidate = try #require(ICECandidate(text(line)))
    #expect(candidate.kind == kind && candidate.address.description == address)
}

@Test(arguments: [
    "1 1 UDP 1 8c3bd8ab-2c1a-4a1b-9a6f-0f0e0d0c0b0a.local 9 typ host",
    "1 1 TCP 2105458943 10.0.1.1 9 typ host tcptype active", "1 1 UDP 1 host.example.com 9 typ host",
    "1 0 UDP 1 10.0.1.1 9 typ host", "1 257 UDP 1 10.0.1.1 9 typ host",
    "1 1 UDP 0 10.0.1.1 9 typ host", "1 1 UDP 2147483648 10.0.1.1 9 typ host",
    "1 1 UDP 1 10.0.1.1 0 typ host", "1 1 UDP 1 10.0.1.1 65536 typ host",
    "1 1 UDP 1 10.0.1.1 9 typ other", "1 1 UDP 1 10.0.1.1 9 host", "1 1 UDP 1 0.0.0.0 9 typ host",
    "1 1 UDP 1 127.0.0.1 9 typ host", "1 1 UDP 1 224.0.0.1 9 typ host", "",
    "123456789012345678901234567890123 1 UDP 1 10.0.1.1 9 typ host",
])
func candidatesThatDoNot(line: String) throws {
    #expect(try ICECandidate(text(line)) == nil)
}

@Test func credentialsHaveTheirLengths() {
    let password = Array(repeating: UInt8(ascii: "p"), count: 22)
    #expect(ICECredentials(ufrag: "abcd".utf8, password: password) != nil)
    #expect(ICECredentials(ufrag: "abc".utf8, password: password) == nil)
    #expect(ICECredentials(ufrag: "ab:d".utf8, password: password) == nil)
    #expect(ICECredentials(ufrag: "abcd".utf8, password: password.dropLast()) == nil)
    let long = Array(repeating: UInt8(ascii: "u"), count: 257)
    #expect(ICECredentials(ufrag: long, password: password) == nil)
    #expect(ICECredentials(ufrag: long.dropLast(), password: long.dropLast()) != nil)
    #expect(ICECredentials(ufrag: "abcd".utf8, password: long) == nil)
    #expect(ICECredentials(ufrag: "abcd".utf8, password: password).map { "\($0)" } == "abcd")
}

@Test(arguments: [Fingerprint.Hash.sha1, .sha256, .sha384, .sha512])
func fingerprintsAreReadInAnyCase(hash: Fingerprint.Hash) throws {
    let digest = (0..<UInt8(hash.bytes)).map { $0 &* 37 }
    let value = try #require(Fingerprint(hash: hash, digest: digest)?.attribute.value)
    let read = try #require(Fingerprint(value))
    #expect(read.hash == hash && read.digest == digest)
    let lower = Array(value.bytes).map { (0x41...0x5a).contains($0) ? $0 | 0x20 : $0 }
    #expect(try Fingerprint(#require(SDPText(lower))) == read)
    #expect(try Fingerprint(#require(SDPText(lower.dropLast()))) == nil)
    #expect(try Fingerprint(#require(SDPText(lower.dropLast(3)))) == nil)
    #expect(try Fingerprint(#require(SDPText(lower + Array(":00".utf8)))) == nil)
    #expect(Fingerprint(hash: hash, digest: digest + [0]) == nil)
}

@Test func fingerprintsOfNoUse() throws {
    let md5 = "md5 00:01:02:03:04:05:06:07:08:09:0a:0b:0c:0d:0e:0f"
    let bad = "sha-1 4A:AD:B9:B1:3F:82:18:3B:54:02:12:DF:3E:5D:49:6B:19:E5:7C:GG"
    for line in [md5, bad, "sha-256", "", "sha-256 00"] {
        #expect(try Fingerprint(text(line)) == nil)
    }
    // The example of RFC 8122 section 5.
    let good = "sha-1 4A:AD:B9:B1:3F:82:18:3B:54:02:12:DF:3E:5D:49:6B:19:E5:7C:AB"
    #expect(try Fingerprint(text(good))?.digest.last == 0xab)
}

@Test func setupRoles() throws {
    for role in SetupRole.allCases { #expect(SetupRole(role.name) == role) }
    #expect(SetupRole("ACTPASS") == .actpass && SetupRole("both") == nil)
}

@Test func secretsComeFromEnoughRandomBytes() throws {
    let policy = MediaSecurityPolicy(srtp: .required)
    let count = LegSecrets.randomBytes(for: policy)
    #expect(count == 6 * 46 + 24)
    let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ 7) }
    let made = try #require(LegSecrets(random: bytes, policy: policy, fingerprint: nil))
    #expect(made.masters.map(\.suite) == policy.suites)
    #expect(Set(made.masters.map(\.key)).count == 6)
    #expect(made.ice.ufrag.count == 8 && made.ice.password.count == 24)
    #expect(LegSecrets(random: bytes.dropLast(), policy: policy, fingerprint: nil) == nil)
    let zeros = [UInt8](repeating: 0, count: count)
    #expect(LegSecrets(random: zeros, policy: policy, fingerprint: nil) == nil)
    #expect(!"\(made)".utf8.elementsEqual("".utf8) && !"\(made)".contains("+"))
}

/// Lines that cost more than others have limits of their own, each with a place.
@Test(arguments: [("crypto", 32, SDPError.Code.tooManyKeys), ("fingerprint", 32, .tooManyKeys),
    ("candidate", 128, .tooManyCandidates)])
func linesHaveLimits(name: String, most: Int, code: SDPError.Code) throws {
    let head = "v=0\no=- 1 1 IN IP4 192.0.2.1\ns=-\nm=audio 1 RTP/AVP 0\n"
    func bytes(_ count: Int) -> [UInt8] {
        let section = String(repeating: "a=\(name):x\n", count: count)
        return Array((head + section + "m=audio 1 RTP/AVP 0\n" + section).utf8)
    }
    #expect(try SessionDescription.parse(bytes(most)).media.count == 2)
    let error = #expect(throws: SDPError.self) { try SessionDescription.parse(bytes(most + 1)) }
    #expect(error == SDPError(code, at: head.utf8.count + most * (name.utf8.count + 5)))
}
