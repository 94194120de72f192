// SPDX-License-Identifier: Apache-2.0

/// What a packet costs a worker besides its driver, as measured with several numbers of calls: the
/// more there are, the less of them the caches hold.
public struct WorkerCost: Sendable, Equatable {
    /// One measurement.
    public struct Sample: Sendable, Equatable {
        /// Calls of one worker, at least 1.
        public let calls: Int
        /// Time of one packet, ns.
        public let nsPerPacket: Double

        /// From its parts.
        public init(calls: Int, nsPerPacket: Double) {
            self.calls = calls
            self.nsPerPacket = nsPerPacket
        }
    }

    /// By calls, ascending; at least one.
    public let samples: [Sample]

    /// Nil without a sample, or where one makes no sense: numbers out of a file are not believed.
    public init?(_ samples: [Sample]) {
        let isSane = samples.allSatisfy {
            $0.calls > 0 && $0.nsPerPacket.isFinite && (1...1e6).contains($0.nsPerPacket)
        }
        guard !samples.isEmpty, isSane else { return nil }
        self.samples = samples.sorted { $0.calls < $1.calls }
    }

    /// The time of one packet with so many calls, ns: between measurements a straight line, outside
    /// them the nearest one.
    public func nsPerPacket(calls: Int) -> Double {
        var before = self.samples[0]
        for sample in self.samples {
            if sample.calls >= calls {
                guard sample.calls > before.calls else { return sample.nsPerPacket }
                let share =
                    Double(calls - before.calls) / Double(sample.calls - before.calls)
                return before.nsPerPacket + share * (sample.nsPerPacket - before.nsPerPacket)
            }
            before = sample
        }
        return before.nsPerPacket
    }
}
