// SPDX-License-Identifier: Apache-2.0
//
// Prints what each operation of the product allocates: one line each, fields parted by tabs: name,
// allocations, bytes, blocks kept; averages of 1,000 runs after a warm-up. Then what each thing
// that stands holds: blocks, bytes, blocks kept when it has ended.
//
// With `--run NAME` that one operation is run as often and nothing is printed: for a profiler.
//
// With `--waste` each operation makes one allocation more, with `--leak` one that is never freed:
// so that whoever compares can show that he would notice.

import CMeter
import Glibc

let options = Array(CommandLine.arguments.dropFirst())
let only = options.count == 2 && options[0] == "--run" ? options[1] : nil
guard only != nil || options.allSatisfy({ $0 == "--waste" || $0 == "--leak" }) else {
    print("usage: allocations [--waste] [--leak] | --run NAME")
    exit(2)
}
let isWasting = options.contains("--waste")
let isLeaking = options.contains("--leak")

func show(_ name: String, _ cost: Cost) {
    print(name, decimal(cost.allocations), decimal(cost.bytes), decimal(cost.kept), separator: "\t")
}

do {
    let operations = try calibration() + messages() + transactions() + calls() + media() + traces()
        + records()
    if let only {
        if let operation = operations.first(where: { $0.name == only }) {
            _ = try Cost(of: operation)
        } else if let standing = try established().first(where: { $0.name == only }) {
            _ = try Cost(of: standing, blocksMore: 0, isLeaking: false)
        } else {
            print("no operation \(only)")
            exit(2)
        }
        exit(0)
    }
    for operation in operations {
        let cost = try Cost(
            of: Operation(operation.name) {
                try operation.run()
                if isWasting { counted { tl_meter_release(tl_meter_allocate(24)) } }
                if isLeaking { _ = tl_meter_allocate(24) }
            })
        show(operation.name, cost)
    }
    for standing in try established() {
        let cost = try Cost(
            of: standing, blocksMore: isWasting ? 1 : 0, isLeaking: isLeaking)
        show(standing.name, cost)
    }
} catch {
    print("failed: \(error)")
    exit(1)
}
