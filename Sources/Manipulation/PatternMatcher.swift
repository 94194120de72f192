// SPDX-License-Identifier: Apache-2.0

/// What a pattern matched: the whole in place 0, captures behind it; nil for a group that took no
/// part. Ranges have the indices of the value.
public struct PatternMatch: Sendable, Hashable {
    let ranges: [Range<Int>?]

    /// The whole match.
    public var whole: Range<Int> { (self.ranges.first ?? nil) ?? 0..<0 }
}

/// What is left of the work that one message may cost, in steps of matchers and octets of results.
public struct WorkBudget: Sendable {
    /// Steps left.
    public private(set) var left: Int

    /// With so many steps.
    public init(_ steps: Int) { self.left = steps }

    /// Takes steps; false when there are not enough.
    mutating func take(_ steps: Int) -> Bool {
        self.left -= steps
        return self.left >= 0
    }
}

extension Pattern {
    /// The leftmost match at or behind `from`; nil without one, and when the budget is used up
    /// (which the caller sees by the budget).
    public func firstMatch(
        in value: ArraySlice<UInt8>, from: Int? = nil, _ budget: inout WorkBudget
    ) -> PatternMatch? {
        var matcher = PatternMatcher(self)
        return matcher.run(value, from: from ?? value.startIndex, &budget)
    }
}

/// All ways to match, side by side (Pike's machine): one list of places in the program for each
/// octet, in the order of preference, each place at most once.
private struct PatternMatcher {
    /// Places in the program, and what each has captured so far.
    private struct Threads {
        var places: [Int] = []
        var slots: [Int] = []
        /// For each place of the program the position that it was added for: none twice.
        var marks: [Int]
    }

    private enum Pending {
        case place(Int)
        case restore(slot: Int, value: Int)
    }

    private let pattern: Pattern
    private let width: Int
    private var present: Threads
    private var next: Threads
    private var slots: [Int]
    private var pending: [Pending] = []

    init(_ pattern: Pattern) {
        self.pattern = pattern
        self.width = 2 * (pattern.captureCount + 1)
        let threads = Threads(marks: Array(repeating: .min, count: pattern.program.count))
        self.present = threads
        self.next = threads
        self.slots = Array(repeating: -1, count: self.width)
    }

    mutating func run(
        _ value: ArraySlice<UInt8>, from: Int, _ budget: inout WorkBudget
    ) -> PatternMatch? {
        var best: [Int]?
        var index = max(from, value.startIndex)
        while true {
            if best == nil {
                for slot in 0..<self.width { self.slots[slot] = -1 }
                let isAdded = Self.add(
                    0, of: self.pattern, at: index, value, to: &self.present, &self.slots,
                    &self.pending, &budget)
                guard isAdded else { return nil }
            }
            guard !self.present.places.isEmpty else {
                if best != nil || index >= value.endIndex { break }
                index += 1
                continue
            }
            let octet = index < value.endIndex ? value[index] : nil
            guard self.step(octet, at: index, value, &best, &budget) else { return nil }
            swap(&self.present, &self.next)
            self.next.places.removeAll(keepingCapacity: true)
            self.next.slots.removeAll(keepingCapacity: true)
            if index >= value.endIndex { break }
            index += 1
        }
        return best.map { slots in
            PatternMatch(
                ranges: stride(from: 0, to: self.width, by: 2).map { slot in
                    slots[slot] >= 0 && slots[slot + 1] >= slots[slot]
                        ? slots[slot]..<slots[slot + 1] : nil
                })
        }
    }

    /// Every thread takes the octet or ends; one that matched ends those that it is preferred to.
    private mutating func step(
        _ octet: UInt8?, at index: Int, _ value: ArraySlice<UInt8>, _ best: inout [Int]?,
        _ budget: inout WorkBudget
    ) -> Bool {
        for (position, place) in self.present.places.enumerated() {
            let start = position * self.width
            let takes: Bool
            switch self.pattern.program[place] {
            case .match:
                best = Array(self.present.slots[start..<(start + self.width)])
                return true
            case .octet(let wanted): takes = octet == wanted
            case .set(let set): takes = octet.map { self.pattern.sets[set].contains($0) } ?? false
            case .any: takes = octet != nil
            case .split, .jump, .save, .start, .end: takes = false
            }
            guard takes else { continue }
            for slot in 0..<self.width { self.slots[slot] = self.present.slots[start + slot] }
            let isAdded = Self.add(
                place + 1, of: self.pattern, at: index + 1, value, to: &self.next, &self.slots,
                &self.pending, &budget)
            guard isAdded else { return false }
        }
        return true
    }

    /// Adds a place and all that can be reached from it without an octet.
    private static func add(
        _ place: Int, of pattern: Pattern, at index: Int, _ value: ArraySlice<UInt8>,
        to list: inout Threads, _ slots: inout [Int], _ pending: inout [Pending],
        _ budget: inout WorkBudget
    ) -> Bool {
        pending.append(.place(place))
        while let item = pending.popLast() {
            guard case .place(let place) = item else {
                if case .restore(let slot, let value) = item { slots[slot] = value }
                continue
            }
            guard list.marks[place] != index else { continue }
            list.marks[place] = index
            guard budget.take(1) else { return false }
            switch pattern.program[place] {
            case .jump(let target): pending.append(.place(target))
            case .split(let first, let second):
                pending.append(.place(second))
                pending.append(.place(first))
            case .save(let slot):
                pending.append(.restore(slot: slot, value: slots[slot]))
                slots[slot] = index
                pending.append(.place(place + 1))
            case .start: if index == value.startIndex { pending.append(.place(place + 1)) }
            case .end: if index == value.endIndex { pending.append(.place(place + 1)) }
            case .octet, .set, .any, .match:
                list.places.append(place)
                list.slots.append(contentsOf: slots)
            }
        }
        return true
    }
}
