// SPDX-License-Identifier: Apache-2.0

extension MigrationPlan {
    /// "MP" and the version of what follows.
    private static let magic: [UInt8] = [0x4d, 0x50, 1]

    /// The plan with its state, for the store.
    public func encoded() -> [UInt8] {
        var writer = MigrationWriter()
        for byte in Self.magic { writer.integer(UInt64(byte)) }
        writer.text(self.name)
        writer.text(self.service.rawValue)
        writer.integer(self.from.code)
        writer.array(self.accounts) { $0.text($1) }
        writer.array(self.cohorts) { $0.cohort($1) }
        writer.gate(self.gate)
        writer.optional(self.position) { $0.position($1) }
        writer.integer(self.since)
        writer.integer(self.isStopped ? 1 : 0)
        writer.integer(self.historyDropped)
        writer.array(self.history) { $0.entry($1) }
        writer.array(self.changes) { $0.change($1) }
        return writer.bytes
    }

    /// From what `encoded` gave, and from nothing else.
    public init(encoded bytes: [UInt8]) throws(MigrationCodingError) {
        var reader = MigrationReader(bytes)
        for byte in Self.magic where try reader.integer() != UInt64(byte) {
            throw reader.failure(.version)
        }
        let name = try reader.text(most: 64)
        guard let service = Service(rawValue: try reader.text(most: 64)),
            let from = TrunkSet.decode(try reader.integer())
        else { throw reader.failure(.badValue) }
        let accounts = try reader.array(most: Self.accountsMax) {
            (reader: inout MigrationReader) throws(MigrationCodingError) in
            try reader.text(most: 100)
        }
        let cohorts = try reader.array(most: Self.cohortsMax) {
            (reader: inout MigrationReader) throws(MigrationCodingError) in try reader.cohort()
        }
        let gate = try reader.gate()
        do throws(FieldFault) {
            try self.init(
                name: name, service: service, from: from, to: from == .plain ? .bypass : .plain,
                accounts: accounts, cohorts: cohorts, gate: gate)
        } catch {
            throw reader.failure(.badValue)
        }
        guard self.accounts == accounts else { throw reader.failure(.badValue) }
        try self.readState(&reader)
        try reader.end()
    }

    private mutating func readState(
        _ reader: inout MigrationReader
    ) throws(MigrationCodingError) {
        self.position = try reader.optional {
            (reader: inout MigrationReader) throws(MigrationCodingError) in try reader.position()
        }
        self.since = try reader.integer()
        self.isStopped = try reader.integer(most: 1) == 1
        self.historyDropped = try reader.integer()
        self.history = try reader.array(most: Self.historyMax) {
            (reader: inout MigrationReader) throws(MigrationCodingError) in try reader.entry()
        }
        self.changes = try reader.array(most: Self.cohortsMax + MigrationStep.allCases.count) {
            (reader: inout MigrationReader) throws(MigrationCodingError) in try reader.change()
        }
        guard self.isConsistent else { throw reader.failure(.badValue) }
    }

    /// Whether position, history and changes can be of one plan.
    private var isConsistent: Bool {
        let positions = self.positions
        let isPlace = self.position.map(positions.contains) ?? true
        let isOrdered = zip(self.changes, self.changes.dropFirst())
            .allSatisfy { $0.position < $1.position }
        let isReached = self.changes.allSatisfy { change in
            positions.contains(change.position) && !change.isEmpty
                && (self.position.map { change.position <= $0 } ?? false)
                && (change.after == nil || change.after == self.to)
                && change.accounts.allSatisfy(self.has)
        }
        return isPlace && isOrdered && isReached
            && (self.position != nil || !self.isStopped)
            && (self.position == nil || !self.history.isEmpty)
            && self.movedNumbers <= Self.movedMax
    }
}

extension MigrationWriter {
    fileprivate mutating func cohort(_ cohort: MigrationCohort) {
        switch cohort {
        case .numbers(let numbers):
            self.integer(0)
            self.numbers(numbers)
        case .accounts(let names):
            self.integer(1)
            self.array(names) { $0.text($1) }
        case .share(let percent, let names):
            self.integer(2)
            self.integer(percent)
            self.array(names) { $0.text($1) }
        }
    }

    fileprivate mutating func gate(_ gate: MigrationGateSettings) {
        for field in MigrationGateSettings.fields {
            self.integer(UInt64(gate[keyPath: field.path]))
        }
    }

    fileprivate mutating func entry(_ entry: MigrationHistoryEntry) {
        self.integer(UInt64(entry.kind.rawValue))
        self.integer(entry.time)
        self.text(entry.who)
        self.optional(entry.position) { $0.position($1) }
        self.text(entry.note)
    }

    fileprivate mutating func change(_ change: MigrationChange) {
        self.position(change.position)
        self.integer(change.after?.code ?? 0)
        self.numbers(change.numbers.map(\.number))
        for number in change.numbers { self.integer(number.before?.code ?? 0) }
        self.array(change.accounts) { $0.text($1) }
        self.array(change.trunks) { writer, trunk in
            writer.text(trunk.name)
            writer.integer(UInt64(trunk.before.rawValue))
        }
    }
}

extension MigrationReader {
    private mutating func numbers(most: Int) throws(MigrationCodingError) -> [E164] {
        var previous: UInt64 = 0
        return try self.array(most: most) {
            (reader: inout MigrationReader) throws(MigrationCodingError) in
            try reader.number(after: &previous)
        }
    }

    private mutating func names() throws(MigrationCodingError) -> [String] {
        try self.array(most: MigrationPlan.accountsMax) {
            (reader: inout MigrationReader) throws(MigrationCodingError) in
            try reader.text(most: 100)
        }
    }

    fileprivate mutating func cohort() throws(MigrationCodingError) -> MigrationCohort {
        switch try self.integer() {
        case 0: return .numbers(try self.numbers(most: MigrationCohort.numbersMax))
        case 1: return .accounts(try self.names())
        case 2:
            let percent = try self.int(most: 100)
            return .share(percent: percent, of: try self.names())
        default: throw self.failure(.badValue)
        }
    }

    fileprivate mutating func gate() throws(MigrationCodingError) -> MigrationGateSettings {
        var gate = MigrationGateSettings()
        for field in MigrationGateSettings.fields {
            gate[keyPath: field.path] = UInt32(try self.integer(most: UInt64(UInt32.max)))
        }
        return gate
    }

    fileprivate mutating func entry() throws(MigrationCodingError) -> MigrationHistoryEntry {
        let kind: MigrationHistoryEntry.Kind = try self.choice()
        let time = try self.integer()
        let who = try self.text(most: MigrationHistoryEntry.whoMax)
        let position = try self.optional {
            (reader: inout MigrationReader) throws(MigrationCodingError) in try reader.position()
        }
        return MigrationHistoryEntry(
            kind, time: time, who: who, position: position,
            note: try self.text(most: MigrationHistoryEntry.noteMax))
    }

    /// A set of a number's own; nil: none.
    private mutating func override() throws(MigrationCodingError) -> TrunkSet? {
        TrunkSet.decode(try self.integer(most: 2))
    }

    fileprivate mutating func change() throws(MigrationCodingError) -> MigrationChange {
        var change = MigrationChange(try self.position())
        change.after = try self.override()
        let numbers = try self.numbers(most: MigrationPlan.movedMax)
        change.numbers.reserveCapacity(numbers.count)
        for number in numbers {
            let before = try self.override()
            guard before != change.after else { throw self.failure(.badValue) }
            change.numbers.append(.init(number: number, before: before))
        }
        change.accounts = try self.names()
        change.trunks = try self.array(most: 256) {
            (reader: inout MigrationReader) throws(MigrationCodingError) in
            let name = try reader.text(most: 256)
            return MigrationChange.Trunk(name: name, before: try reader.choice())
        }
        return change
    }
}
