// SPDX-License-Identifier: Apache-2.0

import FlowABI

/// Digits for one party that its worker does not have yet, in the order in which they were given.
struct WaitingDigits {
    /// As many as a worker's queue has room for: who has more to say says it later.
    static let countMax = FlowDigits.countMax

    private var bursts: [FlowDigits] = []
    /// The worker had no room: not before this time.
    private(set) var heldUntilNs: UInt64?

    /// Digits that wait.
    var count: Int { self.bursts.reduce(0) { $0 + $1.events.count } }
    var isEmpty: Bool { self.bursts.isEmpty }
    var isHeld: Bool { self.heldUntilNs != nil }
    var first: FlowDigits? { self.bursts.first }

    /// False, and nothing done, where there is no room.
    mutating func append(_ digits: FlowDigits) -> Bool {
        guard self.count + digits.events.count <= Self.countMax else { return false }
        self.bursts.append(digits)
        return true
    }

    mutating func removeFirst() {
        if !self.bursts.isEmpty { self.bursts.removeFirst() }
    }

    /// Those that were taken out last come back, and wait.
    mutating func putBack(_ digits: FlowDigits, untilNs: UInt64) {
        self.bursts.insert(digits, at: 0)
        self.heldUntilNs = untilNs
    }

    mutating func release() { self.heldUntilNs = nil }

    mutating func removeAll() {
        self.bursts = []
        self.heldUntilNs = nil
    }
}
