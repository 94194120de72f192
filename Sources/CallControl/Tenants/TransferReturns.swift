// SPDX-License-Identifier: Apache-2.0

import Tenancy

/// Transfers to telephone numbers that services are asked for: the call that such a service then
/// makes for it comes back with the number of an outsider and without History-Info. It is expected,
/// once and for a while.
struct TransferReturns {
    private struct Expected: Hashable {
        let account: AccountIndex
        let target: E164
    }

    /// How long a call is expected.
    static let milliseconds: Milliseconds = 30_000
    /// Calls that are expected at a time; the oldest are given up beyond that.
    static let limit = 10_000

    private var deadlines: [Expected: [Milliseconds]] = [:]
    private var order: [(expected: Expected, deadline: Milliseconds)] = []
    private var first = 0

    /// A call of this tenant to the target is expected.
    mutating func expect(_ target: E164, of account: AccountIndex, now: Milliseconds) {
        self.dropOld(now)
        if self.order.count - self.first >= Self.limit { self.dropFirst() }
        let expected = Expected(account: account, target: target)
        let deadline = now &+ Self.milliseconds
        self.deadlines[expected, default: []].append(deadline)
        self.order.append((expected, deadline))
    }

    /// True, once for each time that it was expected, if such a call is.
    mutating func take(
        _ target: E164, of account: AccountIndex, now: Milliseconds
    ) -> Bool {
        self.dropOld(now)
        let expected = Expected(account: account, target: target)
        guard var deadlines = self.deadlines[expected], !deadlines.isEmpty else { return false }
        deadlines.removeFirst()
        self.deadlines[expected] = deadlines.isEmpty ? nil : deadlines
        return true
    }

    private mutating func dropOld(_ now: Milliseconds) {
        while self.first < self.order.count, self.order[self.first].deadline <= now {
            self.dropFirst()
        }
    }

    private mutating func dropFirst() {
        let (expected, deadline) = self.order[self.first]
        self.first += 1
        if self.first > 64, self.first * 2 > self.order.count {
            self.order.removeSubrange(..<self.first)
            self.first = 0
        }
        guard var deadlines = self.deadlines[expected], deadlines.first == deadline else { return }
        deadlines.removeFirst()
        self.deadlines[expected] = deadlines.isEmpty ? nil : deadlines
    }
}
