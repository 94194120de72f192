// SPDX-License-Identifier: Apache-2.0

/// What of a number of durations is reported, by nearest rank: each figure is one that was
/// measured.
public struct Percentiles {
    private let sorted: [UInt64]

    /// Of durations in nanoseconds.
    public init(_ durationsNs: [UInt64]) { self.sorted = durationsNs.sorted() }

    /// The duration in nanoseconds that `perMille` of a thousand (1 to 1000) do not exceed; zero of
    /// none.
    public func ns(perMille: Int) -> UInt64 {
        guard !self.sorted.isEmpty else { return 0 }
        let rank = (self.sorted.count * perMille + 999) / 1000
        return self.sorted[min(max(rank, 1), self.sorted.count) - 1]
    }

    /// `{"count":..,"p50":..,"p99":..,"p99_9":..,"max":..}`, in microseconds.
    public var jsonUs: String {
        let places = [("p50", 500), ("p99", 990), ("p99_9", 999), ("max", 1000)]
        let members = places.map { "\"\($0)\":\(Double(self.ns(perMille: $1)) / 1000)" }
        return "{\"count\":\(self.sorted.count)," + members.joined(separator: ",") + "}"
    }
}
