// SPDX-License-Identifier: Apache-2.0

import CFlowABI
import Foundation
import Testing

/// The other side writes nonsense into what changes: cursors, messages, records, liveness. The
/// reader names a fault or goes on; a good process in the liar's place is served again.
@Suite(.serialized) struct GarbledRingTests {
    /// Writes into a mapped file from outside, behind both processes' backs.
    private final class Vandal {
        let handle: FileHandle
        var header: tl_file_header

        init(_ path: String) throws {
            self.handle = try FileHandle(forUpdating: URL(fileURLWithPath: path))
            var header = tl_file_header()
            let bytes = try self.handle.read(upToCount: 512) ?? Data()
            withUnsafeMutableBytes(of: &header) { $0.copyBytes(from: bytes) }
            self.header = header
        }

        func write(_ section: tl_section, _ index: Int, _ offset: Int, _ bytes: [UInt8]) throws {
            let at = Int(section.offset_bytes) + index * Int(section.stride_bytes) + offset
            try self.handle.seek(toOffset: UInt64(at))
            try self.handle.write(contentsOf: bytes)
        }

        func garble(_ section: tl_section) throws {
            guard section.count > 0 else { return }
            let length = Int.random(in: 1...8)
            try self.write(
                section, Int.random(in: 0..<Int(section.count)),
                Int.random(in: 0...(Int(section.stride_bytes) - length)),
                (0..<length).map { _ in UInt8.random(in: 0...255) })
        }

        func garbleLiveness() throws {
            try self.handle.seek(toOffset: UInt64(Int.random(in: 64..<127)))
            try self.handle.write(contentsOf: [UInt8.random(in: 0...255)])
        }
    }

    private func word(_ value: UInt32) -> [UInt8] { withUnsafeBytes(of: value) { Array($0) } }

    /// Each cursor of the fast path set to a number that cannot be true.
    @Test(arguments: [0, 1]) func cursorOfTheFastPath(ringEnd: Int) throws {
        let pair = try ContractPair()
        let peer = try pair.peer("hold=0")
        let control = try pair.control(4)
        #expect(control.line("installed") == "installed 4 0")
        let vandal = try Vandal(pair.scratch.fastPath)
        for channel in 0..<2 {
            try vandal.write(
                vandal.header.channels, channel, 64 * ringEnd, self.word(0x4000_0000))
        }
        control.send("hold")
        // The lie is named, and a second later both begin anew.
        #expect(control.line("held") == "held 4")
        control.send("wait")
        // The command ring's cursor is looked at only when no room is known of; by then the worker
        // may have written over the lie.
        let waited = control.line("waited")
        #expect(waited == "waited faults=1" || ringEnd == 0 && waited == "waited faults=0")
        peer.kill(SIGTERM)
        #expect(peer.end() == 0)
    }

    @Test(arguments: [0, 1]) func cursorOfTheControlPlane(ringEnd: Int) throws {
        let pair = try ContractPair()
        let peer = try pair.peer()
        let control = try pair.control(4)
        #expect(control.line("installed") == "installed 4 0")
        let vandal = try Vandal(pair.scratch.control)
        try vandal.write(vandal.header.channels, 0, 64 * ringEnd, self.word(0x4000_0000))
        if ringEnd == 1 {
            // The worker looks at the reader of its events when it has something to say.
            peer.kill(SIGUSR2)
        }
        #expect(peer.line("fault") == "fault cursor")
        control.kill(SIGKILL)
        _ = control.end()
        let again = try pair.control(4, "restore=1")
        #expect(again.line("installed") == "installed 4 0")
    }

    @Test func nonsenseInTheFastPathsFile() throws {
        let pair = try ContractPair()
        let peer = try pair.peer()
        let control = try pair.control(8)
        #expect(control.line("installed") == "installed 8 0")
        let vandal = try Vandal(pair.scratch.fastPath)
        let h = vandal.header
        for _ in 0..<150 {
            for section in [h.channels, h.events, h.packets, h.records, h.workers, h.realms] {
                try vandal.garble(section)
            }
            try vandal.garbleLiveness()
            if Bool.random() { peer.kill(SIGUSR2) }
        }
        control.send("wait")
        #expect(control.line("waited") != nil)
        // Whatever it believed: with an honest process and file it has what it wants again.
        peer.kill(SIGKILL)
        _ = peer.end()
        try FileManager.default.removeItem(atPath: pair.scratch.fastPath)
        let honest = try pair.peer()
        #expect(honest.line("ready") == "ready fresh")
        control.send("rematch")
        #expect(control.line("reinstalled") == "reinstalled 8")
        control.closeInput()
        #expect(control.end() == 0)
    }

    @Test func nonsenseInTheControlPlanesFile() throws {
        let pair = try ContractPair()
        let peer = try pair.peer()
        let control = try pair.control(8)
        #expect(control.line("installed") == "installed 8 0")
        let vandal = try Vandal(pair.scratch.control)
        let h = vandal.header
        for round in 0..<150 {
            for section in [h.channels, h.commands, h.packets] { try vandal.garble(section) }
            try vandal.garbleLiveness()
            // Cursors that offer garbled commands.
            try vandal.write(h.channels, round % 2, 0, self.word(UInt32(round)))
            usleep(300)
        }
        control.kill(SIGKILL)
        _ = control.end()
        try FileManager.default.removeItem(atPath: pair.scratch.control)
        let again = try pair.control(8, "restore=1")
        #expect(again.line("installed")?.hasPrefix("installed 8") == true)
        again.send("end")
        #expect(again.line("ended") == "ended 8")
        peer.kill(SIGTERM)
        #expect(peer.end() == 0)
    }
}
