// SPDX-License-Identifier: Apache-2.0

import Foundation
import SIPMessage
import Testing

/// A file of the shared test data.
struct SharedFile: Sendable, CustomTestStringConvertible {
    let url: URL
    var name: String { self.url.deletingPathExtension().lastPathComponent }
    var testDescription: String { self.url.lastPathComponent }

    static func list(_ folder: String, ext: String) -> [SharedFile] {
        TestData.files(folder, ext: ext).map { SharedFile(url: $0) }
    }
}

@Suite("NIST torture messages")
struct NISTTests {
    static let files = SharedFile.list("sip-torture/nist-jsip", ext: "sip")

    @Test("All 187 are here, or left out")
    func presence() {
        if Self.files.isEmpty { return TestData.leftOut(187 * 2, "nist-jsip") }
        #expect(Self.files.count == 187)
        let names = Set(Self.files.map(\.name))
        #expect(NISTVerdicts.refused.keys.allSatisfy(names.contains))
    }

    @Test("Datagram", arguments: files)
    func datagram(_ file: SharedFile) throws {
        let bytes = try #require(TestData.bytes(file.url))
        let verdict = examine(bytes, framing: .datagram)
        let (expected, why) = NISTVerdicts.refused[file.name] ?? (.accept, "well-formed")
        let isMet = expected.isMet(by: verdict, in: bytes)
        #expect(isMet, "\(why): \(verdict)")
    }

    /// Most of these were written for datagrams and name no length, which ends a stream. The
    /// others get the verdict of a datagram; octets behind their length are a further item.
    @Test("Stream", arguments: files)
    func stream(_ file: SharedFile) throws {
        let bytes = try #require(TestData.bytes(file.url))
        let verdict = try #require(examineStream(bytes).first)
        let text = String(decoding: bytes, as: UTF8.self).lowercased()
        let head = text.split(separator: "\r\n\r\n").first ?? ""
        let hasLength = head.contains("\r\ncontent-length") || head.contains("\r\nl:")
        guard hasLength else {
            let unanswered = text.hasPrefix("sip/") || text.hasPrefix("ack ")
            switch verdict {
            case .reject(let status, let reason, _):
                #expect(!unanswered && status == 400 && reason == "Missing Content-Length")
            case .drop(let reason, _):
                #expect(unanswered && reason == "Missing Content-Length")
            case .accept: Issue.record("accepted without a length")
            }
            return
        }
        let (expected, why) = NISTVerdicts.refused[file.name] ?? (.accept, "well-formed")
        let isMet = expected.isMet(by: verdict, in: bytes)
        #expect(isMet, "\(why): \(verdict)")
    }
}

@Suite("Messages from the field")
struct FieldMessageTests {
    static let teamsFiles = SharedFile.list("teams", ext: "sip")
    static let bridgeFiles = SharedFile.list("sip-messages/sip2json", ext: "sip")

    @Test("Teams Direct Routing: accepted", arguments: teamsFiles)
    func teams(_ file: SharedFile) throws {
        let bytes = try #require(TestData.bytes(file.url))
        #expect(examine(bytes, framing: .datagram) == .accept)
        #expect(examineStream(bytes) == [.accept])
    }

    @Test("Teams and conferencing folders are here, or left out")
    func presence() {
        if Self.teamsFiles.isEmpty { TestData.leftOut(45, "teams") }
        if Self.bridgeFiles.isEmpty { TestData.leftOut(8, "sip-messages/sip2json") }
        #expect(Self.teamsFiles.isEmpty || Self.teamsFiles.count >= 45)
        #expect(Self.bridgeFiles.isEmpty || Self.bridgeFiles.count == 8)
    }

    /// Their line ends are LF on disk and CRLF on the wire.
    @Test("Conferencing bridge", arguments: bridgeFiles)
    func bridge(_ file: SharedFile) throws {
        let bytes = TestData.withCRLF(try #require(TestData.bytes(file.url)))
        switch file.name {
        case "Test_incomplete_buffer_for_parse":
            #expect(
                examineStream(bytes) == [
                    .drop(reason: "Stream ends inside a message", offset: bytes.count)
                ])
        case "OK_REGISTER_Multiline_ContactHeader_1":
            // Lines of a log, then three responses: parentheses in a token, an "@" in the host of
            // Via, an empty element in Contact.
            let start = try #require(bytes.firstRange(of: Array("SIP/2.0 200".utf8)))
            let verdicts = examineStream(Array(bytes[start.lowerBound...]))
            #expect(
                verdicts.map(\.reason) == [
                    "Malformed Address", "Malformed Via", "Malformed URI",
                ])
        default:
            #expect(examine(bytes, framing: .datagram) == .accept)
            #expect(examineStream(bytes) == [.accept])
        }
    }

    @Test("IMS messages: accepted, but for a Require that is not supported")
    func ims() throws {
        guard let octets = TestData.bytes("sip-messages/sipparser/sip_msg.txt") else {
            return TestData.leftOut(26, "sip-messages/sipparser")
        }
        let blocks = String(decoding: octets.filter { $0 != 0x0d }, as: UTF8.self)
            .components(separatedBy: "============================================\n")
        var count = 0
        for block in blocks where block.hasPrefix("name = ") {
            let parts = block.split(separator: "\n\n", maxSplits: 1)
            let bytes = TestData.withCRLF(Array(parts[1].utf8))
            let verdict = examine(bytes, framing: .datagram)
            count += 1
            switch parts[0] {
            case "name = \"sip_flow_reg_register\"", "name = \"sip_flow_reg_register_auth\"":
                let isMet = Expected.reject(420, at: "path").isMet(by: verdict, in: bytes)
                #expect(isMet, "\(parts[0]): \(verdict)")
            default: #expect(verdict == .accept, "\(parts[0])")
            }
        }
        #expect(count == 26)
    }

    @Test(
        "RFC messages of the shared folder are those written here",
        arguments: [
            "rfc4475/valid", "rfc4475/invalid-syntax", "rfc4475/application",
            "rfc4475/backward-compat", "rfc5118",
        ])
    func sameAsShared(_ folder: String) throws {
        let cases = RFC4475.all + RFC5118.all
        let files = TestData.files("sip-torture/" + folder, ext: "dat")
        if files.isEmpty { return TestData.leftOut(1, "comparison with sip-torture/" + folder) }
        for url in files {
            let name = url.deletingPathExtension().lastPathComponent
            // That copy has another Content-Length than the RFC prints.
            if name == "ipv6-in-sdp" { continue }
            let torture = try #require(cases.first { $0.name == name })
            let isSame = try #require(TestData.bytes(url)) == torture.bytes
            #expect(isSame, "\(name)")
        }
    }
}
