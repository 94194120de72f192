// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization
import Testing

@testable import Tenancy

/// A writer beside two readers. ThreadSanitizer runs these too (`Tests/run --long`).
struct DirectoryConcurrencyTests {
    private static let rounds = 20_000

    /// Runs a body in so many threads; returns when all have ended.
    private static func together(_ threads: Int, _ body: @escaping @Sendable (Int) -> Void) {
        let ended = DispatchSemaphore(value: 0)
        for thread in 0..<threads {
            Thread.detachNewThread {
                body(thread)
                ended.signal()
            }
        }
        for _ in 0..<threads { ended.wait() }
    }

    /// What readers saw that they should not have seen.
    private final class Faults: Sendable {
        private let list = Mutex<[String]>([])

        func add(_ fault: String) {
            self.list.withLock { if $0.count < 10 { $0.append(fault) } }
        }

        var all: [String] { self.list.withLock { $0 } }
    }

    private final class View: Sendable {
        let view = Mutex<FlatTableView?>(nil)
    }

    /// The upper half of a value is its key, the lower half counts upward. Some keys stay; others
    /// come and go in the same few partitions, which grow, shrink and reuse their tombstones.
    @Test func readersSeeOldOrNewValuesAndLoseNone() {
        let epochs = ReaderEpochs()
        let mixer = Mixer()
        let faults = Faults()
        let published = View()
        let ready = DispatchSemaphore(value: 0)
        let done = DispatchSemaphore(value: 0)
        Self.together(3) { thread in
            guard thread > 0 else {
                var reclaimer = Reclaimer(epochs: epochs, memory: TableMemory(chunksMax: 64))
                var table = FlatTable(partitionBits: 1, mixer: mixer)
                for key in 1...16 as ClosedRange<UInt64> {
                    _ = table.set(key, to: key << 32, &reclaimer)
                }
                published.view.withLock { $0 = table.view }
                for _ in 0..<2 { ready.signal() }
                for round in 1...UInt64(Self.rounds) {
                    let stays = round % 16 + 1
                    _ = table.set(stays, to: stays << 32 | round, &reclaimer)
                    // Up to 400 of them, then down again.
                    let comes = 100 + round % 400
                    if round / 400 % 2 == 0 {
                        _ = table.set(comes, to: comes << 32, &reclaimer)
                        if round % 3 == 0 { _ = table.remove(comes, &reclaimer) }
                    } else {
                        _ = table.remove(comes, &reclaimer)
                    }
                    _ = reclaimer.collect()
                }
                // The memory goes with the writer: not before the readers are done.
                for _ in 0..<2 { done.wait() }
                return
            }
            ready.wait()
            guard let view = published.view.withLock({ $0 }) else { return }
            var seen = Array(repeating: 0 as UInt64, count: 17)
            for round in 0..<UInt64(Self.rounds) {
                let key = round % 2 == 0 ? round / 2 % 16 + 1 : 100 + round % 400
                epochs.enter(thread)
                let value = view.value(key)
                epochs.leave(thread)
                if let value, value >> 32 != key { faults.add("\(key): the value of another") }
                guard key <= 16 else { continue }
                guard let value else {
                    faults.add("\(key): lost")
                    continue
                }
                if value < seen[Int(key)] { faults.add("\(key): an older value again") }
                seen[Int(key)] = value
            }
            done.signal()
        }
        #expect(faults.all == [])
    }

    /// A number moves between two tenants, each with a set and a header of its own, while other
    /// numbers, tenants and headers come and go.
    @Test func callsSeeOneStateOfANumber() throws {
        let fixture = try DirectoryFixture()
        let directory = fixture.directory
        let number = try DirectoryFixture.e164("+12025550123")
        func state(_ second: Bool) -> ProvisionedNumber {
            var state = ProvisionedNumber(
                number, account: second ? "globex" : "acme",
                service: second ? .acs : .teamsDirectRouting)
            state.trunkSet = second ? .bypass : .plain
            state.customHeader = second ? "of-globex" : "of-acme"
            return state
        }
        let states = [state(false), state(true)]
        try directory.apply(.number(states[0]))
        let faults = Faults()
        Self.together(3) { thread in
            guard thread > 0 else {
                do { try Self.change(directory, states) } catch { faults.add("\(error)") }
                return
            }
            guard let reader = directory.makeReader() else { return faults.add("no reader") }
            for _ in 0..<Self.rounds { Self.look(reader, number, faults) }
        }
        #expect(faults.all == [])
        #expect(directory.counters.numbers == 1)
    }

    private static func change(
        _ directory: TenantDirectory, _ states: [ProvisionedNumber]
    ) throws {
        for round in 0..<Self.rounds / 4 {
            try directory.apply(.number(states[round % 2]))
            let guest = DirectoryFixture.account("guest", label: "guest\(round % 3)")
            try directory.apply(.account(guest))
            guard let number = E164(value: 49_000 + UInt64(round % 7)) else { continue }
            var other = ProvisionedNumber(number, account: "guest", service: .zoom)
            other.customHeader = "other-\(round)"
            try directory.apply(.number(other))
            try directory.setTrunks(
                round.isMultiple(of: 2) ? DirectoryFixture.trunks : [DirectoryFixture.trunks[0]])
            try directory.apply(.numberRemoved(number))
            try directory.apply(.accountRemoved("guest"))
        }
    }

    private static func look(_ reader: DirectoryReader, _ number: E164, _ faults: Faults) {
        guard let entry = reader.number(number), let account = reader.account(entry.account) else {
            return faults.add("lost")
        }
        let isSecond = account.name == "globex"
        if entry.service != (isSecond ? .acs : .teamsDirectRouting)
            || entry.trunkSet != (isSecond ? .bypass : .plain)
        {
            faults.add("a mixed entry: \(account.name), \(entry)")
        }
        let header = reader.customHeader(of: number).map { String(decoding: $0, as: UTF8.self) }
        if header != "of-acme", header != "of-globex" { faults.add("header \(header ?? "lost")") }
        let placement = reader.placement(of: entry, region: 1)
        if placement?.trunkSet != entry.trunkSet { faults.add("another set") }
        if let wrong = placement?.trunks.first(where: { $0.trunk.set != entry.trunkSet }) {
            faults.add("trunk \(wrong.trunk.name) of another set")
        }
        if case .derived(let owner, _) = reader.derivedTrunk(
            host: ArraySlice("acme.1r1.sbc.carrier.example".utf8), port: 5061)
        {
            if owner.name != "acme" { faults.add("label of \(owner.name)") }
        } else {
            faults.add("label lost")
        }
        for value in 49_000..<49_007 as Range<UInt64> {
            guard let guest = E164(value: value).flatMap(reader.number) else { continue }
            if guest.service != .zoom { faults.add("another's entry: \(guest)") }
            let name = reader.account(guest.account)?.name
            if let name, name != "guest" { faults.add("another's account: \(name)") }
        }
    }
}
