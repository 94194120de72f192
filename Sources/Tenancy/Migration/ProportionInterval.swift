// SPDX-License-Identifier: Apache-2.0

/// A proportion of events, or the difference of two, with its 95 % interval.
struct ProportionInterval: Sendable, Hashable {
    /// As observed.
    let value: Double
    /// The interval's lower bound.
    let lower: Double
    /// Its upper bound.
    let upper: Double

    /// 97.5th percentile of the normal distribution: 95 % between both bounds.
    static let z = 1.959_963_984_540_054

    private init(value: Double, lower: Double, upper: Double) {
        self.value = value
        self.lower = lower
        self.upper = upper
    }

    /// Wilson's score interval without continuity correction (E. B. Wilson, "Probable inference,
    /// the law of succession, and statistical inference", JASA 22, 1927): good also for few trials
    /// and for rates near 0 and 1, where that of the normal approximation is empty. Nil: no trials.
    init?(_ events: UInt64, of trials: UInt64) {
        guard trials > 0, events <= trials else { return nil }
        let n = Double(trials)
        let p = Double(events) / n
        let z2 = Self.z * Self.z
        let centre = (p + z2 / (2 * n)) / (1 + z2 / n)
        let half = Self.z * (p * (1 - p) / n + z2 / (4 * n * n)).squareRoot() / (1 + z2 / n)
        // Rounding must not take the observed rate out of its interval.
        self.init(
            value: p, lower: max(0, min(centre - half, p)), upper: min(1, max(centre + half, p)))
    }

    /// Newcombe's hybrid score interval of `one - other`, made from both Wilson intervals
    /// (R. G. Newcombe, "Interval estimation for the difference between independent proportions:
    /// comparison of eleven methods", Statistics in Medicine 17, 1998, method 10).
    init(_ one: ProportionInterval, minus other: ProportionInterval) {
        func distance(_ a: Double, _ b: Double) -> Double { (a * a + b * b).squareRoot() }
        let value = one.value - other.value
        self.init(
            value: value,
            lower: value - distance(one.value - one.lower, other.upper - other.value),
            upper: value + distance(one.upper - one.value, other.value - other.lower))
    }
}
