// SPDX-License-Identifier: Apache-2.0

/// Timers by the millisecond: a hierarchical wheel of 11 levels with 64 slots each, so that any
/// 64-bit time has a place. Start and stop cost one hash look-up; advancing costs what is due and
/// never the time that passed.
///
/// A timer lies on the level of the highest group of six bits in which its time differs from now,
/// in the slot that this group names. So every slot in use lies ahead of now on its level, and
/// everything on a level is due before everything on the levels above.
///
/// Owner: one shard, for all its timers. Bound: `limit` timers; beyond it `start` refuses.
public final class TimerWheel<Token: Hashable> {
    private struct Node {
        var due: UInt64
        var token: Token?
        var previous: Int32
        var next: Int32
        var slot: Int32
    }

    private static var levels: Int { 11 }
    private static var none: Int32 { -1 }

    /// How many timers may run at a time.
    public let limit: Int
    /// How often `start` refused for that limit.
    public private(set) var refusedCount: UInt64 = 0
    /// The time of the last `advance`, in milliseconds.
    public private(set) var nowMilliseconds: UInt64

    private var nodes: [Node] = []
    private var free: [Int32] = []
    private var index: [Token: Int32] = [:]
    private var heads = [Int32](repeating: -1, count: 11 * 64)
    private var tails = [Int32](repeating: -1, count: 11 * 64)
    private var occupied = [UInt64](repeating: 0, count: 11)

    /// An empty wheel at the time given, for 1 to 2^30 timers.
    public init(nowMilliseconds: UInt64, limit: Int = 1 << 22) {
        self.nowMilliseconds = nowMilliseconds
        self.limit = min(max(limit, 1), 1 << 30)
    }

    /// The number of running timers.
    public var count: Int { self.index.count }

    /// Starts a timer, due the given time after `nowMilliseconds`; at least one millisecond. A
    /// timer with an equal token is started anew. False, and nothing changes, at the limit.
    @discardableResult
    public func start(_ token: Token, milliseconds: UInt64) -> Bool {
        let (sum, overflow) = self.nowMilliseconds.addingReportingOverflow(max(milliseconds, 1))
        let due = overflow ? UInt64.max : sum
        if let node = self.index[token] {
            self.unlink(node)
            self.link(node, due: due)
            return true
        }
        guard self.index.count < self.limit else {
            self.refusedCount &+= 1
            return false
        }
        let node = self.takeNode(token)
        self.index[token] = node
        self.link(node, due: due)
        return true
    }

    /// Stops a timer; false when none with this token runs.
    @discardableResult
    public func stop(_ token: Token) -> Bool {
        guard let node = self.index.removeValue(forKey: token) else { return false }
        self.unlink(node)
        self.release(node)
        return true
    }

    /// When `advance` has to be called next: never later than the first timer is due, and later
    /// than now. Nil when no timer runs.
    public var nextDue: UInt64? { self.nextTurn?.time }

    /// Moves on to a time and returns the tokens due by then: in order of time, and of start
    /// where the times are equal. A time that lies behind changes nothing.
    public func advance(to nowMilliseconds: UInt64) -> [Token] {
        var due: [Token] = []
        while let (time, slot) = self.nextTurn, time <= nowMilliseconds {
            self.nowMilliseconds = time
            self.turn(slot, into: &due)
        }
        self.nowMilliseconds = max(self.nowMilliseconds, nowMilliseconds)
        return due
    }

    /// The first slot in use and the time when it begins.
    private var nextTurn: (time: UInt64, slot: Int)? {
        for level in 0..<Self.levels where self.occupied[level] != 0 {
            let slot = self.occupied[level].trailingZeroBitCount
            // The shift operators without `&` give 0 where the whole width is shifted out.
            let above = UInt64(6 * (level + 1))
            let base = (self.nowMilliseconds >> above) << above
            return (base | UInt64(slot) << UInt64(6 * level), level * 64 + slot)
        }
        return nil
    }

    /// Empties a slot that begins now: what is due goes out, the rest into lower levels.
    private func turn(_ slot: Int, into due: inout [Token]) {
        var node = self.takeSlot(slot)
        while node != Self.none {
            let next = self.nodes[Int(node)].next
            if self.nodes[Int(node)].due > self.nowMilliseconds {
                self.link(node, due: self.nodes[Int(node)].due)
            } else if let token = self.nodes[Int(node)].token {
                self.index[token] = nil
                self.release(node)
                due.append(token)
            }
            node = next
        }
    }

    private func takeSlot(_ slot: Int) -> Int32 {
        let head = self.heads[slot]
        self.heads[slot] = Self.none
        self.tails[slot] = Self.none
        self.occupied[slot / 64] &= ~(1 << UInt64(slot % 64))
        return head
    }

    private func link(_ node: Int32, due: UInt64) {
        let difference = due ^ self.nowMilliseconds
        let level = (63 - min(difference.leadingZeroBitCount, 63)) / 6
        let slot = level * 64 + Int(due >> UInt64(6 * level) & 63)
        let tail = self.tails[slot]
        self.nodes[Int(node)].due = due
        self.nodes[Int(node)].slot = Int32(truncatingIfNeeded: slot)
        self.nodes[Int(node)].previous = tail
        self.nodes[Int(node)].next = Self.none
        if tail == Self.none {
            self.heads[slot] = node
            self.occupied[level] |= 1 << UInt64(slot % 64)
        } else {
            self.nodes[Int(tail)].next = node
        }
        self.tails[slot] = node
    }

    private func unlink(_ node: Int32) {
        let (previous, next) = (self.nodes[Int(node)].previous, self.nodes[Int(node)].next)
        let slot = Int(self.nodes[Int(node)].slot)
        if previous == Self.none {
            self.heads[slot] = next
        } else {
            self.nodes[Int(previous)].next = next
        }
        if next == Self.none {
            self.tails[slot] = previous
        } else {
            self.nodes[Int(next)].previous = previous
        }
        if self.heads[slot] == Self.none {
            self.occupied[slot / 64] &= ~(1 << UInt64(slot % 64))
        }
    }

    private func takeNode(_ token: Token) -> Int32 {
        if let node = self.free.popLast() {
            self.nodes[Int(node)].token = token
            return node
        }
        self.nodes.append(
            Node(due: 0, token: token, previous: Self.none, next: Self.none, slot: 0))
        return Int32(truncatingIfNeeded: self.nodes.count - 1)
    }

    private func release(_ node: Int32) {
        self.nodes[Int(node)].token = nil
        self.free.append(node)
    }
}
