// SPDX-License-Identifier: Apache-2.0

import CFlowABI
import Foundation
import Testing

/// A good header of each side, and what a reader says when it is not good any more.
@Suite struct HeaderCheckTests {
    static let magics: [UInt64] = [0x3148_5441_5046_4c54, 0x314c_5254_434c_4c54]

    private func goodHeader(_ magic: UInt64) throws -> (tl_file_header, UInt64) {
        let scratch = try Scratch()
        var map = tl_map(), layout = tl_layout(), kept: Int32 = -1
        try #require(
            own(scratch.fastPath, magic, smallGeometry(), &map, &layout, &kept) == TL_FILE_OK)
        defer { tl_file_unmap(&map) }
        return (map.base.load(as: tl_file_header.self), map.size_bytes)
    }

    private func check(_ header: tl_file_header, _ size: UInt64, _ magic: UInt64) -> Int32 {
        var header = header
        var layout = tl_layout()
        return tl_file_check(&header, size, magic, &layout)
    }

    @Test(arguments: magics) func fieldsThatLieAreNamed(magic: UInt64) throws {
        let (good, size) = try self.goodHeader(magic)
        #expect(self.check(good, size, magic) == TL_FILE_OK)
        #expect(self.check(good, size - 1, magic) == TL_FILE_TOO_SHORT)
        let cases: [(Int32, (inout tl_file_header) -> Void)] = [
            (TL_FILE_BAD_MAGIC, { $0.magic ^= 1 }),
            (TL_FILE_TOO_OLD, { $0.version = 0 }),
            (TL_FILE_TOO_OLD, { $0.version = 1 }),
            (TL_FILE_TOO_OLD, { $0.version = 3 }),
            (TL_FILE_OK, { $0.version = 4 }),
            (TL_FILE_OK, { $0.version = 6 }),
            (TL_FILE_TOO_NEW, { $0.version_oldest = 6 }),
            (TL_FILE_TOO_SHORT, { $0.file_size_bytes = 511 }),
            (TL_FILE_TOO_SHORT, { $0.file_size_bytes = .max }),
            (TL_FILE_BAD_SIZE, { $0.header_size_bytes = 448 }),
            (TL_FILE_BAD_SIZE, { $0.command_size_bytes = 152 }),
            (TL_FILE_BAD_SIZE, { $0.event_size_bytes = .max }),
            (TL_FILE_BAD_SIZE, { $0.packet_size_bytes = 64 }),
            (TL_FILE_BAD_SIZE, { $0.command_size_bytes &+= 4 }),
            (TL_FILE_BAD_SIZE, { $0.record_size_bytes = 0 }),
            (TL_FILE_BAD_SIZE, { $0.worker_size_bytes = 1 }),
            (TL_FILE_BAD_SIZE, { $0.realm_size_bytes = 8 }),
            (TL_FILE_BAD_SIZE, { $0.address_size_bytes = 16 }),
            (TL_FILE_BAD_SIZE, { $0.channel_size_bytes = 192 }),
            (TL_FILE_BAD_GEOMETRY, { $0.worker_count = 65 }),
            (TL_FILE_BAD_GEOMETRY, { $0.event_slots = 5 }),
            (TL_FILE_BAD_SECTION, { $0.shard_count = 2 }),
            (TL_FILE_BAD_SECTION, { $0.channels.offset_bytes = 0 }),
            (TL_FILE_BAD_SECTION, { $0.channels.offset_bytes &+= 1 }),
            (TL_FILE_BAD_SECTION, { $0.channels.stride_bytes = 0 }),
            (TL_FILE_BAD_SECTION, { $0.channels.count &+= 1 }),
            (TL_FILE_BAD_SECTION, { $0.packets.offset_bytes = .max - 63 }),
            (TL_FILE_BAD_SECTION, { $0.packets.offset_bytes = $0.channels.offset_bytes }),
            (TL_FILE_NOT_STARTED, { $0.incarnation = 0 }),
        ]
        for (index, (expected, change)) in cases.enumerated() {
            var header = good
            change(&header)
            #expect(self.check(header, size, magic) == expected, "case \(index)")
        }
        let other = magic == Self.magics[0] ? Self.magics[1] : Self.magics[0]
        #expect(self.check(good, size, other) == TL_FILE_BAD_MAGIC)
    }

    /// Records of drops came with version 4, and no file of an earlier one is read.
    @Test func noFileIsWithoutDropRecords() throws {
        let magic = Self.magics[0]
        var (header, size) = try self.goodHeader(magic)
        #expect(header.drop_records.count == header.records.count + header.worker_count)
        header.drop_records = tl_section()
        #expect(self.check(header, size, magic) == TL_FILE_BAD_SECTION)
        header.version = 4
        #expect(self.check(header, size, magic) == TL_FILE_BAD_SECTION)
        header.version = 3
        #expect(self.check(header, size, magic) == TL_FILE_TOO_OLD)
    }

    /// Every byte of the header with every value: refused by a name, or accepted with a layout
    /// whose every element lies in the file.
    @Test(arguments: magics) func everyByteGarbled(magic: UInt64) throws {
        let (good, size) = try self.goodHeader(magic)
        var refused = 0
        for offset in 0..<MemoryLayout<tl_file_header>.size {
            for value in UInt8.min...UInt8.max {
                var header = good
                withUnsafeMutableBytes(of: &header) { $0[offset] = value }
                var layout = tl_layout()
                let result = tl_file_check(&header, size, magic, &layout)
                #expect((-11...0).contains(result))
                if result == TL_FILE_OK {
                    #expect(self.liesInside(layout, size))
                } else {
                    refused += 1
                }
            }
        }
        #expect(refused > 10_000)
    }

    /// Random words in random places, several at once.
    @Test(arguments: magics) func manyWordsGarbled(magic: UInt64) throws {
        let (good, size) = try self.goodHeader(magic)
        var random = SystemRandomNumberGenerator()
        for _ in 0..<50_000 {
            var header = good
            let words = Int.random(in: 1...3, using: &random)
            withUnsafeMutableBytes(of: &header) { bytes in
                for _ in 0..<words {
                    let at = 4 * Int.random(in: 2..<(bytes.count / 4), using: &random)
                    let value = UInt32.random(in: 0...UInt32.max, using: &random)
                        >> UInt32.random(in: 0...31, using: &random)
                    bytes.storeBytes(of: value, toByteOffset: at, as: UInt32.self)
                }
            }
            var layout = tl_layout()
            if tl_file_check(&header, size, magic, &layout) == TL_FILE_OK {
                #expect(self.liesInside(layout, size))
            }
        }
    }

    private func liesInside(_ layout: tl_layout, _ size: UInt64) -> Bool {
        let sections = [
            layout.channels, layout.commands, layout.events, layout.packets, layout.records,
            layout.workers, layout.realms, layout.addresses, layout.srtp_records,
            layout.drop_records,
        ]
        return sections.allSatisfy { section in
            let (bytes, overflow) = UInt64(section.stride_bytes)
                .multipliedReportingOverflow(by: UInt64(section.count))
            return !overflow && section.offset_bytes <= size && bytes <= size - section.offset_bytes
        }
    }
}
