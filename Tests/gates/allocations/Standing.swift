// SPDX-License-Identifier: Apache-2.0

import CMeter

/// Something that the product holds many of at a time.
struct Standing {
    /// As in the thresholds.
    let name: String
    /// How many are begun before they are looked at.
    let count: Int
    /// One more, and all that is needed until it stands. The box's work is what `counted` encloses.
    let begin: () throws -> Void
    /// All of them have stood for long enough that nothing is left of their beginning.
    let rest: () throws -> Void
    /// Ends all of them.
    let end: () throws -> Void
}

/// What each of them holds on average: blocks of the heap and their bytes, tables included, which
/// are larger than they need to be for the number given.
extension Cost {
    init(of standing: Standing, blocksMore: Int, isLeaking: Bool) throws {
        var more: [UnsafeMutableRawPointer?] = []
        func begin() throws {
            for _ in 0..<standing.count {
                try standing.begin()
                for _ in 0..<blocksMore { more.append(counted { tl_meter_allocate(24) }) }
                if isLeaking { _ = counted { tl_meter_allocate(24) } }
            }
            try standing.rest()
        }
        func end() throws {
            try standing.end()
            for block in more { tl_meter_release(block) }
            more = []
        }
        func each(_ total: Int64) -> Int { Int(total) * 100 / standing.count }
        let before = tl_meter_read()
        try begin()
        let held = tl_meter_read()
        try end()
        // Tables have their size now.
        let after = tl_meter_read()
        try begin()
        try end()
        self.allocations = each(held.held_blocks - before.held_blocks)
        self.bytes = each(held.held_bytes - before.held_bytes)
        self.kept = each(tl_meter_read().held_blocks - after.held_blocks)
    }
}
