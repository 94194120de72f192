// SPDX-License-Identifier: Apache-2.0

import Configuration
import Foundation
import TestCertificates
import Testing

@testable import Node

/// Files of certificates that change under a running node.
@Suite struct TLSFilesTests {
    private func write(_ files: CertificateMaker.Files, to path: String) throws {
        let text =
            try String(contentsOfFile: files.certificate, encoding: .utf8)
            + String(contentsOfFile: files.key, encoding: .utf8)
        try text.write(toFile: path, atomically: true, encoding: .utf8)
    }

    @Test func oneWithoutANeededNameReplacesNothing() throws {
        let maker = try CertificateMaker()
        let authority = try maker.authority("ca")
        let both = "DNS:a.example.com,DNS:*.a.example.com"
        let path = maker.path("place")
        let pair = NodeConfiguration.CertificateFiles(certificate: path, key: path)
        var files = TLSFiles()
        try self.write(maker.leaf("old", by: authority, alternatives: both), to: path)
        try files.take([pair], [])
        let old = files.identity(pair)
        // Those that are made meanwhile are valid then.
        let now = Int64(Date().timeIntervalSince1970) + 60
        let needed = ["a.example.com", "tenant.a.example.com", "never.example.com"]

        let name = "DNS:a.example.com"
        try self.write(maker.leaf("poor", by: authority, alternatives: name), to: path)
        let lines = files.look(now: now, needed: needed)
        #expect(lines.count == 1 && lines[0].contains("tenant.a.example.com any more"))
        #expect(files.identity(pair) === old)
        #expect(files.problems[path] != nil)
        #expect(files.look(now: now, needed: needed).isEmpty, "it is told once")

        try self.write(maker.leaf("new", by: authority, alternatives: both), to: path)
        #expect(files.look(now: now, needed: needed) == ["\(path): the new certificate is in use"])
        #expect(files.identity(pair) !== old && files.problems.isEmpty)
    }
}
