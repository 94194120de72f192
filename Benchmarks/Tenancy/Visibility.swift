// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization
import Tenancy

/// How long a change takes until another thread sees it: from before the writer's call to after
/// that look-up of a thread that looks all the time which finds it.
enum Visibility {
    private final class Shared: Sendable {
        /// When the change with this number began, nanoseconds.
        let began = Atomic<UInt64>(0)
        /// Changes that the reader has seen.
        let seen = Atomic<Int>(0)
        let ended = Atomic<Bool>(false)
        let delays = Mutex<[UInt64]>([])
    }

    /// Delays of so many changes, nanoseconds; empty where they were refused.
    static func measure(
        _ directory: TenantDirectory, _ population: Population, changes: Int
    ) -> [UInt64] {
        guard var number = population.provisioned(0) else { return [] }
        let shared = Shared()
        let watched = number.number
        Thread.detachNewThread { Self.watch(directory, watched, changes, shared) }
        for change in 1...changes {
            number.trunkSet = Self.set(change)
            shared.began.store(Clock.ns, ordering: .sequentiallyConsistent)
            guard (try? directory.apply(.number(number))) != nil else { break }
            while shared.seen.load(ordering: .acquiring) < change,
                !shared.ended.load(ordering: .acquiring)
            {}
        }
        while !shared.ended.load(ordering: .acquiring) { sched_yield() }
        return shared.delays.withLock { $0 }
    }

    private static func watch(
        _ directory: TenantDirectory, _ number: E164, _ changes: Int, _ shared: Shared
    ) {
        defer { shared.ended.store(true, ordering: .releasing) }
        guard let reader = directory.makeReader() else { return }
        var delays: [UInt64] = []
        delays.reserveCapacity(changes)
        for change in 1...changes {
            while reader.number(number)?.trunkSet != Self.set(change) {}
            delays.append(Clock.ns &- shared.began.load(ordering: .sequentiallyConsistent))
            shared.seen.store(change, ordering: .releasing)
        }
        let found = delays
        shared.delays.withLock { $0 = found }
    }

    private static func set(_ change: Int) -> TrunkSet? {
        change.isMultiple(of: 2) ? .plain : .bypass
    }
}
