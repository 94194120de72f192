// SPDX-License-Identifier: Apache-2.0

extension NodeConfiguration {
    /// How the targets of a trunk are tried for a new call.
    public struct Failover: Sendable, Hashable {
        /// Final statuses after which the next target is tried, 300 to 599.
        public var codes: [Int]
        /// How long a target may say nothing, ms.
        public var silenceMilliseconds: Int
        /// How long the search may take before an 18x, ms; 0: as long as a call may ring.
        public var deadlineMilliseconds: Int

        /// As without any key.
        public static let standard = Failover(
            codes: [408, 503, 504], silenceMilliseconds: 2000, deadlineMilliseconds: 8000)
    }
}

extension ConfigurationReader {
    /// The keys of a trunk that say how its targets are tried.
    func failover(_ section: SectionReader) -> NodeConfiguration.Failover {
        var failover = NodeConfiguration.Failover.standard
        if let codes = section.integers(FailoverKeys.codes) { failover.codes = codes.map(\.value) }
        if let silence = section.integer(FailoverKeys.silence) {
            failover.silenceMilliseconds = silence.value
        }
        guard let deadline = section.integer(FailoverKeys.deadline) else { return failover }
        failover.deadlineMilliseconds = deadline.value
        if deadline.value != 0, deadline.value < failover.silenceMilliseconds {
            self.issues.add(
                deadline,
                "is less than the \(failover.silenceMilliseconds) ms that one target may take",
                "write more, or less for \(FailoverKeys.silence.name)")
        }
        return failover
    }
}
