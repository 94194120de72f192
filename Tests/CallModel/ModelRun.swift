// SPDX-License-Identifier: Apache-2.0

/// Plays many sequences one after the other and says how it goes.
///
///     TRUNKLINE_MODEL_SEQUENCES=1000000   how many
///     TRUNKLINE_MODEL_FIRST=1             the first seed; several processes share the work by it
///     TRUNKLINE_MODEL_REPLAY=4711         one seed, with all that happened
///     TRUNKLINE_MODEL_FAULTS=20           after so many seeds with faults it stops
public struct ModelRun: Sendable {
    /// The first seed.
    public var first: UInt64 = 1
    /// How many sequences.
    public var count: UInt64
    /// One to be told in full.
    public var replay: UInt64?
    /// After so many with a fault it stops.
    public var faultsMax = 20

    /// So many sequences, or what the environment says.
    public init(count: UInt64, environment: [String: String] = [:]) {
        func number(_ name: String) -> UInt64? {
            environment["TRUNKLINE_MODEL_" + name].flatMap { UInt64($0) }
        }
        self.count = number("SEQUENCES") ?? count
        self.first = number("FIRST") ?? 1
        self.replay = number("REPLAY")
        self.faultsMax = number("FAULTS").map { Int(clamping: $0) } ?? 20
    }

    /// What came of it.
    public struct Result: Sendable {
        /// Seeds whose sequences showed a fault, with the fault.
        public var faults: [(seed: UInt64, fault: String)] = []
        /// Sequences that were played.
        public var sequences: UInt64 = 0
        /// Calls, dialogs, and pairs of legs that were compared, in all of them.
        public var calls = 0
        public var dialogs = 0
        public var pairs = 0
    }

    /// Plays them. `say` gets lines for people: progress every 10,000 sequences, and faults.
    public func play(clock: () -> Double, say: (String) -> Void) -> Result {
        var result = Result()
        if let replay = self.replay {
            let outcome = ModelSequence.play(seed: replay, logs: true)
            for line in outcome.log { say(line) }
            for fault in outcome.faults { say("seed \(replay): \(fault)") }
            result.sequences = 1
            result.faults = outcome.faults.map { (replay, $0) }
            return result
        }
        let began = clock()
        for seed in self.first..<(self.first + self.count) {
            let outcome = ModelSequence.play(seed: seed)
            result.sequences += 1
            result.calls += outcome.calls
            result.dialogs += outcome.dialogs
            result.pairs += outcome.pairs
            if let fault = outcome.faults.first {
                result.faults.append((seed, fault))
                say("seed \(seed): \(fault)")
                if result.faults.count >= self.faultsMax { break }
            }
            if result.sequences % 10_000 == 0 || result.sequences == self.count {
                let seconds = max(clock() - began, 0.001)
                let rate = Int(Double(result.sequences) / seconds)
                say(
                    "\(result.sequences) of \(self.count) sequences, \(rate) a second, "
                        + "\(result.calls) calls, \(result.dialogs) dialogs, \(result.pairs) pairs "
                        + "compared, \(result.faults.count) with faults")
            }
        }
        return result
    }
}
