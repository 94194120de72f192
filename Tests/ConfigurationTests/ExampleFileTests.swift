// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

@testable import Configuration

/// The folder that holds Package.swift.
private var packageRoot: String {
    var parts = #filePath.utf8.split(separator: UInt8(ascii: "/"))
    parts.removeLast(3)
    return parts.reduce("") { $0 + "/" + String(decoding: $1, as: UTF8.self) }
}

@Test func exampleFileIsTheGeneratedOne() throws {
    let issues = IssueList(file: "example")
    let path = packageRoot + "/appliance/trunkline.example.yaml"
    let text = NodeConfiguration.exampleFile()
    if getenv("TRUNKLINE_WRITE_EXAMPLE") != nil {
        let file = try #require(fopen(path, "w"))
        #expect(fputs(text, file) >= 0)
        fclose(file)
    }
    let bytes = try #require(FileBytes.read(path, limit: 1 << 20, issues))
    #expect(String(decoding: bytes, as: UTF8.self) == text)
    let loaded = try NodeConfiguration.load(path: path)
    #expect(loaded.realms.count == 2 && loaded.trunks.count == 2 && loaded.routes.count == 2)
    #expect(loaded.trunks.map(\.realm) == [0, 1] && loaded.trunks.map(\.listener) == [0, 1])
}

@Test func exampleNamesEveryKeyWithItsDefault() {
    let lines = NodeConfiguration.exampleFile().utf8.split(separator: 10).map {
        String(decoding: $0, as: UTF8.self)
    }
    for section in Schema.sections {
        #expect(lines.contains("\(section.name):"))
        for key in section.keys {
            let pattern = "\(key.name): \(key.example)"
            #expect(lines.contains { $0.hasSuffix(pattern) }, "\(pattern)")
            if let unit = key.unit {
                #expect(lines.contains { $0.contains("unit: \(unit)") }, "\(key.name)")
            }
        }
    }
    for line in lines { #expect(line.utf8.count <= 100, "\(line)") }
}

/// What the comment calls a default is what the reader uses.
@Test func standardsAreWhatTheReaderTakes() throws {
    for section in Schema.sections {
        for key in section.keys {
            guard case .standard(let text) = key.absent else { continue }
            if case .integer(let range) = key.kind {
                let value = try #require(Decimal.parse(text.utf8))
                #expect(range.contains(value), "\(key.name)")
            }
            if key.name != "prefix" { #expect(text == key.example, "\(key.name)") }
        }
    }
}

@Test func missingFileIsAnIssue() {
    let error = #expect(throws: ConfigurationErrors.self) {
        try NodeConfiguration.load(path: "/nonexistent/node.yaml")
    }
    #expect(
        error?.description
            == "/nonexistent/node.yaml: cannot be opened: No such file or directory; "
            + "name a file that this user can read")
    let folder = #expect(throws: ConfigurationErrors.self) {
        try NodeConfiguration.load(path: "/")
    }
    #expect(folder?.issues.first?.problem == "is no regular file")
}

/// Nobody ever writes into the pipe, and nothing waits for him.
@Test func pipesAndDevicesAreRefused() {
    let pipe = "/tmp/trunkline-pipe-\(getpid())"
    #expect(mkfifo(pipe, 0o600) == 0)
    defer { unlink(pipe) }
    for path in [pipe, "/dev/zero"] {
        let error = #expect(throws: ConfigurationErrors.self) {
            try NodeConfiguration.load(path: path)
        }
        #expect(error?.issues.map(\.problem) == ["is no regular file"])
    }
}

@Test func longFileIsCut() throws {
    let path = "/tmp/trunkline-long-\(getpid())"
    let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL, 0o600)
    defer {
        close(descriptor)
        unlink(path)
    }
    #expect(ftruncate(descriptor, 3 << 20) == 0)
    let error = #expect(throws: ConfigurationErrors.self) {
        try NodeConfiguration.load(path: path)
    }
    #expect(error?.issues.map(\.problem) == ["has more than 1048576 bytes"])
}
