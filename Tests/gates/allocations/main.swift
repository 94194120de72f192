// SPDX-License-Identifier: Apache-2.0
//
// Prints what each operation of the product allocates: one line each, fields parted by tabs: name,
// allocations, bytes, blocks kept; averages of 1,000 runs after a warm-up.
//
// With `--waste` each operation makes one allocation more, with `--leak` one that is never freed:
// so that whoever compares can show that he would notice.

import CMeter
import Glibc

let options = CommandLine.arguments.dropFirst()
guard options.allSatisfy({ $0 == "--waste" || $0 == "--leak" }) else {
    print("usage: allocations [--waste] [--leak]")
    exit(2)
}
let isWasting = options.contains("--waste")
let isLeaking = options.contains("--leak")

do {
    for operation in try calibration() + messages() + transactions() + calls() + media()
        + traces() {
        let cost = try Cost(
            of: Operation(operation.name) {
                try operation.run()
                if isWasting { counted { tl_meter_release(tl_meter_allocate(24)) } }
                if isLeaking { _ = tl_meter_allocate(24) }
            })
        print(
            operation.name, decimal(cost.allocations), decimal(cost.bytes), decimal(cost.kept),
            separator: "\t")
    }
} catch {
    print("failed: \(error)")
    exit(1)
}
