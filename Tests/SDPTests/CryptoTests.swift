// SPDX-License-Identifier: Apache-2.0

import Foundation
import SDP
import Testing

private let key30 = "inline:ewd226x0qau4oNARnHOugu+7G5WvAJ8GaeK1LJZk"
private let suite80 = "AES_CM_128_HMAC_SHA1_80"

private func crypto(_ text: String) throws -> CryptoAttribute {
    try CryptoAttribute(#require(SDPText(text.utf8)))
}

@Test(arguments: SRTPSuite.allCases)
func suitesAndTheirKeys(suite: SRTPSuite) throws {
    let master = (1...UInt8(suite.keyBytes + suite.saltBytes)).map { $0 }
    let key = try #require(SRTPMasterKey(suite: suite, master: master))
    #expect(key.key.count == suite.keyBytes && key.salt.count == suite.saltBytes)
    #expect(key.key + key.salt == master)
    #expect(SRTPSuite(name: suite.name) == suite)
    #expect(SRTPMasterKey(suite: suite, master: master.dropLast()) == nil)
    #expect(SRTPMasterKey(suite: suite, master: master + [1]) == nil)
    #expect(SRTPMasterKey(suite: suite, master: master, mki: Array(0...8)) == nil)
    #expect("\(key)" == suite.name.description && String(reflecting: key) == "\(key)")
    let line = CryptoAttribute(tag: 7, master: key)
    let value = try #require(line.attribute.value)
    #expect(try CryptoAttribute(value) == line)
    #expect(value.description.hasSuffix("|2^31"))
}

/// Lengths of RFC 4568 section 6.2, RFC 6188 section 4, RFC 7714 section 12.
@Test func suiteLengths() {
    #expect(SRTPSuite.allCases.map(\.keyBytes) == [16, 16, 32, 32, 16, 32])
    #expect(SRTPSuite.allCases.map(\.saltBytes) == [14, 14, 14, 14, 12, 12])
    #expect(SRTPSuite(name: "F8_128_HMAC_SHA1_80") == nil)
    #expect(SRTPSuite(name: "aes_cm_256_hmac_sha1_80") == .aes256CM80)
}

/// RFC 4568 sections 9.1 and 5.1.2, which breaks its lines for the page.
@Test func examplesOfRFC4568() throws {
    let first = try crypto(
        "1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz|2^20|1:4")
    #expect(first.tag == 1 && first.suite == .aes128CM80 && first.master.mki == [0, 0, 0, 1])
    #expect(first.master.key.starts(with: "YS___semctl () {".utf8))
    let second = try crypto(
        "1 AES_CM_128_HMAC_SHA1_32 inline:NzB4d1BINUAvLEw6UzF3WSJ+PSdFcGdUJShpX1Zj|2^20|1:32"
            .replacingOccurrences(of: "1:32", with: "1:8"))
    #expect(second.suite == .aes128CM32 && second.master.mki == [0, 0, 0, 0, 0, 0, 0, 1])
    #expect(throws: CryptoFault.badMKI) {
        try crypto("1 AES_CM_128_HMAC_SHA1_32 inline:NzB4d1BINUAvLEw6UzF3WSJ+PSdFcGdUJShpX1Zj|1:32")
    }
    #expect(throws: CryptoFault.severalKeys) {
        try crypto(
            "2 F8_128_HMAC_SHA1_80 inline:MTIzNDU2Nzg5QUJDREUwMTIzNDU2Nzg5QUJjZGVm|2^20|1:4;"
                .replacingOccurrences(of: "F8_128", with: "AES_CM_128")
                + "inline:QUJjZGVmMTIzNDU2Nzg5QUJDREUwMTIzNDU2Nzg5|2^20|2:4")
    }
}

@Test(arguments: [
    "1 \(suite80) \(key30)", "0 \(suite80) \(key30)|2^31", "999999999 \(suite80) \(key30)|2^48",
    "1   \(suite80)  \(key30)|2^31 ", "1 \(suite80) \(key30)|1048576",
    "1 \(suite80) \(key30)|1:1", "1 \(suite80) \(key30)|2^31|255:1", "1 \(suite80) \(key30) WSH=64",
    "1 \(suite80) \(key30) KDR=0 -OTHER -X=1", "1 aes_cm_128_hmac_sha1_80 I\(key30.dropFirst())",
    "1 AES_256_CM_HMAC_SHA1_80 inline:"
        + "xQIQ3z1LGRGX7dsIQS7ksafh72RG52tm83au1sXSU7QcVMrnHGBpQh9NaV6Bow",
])
func linesThatAreTaken(text: String) throws {
    let line = try crypto(text)
    #expect(!line.master.plainSRTCP)
    // What we would write means the same.
    #expect(try CryptoAttribute(#require(line.attribute.value)) == line)
}

@Test(arguments: [
    ("1 \(suite80)", CryptoFault.incomplete), ("", .incomplete), ("x \(suite80) \(key30)", .badTag),
    ("1000000000 \(suite80) \(key30)", .badTag), ("-1 \(suite80) \(key30)", .badTag),
    ("1 F8_128_HMAC_SHA1_80 \(key30)", .unknownSuite), ("1 \(suite80) uri:x", .badMethod),
    ("1 \(suite80) inline", .badMethod), ("1 \(suite80) \(key30);\(key30)", .severalKeys),
    ("1 \(suite80) inline:%%%%", .badBase64), ("1 \(suite80) inline:AAAAA", .badBase64),
    ("1 \(suite80) \(key30)=", .badBase64), ("1 \(suite80) inline:AB==CD==", .badBase64),
    ("1 AEAD_AES_128_GCM inline:ewd226x0qau4oNARnHOugu+7G5WvAJ8GaeK1LB==", .badBase64),
    ("1 \(suite80) inline:", .wrongKeyLength), ("1 AEAD_AES_128_GCM \(key30)", .wrongKeyLength),
    ("1 \(suite80) inline:ewd226x0qau4oNARnHOugu+7G5WvAJ8GaeK1", .wrongKeyLength),
    ("1 \(suite80) inline:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", .zeroKey),
    ("1 \(suite80) inline:AAAAAAAAAAAAAAAAAAAAAO+7G5WvAJ8GaeK1LJZk", .zeroKey),
    ("1 \(suite80) \(key30)|2^49", .badLifetime), ("1 \(suite80) \(key30)|0", .badLifetime),
    ("1 \(suite80) \(key30)|", .badLifetime), ("1 \(suite80) \(key30)|2^31|2^31", .badLifetime),
    ("1 \(suite80) \(key30)|2^31|1:1|1", .badLifetime),
    ("1 \(suite80) \(key30)|1:1|2^31", .badMKI), ("1 \(suite80) \(key30)|256:1", .badMKI),
    ("1 \(suite80) \(key30)|1:0", .badMKI), ("1 \(suite80) \(key30)|1:9", .badMKI),
    ("1 \(suite80) \(key30)|x:1", .badMKI), ("1 \(suite80) \(key30) OTHER=1", .unknownParameter),
    ("1 \(suite80) \(key30) UNENCRYPTED_SRTP", .refusedParameter),
    ("1 \(suite80) \(key30) UNAUTHENTICATED_SRTP", .refusedParameter),
    ("1 \(suite80) \(key30) KDR=3", .refusedParameter),
    ("1 \(suite80) \(key30) WSH=63", .refusedParameter),
    ("1 \(suite80) \(key30) FEC_ORDER=FEC_SRTP", .refusedParameter),
    ("1 \(suite80) \(key30) FEC_KEY=inline:x", .refusedParameter),
    ("1 \(suite80) \(key30) UNENCRYPTED_SRTCP=1", .refusedParameter),
])
func linesThatAreRefused(text: String, fault: CryptoFault) throws {
    #expect(throws: fault) { try crypto(text) }
}

@Test func unencryptedSRTCPIsTakenUp() throws {
    let line = try crypto("1 \(suite80) \(key30) UNENCRYPTED_SRTCP")
    #expect(line.master.plainSRTCP)
    #expect(line.attribute.value?.description.hasSuffix("|2^31 UNENCRYPTED_SRTCP") == true)
}

private struct Vector: Decodable {
    var line: String
    var result: String
}

/// What services and their peers have written, each as an offer under a policy that requires keys.
@Test func linesOfServices() throws {
    for (_, bytes) in TestData.present(["teams/sdes-lines.json"]) {
        let vectors = try JSONDecoder().decode([Vector].self, from: Data(bytes))
        #expect(vectors.count >= 8)
        for vector in vectors {
            let policy = MediaSecurityPolicy(srtp: .required)
            var leg = OfferAnswerLeg(
                sessionID: 1, policy: policy, secrets: try secrets(policy, 1))
            let sdp = try session("m=audio 4000 RTP/SAVP 0", vector.line)
            switch vector.result {
            case "accept", "accept-not-preferred":
                let offer = try leg.receiveOffer(sdp)
                let answer = try leg.makeAnswer(from: offer.stream, local: ourA)
                // Tag and suite of the line come back with a key of ours.
                let head = vector.line.split(separator: " ")[..<2].joined(separator: " ")
                #expect(answer.lines.contains { $0.hasPrefix(head + " inline:") })
            default:
                #expect(throws: OfferAnswerError.self, "\(vector.line)") {
                    try leg.receiveOffer(sdp)
                }
            }
        }
    }
}
