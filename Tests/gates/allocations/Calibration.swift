// SPDX-License-Identifier: Apache-2.0

import CMeter

/// What is known beforehand: the meter's own cost, and its exactness.
func calibration() -> [Operation] {
    [
        Operation("nothing") { counted {} },
        Operation("ten blocks of 64 bytes") {
            counted { for _ in 0..<10 { tl_meter_release(tl_meter_allocate(64)) } }
        },
        Operation("an array of a hundred numbers") {
            // Header of 32 bytes, and 8 each.
            let numbers = counted { [Int](repeating: 7, count: 100) }
            guard numbers.count == 100 else { throw Wrong("array") }
        },
    ]
}
