// SPDX-License-Identifier: Apache-2.0

/// The order in which the targets of a trunk are tried.
enum TargetOrder {
    /// Those that are up, then demoted ones, then those that are down; among these by priority, and
    /// among equals at random by weight (RFC 2782). Draining ones get no new calls.
    static func order(
        _ targets: [TrunkTarget], _ randomness: inout Randomness
    ) -> [TrunkTarget] {
        var rest = targets.filter { $0.state != .draining }
        guard rest.count > 1 else { return rest }
        rest.sort { ($0.state.rawValue, $0.priority) < ($1.state.rawValue, $1.priority) }
        var ordered: [TrunkTarget] = []
        var start = 0
        while start < rest.count {
            let first = rest[start]
            let end =
                rest[start...].firstIndex {
                    $0.state != first.state || $0.priority != first.priority
                } ?? rest.count
            ordered += self.shuffle(rest[start..<end], &randomness)
            start = end
        }
        return ordered
    }

    /// RFC 2782, "Usage rules": those without weight stand first, so that they are hardly ever
    /// chosen while others are left; then by running sums.
    private static func shuffle(
        _ equals: ArraySlice<TrunkTarget>, _ randomness: inout Randomness
    ) -> [TrunkTarget] {
        var rest = equals.filter { $0.weight == 0 } + equals.filter { $0.weight > 0 }
        var chosen: [TrunkTarget] = []
        while rest.count > 1 {
            let total = rest.reduce(UInt64(0)) { $0 + UInt64($1.weight) }
            // Without weights all are alike.
            guard total > 0 else {
                chosen.append(rest.remove(at: Int(randomness.below(UInt64(rest.count)))))
                continue
            }
            let mark = randomness.below(total + 1)
            var sum: UInt64 = 0
            let place =
                rest.firstIndex { target in
                    sum += UInt64(target.weight)
                    return sum >= mark
                } ?? rest.count - 1
            chosen.append(rest.remove(at: place))
        }
        return chosen + rest
    }
}
