// SPDX-License-Identifier: Apache-2.0

import CFlowABI
import FlowABI
import Foundation
import Testing

/// The other side's file lies, is of another version, or is cut short.
@Suite(.serialized) struct PeerFileTests {
    /// A file of the fast path that a process has left.
    private func leftFile(_ options: String...) throws -> (Scratch, Data) {
        let scratch = try Scratch()
        let peer = try ContractProcess("contract-peer", ["serve", scratch.path] + options)
        #expect(peer.line("ready") == "ready fresh")
        peer.kill(SIGTERM)
        #expect(peer.end() == 0)
        return (scratch, try Data(contentsOf: URL(fileURLWithPath: scratch.fastPath)))
    }

    /// Reads all that there is to read; the name of the refusal, if there is one.
    private func readAll(_ path: String) -> String {
        do throws(FileRefusal) {
            let file = try FastPathFile(attaching: path)
            for index in 0..<file.geometry.flows { _ = file.record(FlowIndex(index)) }
            for worker in 0..<file.geometry.workers { _ = file.counters(WorkerIndex(worker)) }
            _ = (file.realms, file.addresses, file.state, file.heartbeatNs)
            return "ok"
        } catch {
            return error.name
        }
    }

    private func write(_ bytes: Data, _ path: String) throws {
        try bytes.write(to: URL(fileURLWithPath: path))
    }

    @Test func everyByteOfTheHeaderInSwift() throws {
        let (scratch, good) = try self.leftFile()
        #expect(self.readAll(scratch.fastPath) == "ok")
        var names: Set<String> = []
        let handle = try FileHandle(forUpdating: URL(fileURLWithPath: scratch.fastPath))
        for offset in 0..<512 {
            for mask in [0x01, 0x80, 0xff] as [UInt8] {
                try handle.seek(toOffset: UInt64(offset))
                try handle.write(contentsOf: [good[offset] ^ mask])
                names.insert(self.readAll(scratch.fastPath))
            }
            try handle.seek(toOffset: UInt64(offset))
            try handle.write(contentsOf: [good[offset]])
        }
        #expect(names.isSuperset(of: ["bad_magic", "too_new", "bad_size", "bad_section"]))
        #expect(!names.contains("unknown"))
    }

    @Test func everyByteOfTheHeaderInC() throws {
        let (scratch, good) = try self.leftFile()
        let handle = try FileHandle(forUpdating: URL(fileURLWithPath: scratch.fastPath))
        for offset in 0..<512 {
            try handle.seek(toOffset: UInt64(offset))
            try handle.write(contentsOf: [good[offset] ^ 0xff])
            let reader = try ContractProcess(
                "contract-peer", ["attach", scratch.fastPath, "fastpath"])
            #expect(reader.line("attach") != nil)
            #expect(reader.end() == 0, "offset \(offset)")
            try handle.seek(toOffset: UInt64(offset))
            try handle.write(contentsOf: [good[offset]])
        }
    }

    @Test func cutShortBeforeItIsMapped() throws {
        let (scratch, good) = try self.leftFile()
        for length in [0, 1, 63, 64, 511, 512, 513, 4096, good.count / 2, good.count - 1] {
            try self.write(good.prefix(length), scratch.fastPath)
            #expect(self.readAll(scratch.fastPath) == "too_short")
        }
        // Longer than it says is no harm.
        try self.write(good + Data(count: 1000), scratch.fastPath)
        #expect(self.readAll(scratch.fastPath) == "ok")
    }

    @Test(arguments: ["contract-peer", "contract-control"])
    func cutShortWhileItIsMapped(reader: String) throws {
        let (scratch, good) = try self.leftFile()
        for length in [0, 100, 4096, 8192, good.count / 2, good.count - 4096] {
            try self.write(good, scratch.fastPath)
            let arguments =
                reader == "contract-peer"
                ? ["attach", scratch.fastPath, "fastpath", "loop"]
                : ["attach", scratch.fastPath, "loop"]
            let process = try ContractProcess(reader, arguments)
            #expect(process.line("attach") == "attach ok")
            #expect(truncate(scratch.fastPath, off_t(length)) == 0)
            #expect(process.end() == TL_EXIT_PEER_FILE)
            let text = process.errorText
            #expect(text.hasPrefix("the shared file of "))
            #expect(text.split(separator: "\n").count == 1)
        }
    }

    @Test func cutShortUnderBothServingSides() throws {
        for cutsFastPath in [true, false] {
            let pair = try ContractPair()
            let peer = try pair.peer()
            let control = try pair.control(4, "polls=2000")
            #expect(control.line("installed") == "installed 4 0")
            let path = cutsFastPath ? pair.scratch.fastPath : pair.scratch.control
            #expect(truncate(path, 4096) == 0)
            control.send("hold")
            control.send("wait")
            control.closeInput()
            // A named exit, or the file is let go of by name and looked for again.
            let controlEnd = control.end()
            #expect([0, 3, TL_EXIT_PEER_FILE].contains(controlEnd))
            peer.kill(SIGTERM)
            let peerEnd = peer.end()
            let hasLetGo = peerEnd == 0 && peer.lines.contains("attach too_short")
            // A fast path that nobody asks for anything need not notice that its own file is cut.
            #expect(peerEnd == TL_EXIT_PEER_FILE || hasLetGo || cutsFastPath && peerEnd == 0)
        }
    }

    // MARK: Versions

    @Test func shorterMessagesWork() throws {
        let pair = try ContractPair()
        let peer = try pair.peer("event-bytes=56", "cursor-start=0xfffffffc")
        #expect(peer.line("ready") == "ready fresh")
        let control = try pair.control(10)
        #expect(control.line("installed") == "installed 10 0")
        control.send("end")
        #expect(control.line("ended") == "ended 10")
    }

    /// The version before is read, and no earlier one.
    @Test(arguments: [(2, "too_old"), (3, "too_old"), (4, "ok"), (5, "ok"), (6, "too_new")])
    func versionFiveReads(version: Int, result: String) throws {
        let (scratch, _) = try self.leftFile("version=\(version)")
        #expect(self.readAll(scratch.fastPath) == result)
        let reader = try ContractProcess(
            "contract-peer", ["attach", scratch.fastPath, "fastpath"])
        #expect(reader.line("attach") == "attach \(result)")
    }

    @Test(arguments: [(4, "too_old"), (5, "ok"), (6, "ok"), (7, "too_new")])
    func versionSixReads(version: Int, result: String) throws {
        let (scratch, _) = try self.leftFile("version=\(version)")
        let reader = try ContractProcess("contract-peer", ["check", scratch.fastPath, "fastpath"])
        #expect(reader.line("check") == "check \(result)")
    }
}
