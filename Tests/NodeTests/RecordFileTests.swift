// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import Node

@Suite struct RecordFileTests {
    private let limits = RecordFile.Limits(fileBytes: 100, files: 3)

    private func line(_ number: Int, bytes: Int = 20) -> [UInt8] {
        let text = "\(number)"
        return Array((text + String(repeating: ".", count: bytes - 1 - text.count) + "\n").utf8)
    }

    private func text(_ path: String) -> String {
        (try? String(contentsOfFile: path, encoding: .utf8)) ?? "none"
    }

    private func mode(_ path: String) -> mode_t {
        var status = stat()
        return stat(path, &status) == 0 ? status.st_mode & 0o7777 : 0
    }

    /// Numbers of the lines that a walk from the end meets, one process's after another's.
    private func tail(_ directory: String, bytes: Int = .max) -> [Int] {
        var found: [Int] = []
        RecordFile.visitTail(in: directory, bytes: bytes) { line in
            found.append(Int(String(decoding: line.prefix { $0 != 0x2e }, as: UTF8.self)) ?? -1)
            return true
        }
        return found
    }

    @Test func linesAreAppended() throws {
        let directory = try NodeDirectory()
        let records = directory.path + "/records"
        var file = RecordFile(directory: records, limits: self.limits)
        let mask = umask(0)
        #expect(file.append(self.line(1) + self.line(2), seconds: 0) == .init(bytes: 40))
        umask(mask)
        #expect(file.append(self.line(3), seconds: 0).bytes == 20)
        let path = records + "/calls.jsonl"
        #expect(self.text(path).utf8.count == 60 && self.mode(path) == 0o640)
        #expect(self.mode(records) == 0o750)
        file.close()
        var next = RecordFile(directory: records, limits: self.limits)
        #expect(next.append(self.line(4), seconds: 0).bytes == 20)
        #expect(self.tail(records) == [4, 3, 2, 1])
        #expect(self.tail(records, bytes: 40).starts(with: [4, 3]))
    }

    @Test func aFullFileIsSetAside() throws {
        let directory = try NodeDirectory()
        var file = RecordFile(directory: directory.path, limits: self.limits)
        // 2026-11-30 01:42:00 UTC and on, a file of five lines each second.
        var number = 0
        for second in 0..<6 {
            for _ in 0..<5 {
                number += 1
                let time = 1_796_002_920 + UInt64(second)
                #expect(file.append(self.line(number), seconds: time).problem == nil)
            }
        }
        let names = try FileManager.default.contentsOfDirectory(atPath: directory.path).sorted()
        #expect(
            names == [
                "calls-20261130T014203Z.jsonl", "calls-20261130T014204Z.jsonl",
                "calls-20261130T014205Z.jsonl", "calls.jsonl",
            ])
        #expect(self.tail(directory.path) == Array((11...30).reversed()))
        // The name is taken within the second: the file goes on.
        for _ in 0..<8 {
            number += 1
            #expect(file.append(self.line(number), seconds: 1_796_002_925).problem == nil)
        }
        #expect(self.text(directory.path + "/calls.jsonl").utf8.count == 13 * 20)
        #expect(file.append(self.line(99), seconds: 1_796_002_926).bytes == 20)
        #expect(self.text(directory.path + "/calls.jsonl").utf8.count == 20)
    }

    /// What a kill leaves of a line is not there for anybody, and is cut off.
    @Test func aPieceOfALineIsCutOff() throws {
        let directory = try NodeDirectory()
        let path = directory.path + "/calls.jsonl"
        for piece in ["", "half", String(repeating: "x", count: 200_000)] {
            for whole in ["", "1...\n", "1...\n2...\n"] {
                try (whole + piece).write(toFile: path, atomically: false, encoding: .utf8)
                let found = self.tail(directory.path)
                #expect(found == (whole.isEmpty ? [] : whole.count > 5 ? [2, 1] : [1]))
                var file = RecordFile(
                    directory: directory.path, limits: .init(fileBytes: 1 << 20, files: 1))
                #expect(file.append(self.line(7), seconds: 0).bytes == 20)
                file.close()
                let line = String(decoding: self.line(7), as: UTF8.self)
                #expect(self.text(path) == whole + line)
            }
        }
    }

    @Test func theTailCrossesPieces() throws {
        let directory = try NodeDirectory()
        var file = RecordFile(
            directory: directory.path, limits: .init(fileBytes: 1 << 30, files: 1))
        let lines = (1...9000).map { self.line($0, bytes: 20 + $0 % 37) }
        #expect(file.append(lines.flatMap(\.self), seconds: 0).problem == nil)
        #expect(self.tail(directory.path) == Array((1...9000).reversed()))
        var count = 0
        RecordFile.visitTail(in: directory.path, bytes: .max) { _ in
            count += 1
            return count < 5
        }
        #expect(count == 5)
    }

    // MARK: What goes wrong

    @Test func movedAndRemovedFilesAreOpenedAgain() throws {
        let directory = try NodeDirectory()
        let records = directory.path + "/records"
        let path = records + "/calls.jsonl"
        var file = RecordFile(directory: records, limits: self.limits)
        #expect(file.append(self.line(1), seconds: 0).bytes == 20)
        #expect(rename(path, records + "/elsewhere") == 0)
        #expect(file.append(self.line(2), seconds: 0).bytes == 20)
        #expect(self.text(path) == String(decoding: self.line(2), as: UTF8.self))
        try FileManager.default.removeItem(atPath: records)
        #expect(file.append(self.line(3), seconds: 0).bytes == 20)
        // Somebody cut it.
        #expect(truncate(path, 10) == 0)
        #expect(file.append(self.line(4), seconds: 0).bytes == 20)
        #expect(self.text(path) == String(decoding: self.line(4), as: UTF8.self))
    }

    @Test func whatCannotBeWrittenIsSaid() throws {
        let directory = try NodeDirectory()
        let records = directory.path + "/records"
        var file = RecordFile(directory: records, limits: self.limits)
        try "no directory".write(toFile: records, atomically: false, encoding: .utf8)
        let outcome = file.append(self.line(1), seconds: 0)
        #expect(outcome.bytes == 0 && outcome.problem?.contains("Not a directory") == true)
        try FileManager.default.removeItem(atPath: records)
        mkdir(records, 0o700)
        mkfifo(records + "/calls.jsonl", 0o600)
        #expect(file.append(self.line(1), seconds: 0).problem?.contains("regular file") == true)
        unlink(records + "/calls.jsonl")
        symlink("/dev/null", records + "/calls.jsonl")
        #expect(file.append(self.line(1), seconds: 0).problem != nil)
        unlink(records + "/calls.jsonl")
        #expect(file.append(self.line(1), seconds: 0).problem == nil)
        var other = RecordFile(directory: records, limits: self.limits)
        #expect(
            other.append(self.line(1), seconds: 0).problem?.contains("another process") == true)
    }

    /// On a full disk the whole lines stay, and no piece of one.
    @Test func aFullDisk() throws {
        let directory = try NodeDirectory()
        let small = directory.path + "/small"
        mkdir(small, 0o700)
        guard mount("tmpfs", small, "tmpfs", 0, "size=64k") == 0 else {
            print("left out: 1 case (mounting a small file system needs root)")
            return
        }
        defer { umount2(small, Int32(MNT_DETACH)) }
        var file = RecordFile(
            directory: small, limits: .init(fileBytes: 1 << 20, files: 1))
        let lines = (1...1000).map { self.line($0, bytes: 100) }.flatMap(\.self)
        let outcome = file.append(lines, seconds: 0)
        #expect(outcome.problem?.contains("No space left") == true)
        #expect(outcome.bytes % 100 == 0 && outcome.bytes > 50_000)
        #expect(self.text(small + "/calls.jsonl").utf8.count == outcome.bytes)
        #expect(self.tail(small).first == outcome.bytes / 100)
        // Not even a line.
        #expect(file.append(lines, seconds: 0).bytes == 0)
        #expect(mount("tmpfs", small, "tmpfs", UInt(MS_REMOUNT), "size=1m") == 0)
        let rest = Array(lines[outcome.bytes...])
        #expect(file.append(rest, seconds: 0) == .init(bytes: rest.count))
        #expect(self.tail(small) == Array((1...1000).reversed()))
    }
}
