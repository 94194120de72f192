// SPDX-License-Identifier: Apache-2.0

import Glibc
import Management
import SIPMessage
import Testing

@testable import trunkline

private let good = """
    OPTIONS sip:a@example.com SIP/2.0\r
    Via: SIP/2.0/TCP host.example.com;branch=z9hG4bK1\r
    From: <sip:b@example.com>;tag=1\r
    To: <sip:a@example.com>\r
    Call-ID: 1@example.com\r
    CSeq: 1 OPTIONS\r
    Max-Forwards: 70\r
    Content-Length: 0\r
    \r

    """

/// The same with a fault, and where that is.
private let bad = good.replacing("CSeq: 1 OPTIONS", with: "CSeq: 99999999999 OPTIONS")

private func verdicts(_ stream: String) -> [Finding] {
    Finding.stream(Array(stream.utf8), file: "f")
}

@Test func oneFindingForEachMessageOfAStream() {
    let findings = verdicts("\r\n\r\n" + good + "\r\n" + bad + good)
    #expect(findings.count == 3)
    #expect(findings[0].verdict == .accept)
    #expect(findings[0].base == 4)
    #expect(findings[2].verdict == .accept)
    guard case .reject(400, _, let offset) = findings[1].verdict else {
        Issue.record("the faulty message was not rejected")
        return
    }
    #expect(findings[1].base == 4 + good.utf8.count + 2)
    #expect(findings[1].json["offset"] == JSONValue(findings[1].base + offset))
}

@Test func streamsThatAreNotWhole() {
    #expect(verdicts("").isEmpty)
    #expect(verdicts("\r\n\r\n\r\n").isEmpty)
    let cut = verdicts(good + String(good.dropLast(5)))
    #expect(cut.count == 2)
    guard case .drop = cut[1].verdict else {
        Issue.record("half a message is not dropped")
        return
    }
    #expect(cut[1].base == good.utf8.count)
    let lost = verdicts(
        good + good.replacing("Content-Length: 0", with: "Content-Length: x") + good)
    #expect(lost.count == 2)
    guard case .reject(400, _, _) = lost[1].verdict else {
        Issue.record("a message without border is not rejected")
        return
    }
    #expect(lost[1].base == good.utf8.count)
}

@Test func findingsAsJSONAndText() {
    let reject = Finding(
        file: "x", verdict: .reject(status: 400, reason: "Malformed CSeq", offset: 7), base: 10)
    #expect(reject.text == "x: reject 400 (Malformed CSeq) at octet 17")
    #expect(
        reject.json
            == [
                "file": "x", "verdict": "reject", "status": 400, "reason": "Malformed CSeq",
                "offset": 17,
            ])
    let accept = Finding(file: "x", verdict: .accept, base: 10)
    #expect(accept.text == "x: accept")
    #expect(
        accept.json
            == ["file": "x", "verdict": "accept", "status": nil, "reason": nil, "offset": nil])
    let drop = Finding(file: "x", verdict: .drop(reason: "Not SIP", offset: 0), base: 0)
    #expect(
        drop.json
            == [
                "file": "x", "verdict": "drop", "status": nil, "reason": "Not SIP", "offset": 0,
            ])
}

@Test func filesAreRead() throws {
    let path = "/tmp/trunkline-message-\(getpid())"
    defer { unlink(path) }
    try Files.write(Array(good.utf8), to: path)
    #expect(CommandLineTool.run(["message", path, "--json"]) == .ok)
    #expect(CommandLineTool.run(["message", path, path, "--stream"]) == .ok)
    try Files.write(Array(bad.utf8), to: path)
    #expect(CommandLineTool.run(["message", path]) == .no)
    #expect(CommandLineTool.run(["message", path, path + "-absent"]) == .usage)
    #expect(CommandLineTool.run(["message"]) == .usage)
}

/// Files of the test data, where they are.
private func tortureFiles() -> [String] {
    let root: String
    if let path = getenv("TRUNKLINE_TESTDATA") {
        root = String(cString: path)
    } else {
        root =
            #filePath.split(separator: "/").dropLast(3).reduce("") { "\($0)/\($1)" }
            + "/../shared/testdata"
    }
    return ["rfc4475", "rfc5118"].flatMap { folder -> [String] in
        let base = "\(root)/sip-torture/\(folder)"
        guard let directory = opendir(base) else { return [] }
        defer { closedir(directory) }
        var files: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name.hasSuffix(".dat") { files.append("\(base)/\(name)") }
        }
        return files.sorted()
    }
}

@Test func tortureFilesGetOneVerdictEach() throws {
    let files = tortureFiles()
    guard !files.isEmpty else {
        print("left out: 60 cases (no test data)")
        return
    }
    for file in files {
        let bytes = try Files.read(file, limit: 1 << 20)
        let finding = Finding(
            file: file, verdict: examine(bytes, framing: .datagram), base: 0)
        let offset = finding.json["offset"]?.integer ?? 0
        #expect((0...Int64(bytes.count)).contains(offset), "\(file)")
        #expect(
            finding.json["verdict"]?.string == "accept" || finding.json["reason"]?.string != nil)
        #expect(Finding.stream(bytes, file: file).count >= 1, "\(file)")
    }
}
