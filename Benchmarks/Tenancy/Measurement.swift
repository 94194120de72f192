// SPDX-License-Identifier: Apache-2.0

import CMeter
import Tenancy

/// One run: a directory is filled, looked into and changed.
struct Measurement {
    /// Numbers that are provisioned at a time.
    private static let batch = 256

    let population: Population
    private let directory: TenantDirectory
    private let residentBefore = Memory.resident
    private var report: [(String, String)] = []

    init(numbers: Int) {
        self.population = Population(numbers: numbers)
        self.directory = TenantDirectory(expectedNumbers: numbers)
    }

    /// All of it as one line of JSON; nil where something was refused.
    mutating func run(lookups: Int, changes: Int) -> String? {
        guard (try? self.fill()) != nil, self.look(lookups), self.watch(changes),
            (try? self.change(changes)) != nil, (try? self.grow()) != nil
        else { return nil }
        return "{" + self.report.map { "\"\($0)\":\($1)" }.joined(separator: ",") + "}"
    }

    private mutating func add(_ name: String, _ value: some CustomStringConvertible) {
        self.report.append((name, value.description))
    }

    // MARK: Load

    private mutating func fill() throws {
        try self.directory.setTrunks(Population.trunks)
        let start = Clock.runNs
        for position in 0..<self.population.accounts {
            try self.directory.apply(.account(Population.account(position)))
        }
        let between = Clock.runNs
        var batch: [DirectoryChange] = []
        for position in 0..<self.population.numbers {
            guard let number = self.population.provisioned(position) else { continue }
            batch.append(.number(number))
            guard batch.count == Self.batch else { continue }
            try self.directory.apply(batch)
            batch.removeAll(keepingCapacity: true)
        }
        try self.directory.apply(batch)
        let end = Clock.runNs
        let counters = self.directory.counters
        self.add("numbers", counters.numbers)
        self.add("accounts", counters.accounts)
        self.add("accounts_s", Double(between - start) / 1e9)
        self.add("load_s", Double(end - between) / 1e9)
        self.add("copies", counters.copies)
        self.add("table_bytes", counters.tableBytes)
        self.add("huge_bytes", Memory.hugePages)
        self.add(
            "bytes_per_number",
            Double(Memory.resident - self.residentBefore) / Double(counters.numbers))
    }

    // MARK: Look-ups

    /// Each look-up's number comes from what the one before has found.
    private mutating func look(_ lookups: Int) -> Bool {
        guard let reader = self.directory.makeReader() else { return false }
        var host: [UInt8] = []
        host.reserveCapacity(64)
        var state: UInt64 = 1
        var missed = 0
        let windows = 10
        func window(_ count: Int) {
            for _ in 0..<count where !self.lookUp(reader, &state, &host) { missed += 1 }
        }
        window(lookups / windows)
        tl_meter_on(1)
        let before = tl_meter_read().allocations
        var times: [UInt64] = []
        times.reserveCapacity(windows)
        let grown = tl_meter_read().allocations
        for _ in 0..<windows {
            let start = Clock.runNs
            window(lookups / windows)
            times.append(Clock.runNs &- start)
        }
        let after = tl_meter_read().allocations
        tl_meter_on(-1)
        let each = times.map { Double($0) / Double(lookups / windows) }
        self.add("lookups", lookups)
        self.add("lookup_ns", each.reduce(0, +) / Double(windows))
        self.add("lookup_ns_min", each.min() ?? 0)
        self.add("lookup_ns_max", each.max() ?? 0)
        self.add("lookup_allocations", Double(after - grown) / Double(lookups))
        // That the meter counts at all.
        self.add("meter_works", grown > before)
        self.add("missed", missed)
        return true
    }

    private func lookUp(
        _ reader: DirectoryReader, _ state: inout UInt64, _ host: inout [UInt8]
    ) -> Bool {
        state = (state ^ state >> 29) &* 0xbf58_476d_1ce4_e5b9
        let position = state.multipliedFullWidth(by: UInt64(self.population.numbers)).high
        guard let number = self.population.number(Int(position)),
            let entry = reader.number(number),
            let placement = reader.placement(of: entry, region: 1),
            let trunk = placement.trunks.first
        else { return false }
        host.removeAll(keepingCapacity: true)
        trunk.appendHost(placement.label, to: &host)
        for byte in host.prefix(12) { state = state &* 31 &+ UInt64(byte) }
        return true
    }

    // MARK: Changes

    private mutating func watch(_ changes: Int) -> Bool {
        let delays = Visibility.measure(self.directory, self.population, changes: changes).sorted()
        guard delays.count == changes else { return false }
        self.add("changes", changes)
        self.add("change_visible_us_p50", Double(delays[changes / 2]) / 1000)
        self.add("change_visible_us_p99", Double(delays[changes * 99 / 100]) / 1000)
        self.add("change_visible_us_max", Double(delays[changes - 1]) / 1000)
        return true
    }

    /// A third of the changes move a number, a third remove one and a third put it back.
    private mutating func change(_ changes: Int) throws {
        var before = self.directory.counters.storedBytes
        let start = before
        var most = 0
        for change in 0..<changes {
            let position = change / 3 &* 7919 % self.population.numbers
            guard var number = self.population.provisioned(position) else { continue }
            if change % 3 == 0 { number.trunkSet = .plain }
            let removes = change % 3 == 1
            try self.directory.apply(removes ? .numberRemoved(number.number) : .number(number))
            let now = self.directory.counters.storedBytes
            most = max(most, now - before)
            before = now
        }
        self.add("change_bytes", Double(before - start) / Double(changes))
        self.add("change_bytes_max", most)
    }

    /// A third more numbers: most partitions double, and no change may take longer than those that
    /// make one do so.
    private mutating func grow() throws {
        var copies = self.directory.counters.copies
        var times: [UInt64] = []
        for position in self.population.numbers..<self.population.numbers / 3 * 4 {
            guard var number = self.population.provisioned(position) else { continue }
            number.account = "tenant-0"
            let start = Clock.runNs
            try self.directory.apply(.number(number))
            let spent = Clock.runNs &- start
            let now = self.directory.counters.copies
            if now > copies { times.append(spent) }
            copies = now
        }
        times.sort()
        self.add("growth_copies", times.count)
        self.add("growth_us_p99_9", Double(times.dropLast(times.count / 1000).last ?? 0) / 1000)
        self.add("growth_us_max", Double(times.last ?? 0) / 1000)
    }
}
