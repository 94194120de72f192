// SPDX-License-Identifier: Apache-2.0

import CMeter

/// Runs what is measured. Everything outside is preparation.
@inline(__always)
func counted<Value>(_ body: () throws -> Value) rethrows -> Value {
    tl_meter_on(1)
    defer { tl_meter_on(-1) }
    let value = try body()
    withUnsafePointer(to: value) { tl_meter_keep($0) }
    return value
}

/// Runs preparation, whatever it calls `counted`.
func uncounted(_ body: () throws -> Void) rethrows {
    tl_meter_on(-1)
    defer { tl_meter_on(1) }
    try body()
}

/// Something the product does over and over.
struct Operation {
    /// As in the thresholds.
    let name: String
    /// Once. Only what `counted` encloses is measured. Throws if it did not do what it should.
    let run: () throws -> Void

    init(_ name: String, _ run: @escaping () throws -> Void) {
        self.name = name
        self.run = run
    }
}

/// What one operation costs on average, in hundredths.
struct Cost {
    static let warmUp = 200
    static let times = 1000

    let allocations: Int
    let bytes: Int
    /// Blocks that were allocated and never freed, counted outside of `counted` too.
    let kept: Int

    init(of operation: Operation) throws {
        for _ in 0..<Self.warmUp { try operation.run() }
        let before = tl_meter_read()
        for _ in 0..<Self.times { try operation.run() }
        let after = tl_meter_read()
        func each(_ total: UInt64) -> Int { Int(total) * 100 / Self.times }
        self.allocations = each(after.allocations - before.allocations)
        self.bytes = each(after.bytes - before.bytes)
        self.kept = Int(after.live - before.live) * 100 / Self.times
    }
}

/// Hundredths as a number: 4, 4.07, -0.50.
func decimal(_ hundredths: Int) -> String {
    let (whole, part) = hundredths.magnitude.quotientAndRemainder(dividingBy: 100)
    let sign = hundredths < 0 ? "-" : ""
    if part == 0 { return "\(sign)\(whole)" }
    return "\(sign)\(whole).\(part < 10 ? "0" : "")\(part)"
}

/// An operation that did not do what it should: its figures would mean nothing.
struct Wrong: Error {
    let what: String

    init(_ what: String) { self.what = what }
}
