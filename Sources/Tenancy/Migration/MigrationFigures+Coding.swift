// SPDX-License-Identifier: Apache-2.0

extension MigrationFigures {
    /// "MF" and the version of what follows.
    private static let magic: [UInt8] = [0x4d, 0x46, 2]
    /// More calls than any node sees; sums of such counts do not overflow.
    fileprivate static let countMax: UInt64 = 1 << 40

    /// The figures for the store; empty buckets take next to nothing.
    public func encoded() -> [UInt8] {
        var writer = MigrationWriter()
        for byte in Self.magic { writer.integer(UInt64(byte)) }
        writer.integer(self.from.code)
        writer.integer(self.to.code)
        writer.integer(self.unassigned)
        writer.array([self.baseline] + self.cohorts) { writer, tally in
            for direction in CallDirection.allCases { writer.tally(tally[direction]) }
        }
        return writer.bytes
    }

    /// From what `encoded` gave, and from nothing else.
    public init(encoded bytes: [UInt8]) throws(MigrationCodingError) {
        var reader = MigrationReader(bytes)
        for byte in Self.magic where try reader.integer() != UInt64(byte) {
            throw reader.failure(.version)
        }
        guard let from = TrunkSet.decode(try reader.integer()),
            let to = TrunkSet.decode(try reader.integer()), from != to
        else { throw reader.failure(.badValue) }
        self.init(from: from, to: to, cohorts: 0)
        self.unassigned = try reader.integer(most: Self.countMax)
        let tallies = try reader.array(most: MigrationPlan.cohortsMax + 1) {
            (reader: inout MigrationReader) throws(MigrationCodingError) in
            var tally = DirectedTally()
            for direction in CallDirection.allCases { tally[direction] = try reader.tally() }
            return tally
        }
        guard let baseline = tallies.first else { throw reader.failure(.badValue) }
        self.baseline = baseline
        self.cohorts = Array(tallies.dropFirst())
        try reader.end()
    }
}

extension MigrationWriter {
    fileprivate mutating func tally(_ tally: CallTally) {
        self.integer(tally.calls)
        guard tally.calls > 0, let first = tally.first, let last = tally.last else { return }
        self.integer(tally.answered)
        self.integer(tally.judged)
        self.integer(tally.oneWay)
        self.integer(first)
        self.integer(last - first)
        var next = 0
        let filled = tally.setup.counts.enumerated().filter { $0.element > 0 }
        self.array(filled) { writer, bucket in
            writer.integer(bucket.offset - next)
            writer.integer(bucket.element)
            next = bucket.offset + 1
        }
    }
}

extension MigrationReader {
    fileprivate mutating func tally() throws(MigrationCodingError) -> CallTally {
        var tally = CallTally()
        tally.calls = try self.integer(most: MigrationFigures.countMax)
        guard tally.calls > 0 else { return tally }
        tally.answered = try self.integer(most: tally.calls)
        tally.judged = try self.integer(most: tally.answered)
        tally.oneWay = try self.integer(most: tally.judged)
        let first = try self.integer()
        let (last, overflows) = first.addingReportingOverflow(try self.integer())
        guard !overflows else { throw self.failure(.badValue) }
        tally.first = first
        tally.last = last
        var next = 0
        let filled = try self.array(most: SetupHistogram.buckets) {
            (reader: inout MigrationReader) throws(MigrationCodingError) in
            let bucket = next + (try reader.int(most: SetupHistogram.buckets))
            guard bucket < SetupHistogram.buckets else { throw reader.failure(.badValue) }
            next = bucket + 1
            let count = try reader.integer(most: MigrationFigures.countMax)
            guard count > 0 else { throw reader.failure(.badValue) }
            return (bucket, count)
        }
        for (bucket, count) in filled { tally.setup.counts[bucket] = count }
        guard tally.setup.total <= tally.calls else { throw self.failure(.badValue) }
        return tally
    }
}
