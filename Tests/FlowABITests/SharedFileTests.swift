// SPDX-License-Identifier: Apache-2.0

import CFlowABI
import Foundation
import Testing

/// A directory that a test has for itself.
final class Scratch {
    let path: String

    init() throws {
        let root = FileManager.default.fileExists(atPath: "/dev/shm") ? "/dev/shm" : "/tmp"
        self.path = "\(root)/trunkline-test-\(UUID().uuidString)"
        try FileManager.default.createDirectory(
            atPath: self.path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: self.path) }

    var fastPath: String { "\(self.path)/fastpath.shm" }
    var control: String { "\(self.path)/control.shm" }
}

func smallGeometry(flows: UInt32 = 8) -> tl_geometry {
    tl_geometry(
        worker_count: 2, shard_count: 1, flows_per_worker: flows, command_slots: 4,
        event_slots: 4, packet_slots: 2, realm_count: 2, address_count: 1, cursor_start: 0)
}

/// Owns a file for the length of a test.
func own(
    _ path: String, _ magic: UInt64, _ geometry: tl_geometry, _ map: inout tl_map,
    _ layout: inout tl_layout, _ kept: inout Int32
) -> Int32 {
    var geometry = geometry
    var result: Int32 = -1
    // Other tests start processes meanwhile. Until such a one is a program it holds all that is
    // open here, the lock of a file that was just let go included.
    for _ in 0..<200 {
        result = tl_file_own(path, magic, &geometry, 0o640, &map, &layout, &kept)
        guard result == -1, errno == EWOULDBLOCK else { break }
        usleep(10_000)
    }
    return result
}

@Suite struct SharedFileTests {
    let magics: [UInt64] = [0x3148_5441_5046_4c54, 0x314c_5254_434c_4c54]

    @Test func constantsAreTheirText() {
        for (magic, text) in zip(self.magics, ["TLFPATH1", "TLLCTRL1"]) {
            withUnsafeBytes(of: magic) { #expect(String(decoding: $0, as: UTF8.self) == text) }
        }
    }

    @Test func freshThenKeptThenReplaced() throws {
        let scratch = try Scratch()
        for magic in self.magics {
            let path = "\(scratch.path)/\(magic).shm"
            var map = tl_map(), layout = tl_layout(), kept: Int32 = -1
            #expect(own(path, magic, smallGeometry(), &map, &layout, &kept) == TL_FILE_OK)
            #expect(kept == 0)
            let first = header(map).incarnation
            #expect(first != 0)
            header(map, { $0.peer_incarnation = 7 })
            tl_file_unmap(&map)

            #expect(own(path, magic, smallGeometry(), &map, &layout, &kept) == TL_FILE_OK)
            #expect(kept == 1)
            #expect(header(map).incarnation != first)
            #expect(header(map).peer_incarnation == 0)
            #expect(tl_file_replaced(path, &map) == 0)
            var old = map
            old.lock_descriptor = -1
            tl_file_unmap(&map)

            #expect(own(path, magic, smallGeometry(flows: 9), &map, &layout, &kept) == TL_FILE_OK)
            #expect(kept == 0)
            #expect(tl_file_replaced(path, &old) == 1)
            #expect(tl_file_replaced(path, &map) == 0)
            tl_file_unmap(&map)
        }
    }

    @Test func recordsSurviveAndCommandsDoNot() throws {
        let scratch = try Scratch()
        var map = tl_map(), layout = tl_layout(), kept: Int32 = -1
        #expect(
            own(scratch.fastPath, self.magics[0], smallGeometry(), &map, &layout, &kept)
                == TL_FILE_OK)
        tl_section_at(&map, &layout.records, 3).storeBytes(of: 42, as: UInt32.self)
        tl_file_unmap(&map)
        #expect(
            own(scratch.fastPath, self.magics[0], smallGeometry(), &map, &layout, &kept)
                == TL_FILE_OK)
        #expect(tl_section_at(&map, &layout.records, 3).load(as: UInt32.self) == 42)
        tl_file_unmap(&map)

        #expect(
            own(scratch.control, self.magics[1], smallGeometry(), &map, &layout, &kept)
                == TL_FILE_OK)
        tl_section_at(&map, &layout.commands, 3).storeBytes(of: 42, as: UInt32.self)
        tl_file_unmap(&map)
        #expect(
            own(scratch.control, self.magics[1], smallGeometry(), &map, &layout, &kept)
                == TL_FILE_OK)
        #expect(kept == 1)
        #expect(tl_section_at(&map, &layout.commands, 3).load(as: UInt32.self) == 0)
        tl_file_unmap(&map)
    }

    @Test func ringsStartWhereTheGeometrySays() throws {
        let scratch = try Scratch()
        var geometry = smallGeometry()
        geometry.cursor_start = 0xffff_fffe
        var map = tl_map(), layout = tl_layout(), kept: Int32 = -1
        #expect(
            own(scratch.fastPath, self.magics[0], geometry, &map, &layout, &kept) == TL_FILE_OK)
        for channel in 0..<UInt64(layout.channels.count) {
            for end in 0..<4 {
                let base = tl_section_at(&map, &layout.channels, channel)
                let at = base?.load(fromByteOffset: 64 * end, as: UInt32.self)
                #expect(at == 0xffff_fffe)
            }
        }
        tl_file_unmap(&map)
    }

    @Test func oneOwnerOnly() throws {
        let scratch = try Scratch()
        var map = tl_map(), layout = tl_layout(), kept: Int32 = -1
        #expect(
            own(scratch.fastPath, self.magics[0], smallGeometry(), &map, &layout, &kept)
                == TL_FILE_OK)
        var other = tl_map()
        let result = own(
            scratch.fastPath, self.magics[0], smallGeometry(), &other, &layout, &kept)
        #expect(result == TL_FILE_SYSTEM && errno == EWOULDBLOCK)
        tl_file_unmap(&map)
    }

    @Test func absentAndForeignFiles() throws {
        let scratch = try Scratch()
        var map = tl_map(), layout = tl_layout()
        let magic = self.magics[0]
        #expect(tl_file_attach(scratch.fastPath, magic, &map, &layout) == TL_FILE_ABSENT)
        try Data([1, 2, 3]).write(to: URL(fileURLWithPath: scratch.fastPath))
        #expect(tl_file_attach(scratch.fastPath, magic, &map, &layout) == TL_FILE_TOO_SHORT)
        try Data(count: 8192).write(to: URL(fileURLWithPath: scratch.fastPath))
        #expect(tl_file_attach(scratch.fastPath, magic, &map, &layout) == TL_FILE_BAD_MAGIC)
        #expect(tl_file_attach(scratch.path, magic, &map, &layout) == TL_FILE_BAD_MAGIC)
        #expect(mkfifo("\(scratch.path)/fifo", 0o600) == 0)
        #expect(tl_file_attach("\(scratch.path)/fifo", magic, &map, &layout) == TL_FILE_BAD_MAGIC)
        #expect(symlink(scratch.fastPath, "\(scratch.path)/link") == 0)
        #expect(tl_file_attach("\(scratch.path)/link", magic, &map, &layout) == TL_FILE_SYSTEM)
        #expect(map.base == nil)
    }

    @Test func geometryOutsideItsLimitsIsRefused() throws {
        let scratch = try Scratch()
        let changes: [(inout tl_geometry) -> Void] = [
            { $0.worker_count = 0 }, { $0.worker_count = 65 }, { $0.shard_count = 0 },
            { $0.shard_count = 17 }, { $0.flows_per_worker = 0 },
            { $0.flows_per_worker = (1 << 22) + 1 }, { $0.command_slots = 0 },
            { $0.command_slots = 1 }, { $0.command_slots = 3 }, { $0.event_slots = 1 << 17 },
            { $0.packet_slots = 6 }, { $0.realm_count = 33 }, { $0.address_count = 65 },
        ]
        for change in changes {
            var geometry = smallGeometry()
            change(&geometry)
            var map = tl_map(), layout = tl_layout(), kept: Int32 = -1
            #expect(
                own(scratch.fastPath, self.magics[0], geometry, &map, &layout, &kept)
                    == TL_FILE_BAD_GEOMETRY)
            #expect(map.base == nil)
        }
    }

    @Test func everyResultHasItsName() {
        for result in (-11)...0 {
            #expect(String(cString: tl_file_result_name(Int32(result))) != "unknown")
        }
        #expect(String(cString: tl_file_result_name(-12)) == "unknown")
        #expect(String(cString: tl_file_result_name(TL_FILE_TOO_NEW)) == "too_new")
    }

    private func header(_ map: tl_map) -> tl_file_header {
        map.base.load(as: tl_file_header.self)
    }

    private func header(_ map: tl_map, _ change: (inout tl_file_header) -> Void) {
        change(&map.base.assumingMemoryBound(to: tl_file_header.self).pointee)
    }
}
