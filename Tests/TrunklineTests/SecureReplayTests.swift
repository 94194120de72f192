// SPDX-License-Identifier: Apache-2.0

import Glibc
import Management
import Testing

@testable import trunkline

private func bytes(_ hexadecimal: String) -> [UInt8] {
    let digits = Array(hexadecimal.utf8)
    return stride(from: 0, to: digits.count, by: 2).map {
        UInt8(String(decoding: digits[$0..<$0 + 2], as: UTF8.self), radix: 16) ?? 0
    }
}

/// The reference packets of libsrtp's own tests: one RTP packet under two suites.
private let references: [(crypto: String, packet: String)] = [
    (
        "AES_CM_128_HMAC_SHA1_80 inline:4fl6DT4Bi+DWT6MsBt5BOQ7Gda1Jiv7rtpYLOqvm",
        "800f1234decafbadcafebabe4e55dc4ce79978d88ca4d215949d2402b78d6acc99ea179b8dbb"
    ),
    (
        "AEAD_AES_128_GCM inline:AAECAwQFBgcICQoLDA0OD6ChoqOkpaanqKmqqw==",
        "800f1234decafbadcafebabec5002ede04cfdd2eb91159e0880aa06ed2976826f796b201df3131a127e8a392"
    ),
]
private let plain = [UInt8](repeating: 0xab, count: 16)

/// RFC 5769 section 2.1: a check of a controlling agent, user "evtj:h6vY".
private let check = bytes(
    "000100582112a442b7e7a701bc34d686fa87dfae802200105354554e207465737420636c69656e74"
        + "002400046e0001ff80290008932ff9b151263b36000600096576746a3a68367659202020"
        + "000800149aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a280280004e57a3bcf")

/// One run over a capture that is made here.
private struct Run {
    let report: JSONValue
    let isGood: Bool
    /// UDP payloads of what was sent.
    var sent: [[UInt8]] = []

    init(_ packets: [(from: UInt8, payload: [UInt8])], _ document: String) throws {
        let base = "/tmp/trunkline-secure-replay-test-\(getpid())-\(UInt64.random(in: 0 ... .max))"
        let paths = (input: base + "-in.pcap", output: base + "-out.pcap", flows: base + ".json")
        defer { for path in [paths.input, paths.output, paths.flows] { unlink(path) } }
        try Files.write(capture(packets), to: paths.input)
        try Files.write(Array(document.utf8), to: paths.flows)
        (self.report, self.isGood) = try Replay(
            flows: FlowsFile(reading: paths.flows), input: paths.input, output: paths.output,
            program: FastPathProgram.path
        ).run()
        var rest = try Files.read(paths.output, limit: 1 << 20).dropFirst(24)
        while rest.count >= 16 {
            let length = rest.dropFirst(8).prefix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
            self.sent.append(Array(rest.dropFirst(16).prefix(length).dropFirst(14 + 20 + 8)))
            rest = rest.dropFirst(16 + length)
        }
    }
}

private func document(_ a: String, _ b: String = "") -> String {
    """
    {"realm": {"addresses": ["198.18.1.1"], "ports": "20000-20999"},
     "flows": [
       {"name": "a", "peer": "b", "local": "198.18.1.1:20000", "remote": "198.18.1.2:6000",
        "payload_types": [15]\(a)},
       {"name": "b", "peer": "a", "local": "198.18.1.1:20004", "remote": "198.18.1.3:7000",
        "ssrc": 3405691582, "initial_sequence": 4660, "payload_types": [15]\(b)}]}
    """
}

private func srtp(receive: String, send: String) -> String {
    ", \"srtp\": {\"receive\": \"1 \(receive)\", \"send\": \"1 \(send)\"}"
}

@Suite(.enabled(if: FastPathProgram.path.contains("/"), "trunkline-fastpath is not built"))
struct SecureReplayTests {
    private let other = "AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz"

    @Test(arguments: references.indices)
    func aCaptureWithKnownKeysIsOpened(index: Int) throws {
        let (crypto, text) = references[index]
        let packet = bytes(text)
        var forged = packet
        forged[20] ^= 1
        let run = try Run(
            [(2, forged), (2, packet), (2, packet)],
            document(srtp(receive: crypto, send: self.other)))
        #expect(run.isGood && run.report["commands_run"] == 3)
        #expect(run.report["counters"]?["srtp_opened"] == 1)
        #expect(run.report["drops"] == ["srtp_authentication": 1, "srtp_replay": 1])
        #expect(run.sent.map { Array($0.dropFirst(12)) } == [plain])
    }

    @Test func withoutTheKeyNothingPasses() throws {
        let run = try Run(
            [(2, bytes(references[0].packet))],
            document(srtp(receive: self.other, send: self.other)))
        #expect(run.report["drops"] == ["srtp_authentication": 1] && run.sent.isEmpty)
    }

    /// What one run seals the next one opens.
    @Test(arguments: references.indices)
    func whatIsSealedIsOpened(index: Int) throws {
        let crypto = references[index].crypto
        let rtp: [UInt8] = [0x80, 15, 0, 1, 0, 0, 0, 0, 0, 0, 0, 9] + plain
        let sealed = try Run(
            [(2, rtp)], document("", srtp(receive: self.other, send: crypto)))
        #expect(sealed.report["counters"]?["srtp_sealed"] == 1)
        let packet = try #require(sealed.sent.first)
        #expect(packet.count > rtp.count && Array(packet[12..<28]) != plain)
        let opened = try Run(
            [(2, packet)], document(srtp(receive: crypto, send: self.other)))
        #expect(opened.sent.map { Array($0.dropFirst(12)) } == [plain])
    }

    @Test func checksAreAnsweredUnderTheCredentials() throws {
        func ice(_ password: String) -> String {
            ", \"ice\": {\"ufrag\": \"evtj\", \"password\": \"\(password)\", "
                + "\"remote_ufrag\": \"h6vY\"}"
        }
        let run = try Run([(9, check)], document(ice("VOkJxbRl1RmTxUk/WvJxBt")))
        #expect(run.isGood && run.report["counters"]?["stun_answered"] == 1)
        // A response with the request's transaction.
        #expect(run.sent.count == 1 && run.sent.first?.first == 1)
        #expect(run.sent.first.map { Array($0[4..<20]) } == Array(check[4..<20]))
        let wrong = try Run([(9, check)], document(ice("VOkJxbRl1RmTxUk/WvJxBu")))
        #expect(wrong.report["drops"] == ["stun_authentication": 1] && wrong.sent.isEmpty)
    }
}
