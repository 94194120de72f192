// SPDX-License-Identifier: Apache-2.0

/// The tables that calls look tenants and numbers up in. Any thread may change them, one at a time;
/// threads that read have a `DirectoryReader` each and wait for nobody. A change is seen by all of
/// them as soon as `apply` returns.
public final class TenantDirectory: Sendable {
    /// How much there may be.
    public struct Limits: Sendable, Hashable {
        /// Numbers, at least one. What 10 million take: DirectoryCounters.tableBytes.
        public var numbers = 20_000_000
        /// Tenants, 1 to 1,048,576.
        public var accounts = 1_000_000
        /// Different contents of custom headers, 1 to 33,554,431.
        public var texts = 1_000_000

        /// The defaults.
        public init() {}

        /// Chunks of memory for the tables: twice what is used when all partitions have just grown
        /// (five sixteenths full), since old and new are there at a time, and one of each size.
        var chunks: Int {
            (self.numbers + self.accounts) / 5 * 16 * 16 * 2 / Chunk.byteCount + 64
        }
    }

    /// What readers see.
    let tables: DirectoryTables
    private let state: Locked<DirectoryState>

    /// Without tenants. Where it is known how many numbers will come first, filling it takes less
    /// time: the tables do not have to grow.
    public init(_ limits: Limits = Limits(), expectedNumbers: Int = 0) {
        let state = DirectoryState(limits, min(max(expectedNumbers, 0), limits.numbers))
        self.tables = state.tables
        self.state = Locked(state)
    }

    /// Makes a change. Removing what is not there is none. Throws where it cannot be made, and then
    /// nothing has changed: `notFound` for a number of an unknown tenant, `notUnique` for a label
    /// that another tenant has, `limitReached` at a limit.
    public func apply(_ change: DirectoryChange) throws(FieldFault) {
        try self.state.withLock { state throws(FieldFault) in try state.apply(change) }
    }

    /// Makes changes one after the other, faster than one by one: readers may see one and not yet
    /// the next. Throws at the first that cannot be made; those before it have been.
    public func apply(_ changes: [DirectoryChange]) throws(FieldFault) {
        try self.state.withLock { state throws(FieldFault) in try state.apply(changes) }
    }

    /// Replaces the carrier trunks. At most 64, in regions 1 and 2; those of a region and set are
    /// tried in their order here.
    public func setTrunks(_ trunks: [CarrierTrunk]) throws(FieldFault) {
        try self.state.withLock { state throws(FieldFault) in try state.setTrunks(trunks) }
    }

    /// What there is, and which limits were met.
    public var counters: DirectoryCounters { self.state.withLock { $0.counters } }

    /// A reader for one thread; nil where `ReaderEpochs.readersMax` (64) have one.
    public func makeReader() -> DirectoryReader? {
        self.state.withLock { $0.takeReader() }.map { DirectoryReader(self, number: $0) }
    }

    /// The reader is no more.
    func release(reader: Int) { self.state.withLock { $0.giveReader(reader) } }

    static func noMemory(_ field: String) -> FieldFault {
        FieldFault(
            .limitReached, field, "finds no memory in the tables of this node",
            "fewer numbers, or a machine with more memory")
    }
}

/// What a directory has, and how often it refused.
public struct DirectoryCounters: Sendable, Hashable {
    /// Field of the refusal of a change that can be made a moment later.
    public static let waitingField = "directory.waiting"

    /// Numbers.
    public var numbers = 0
    /// Tenants, with removed ones whose numbers are still there.
    public var accounts = 0
    /// Different contents of custom headers.
    public var texts = 0
    /// Changes that were made.
    public var changes = 0
    /// Changes that were refused at a limit: `limitReached`.
    public var limitRefusals = 0
    /// Changes that were refused for what they say.
    public var faultRefusals = 0
    /// Readers that were refused: 64 are there.
    public var readerRefusals = 0
    /// Memory of the tables of numbers and labels, bytes.
    public var tableBytes = 0
    /// Bytes that changes have stored in them.
    public var storedBytes = 0
    /// Partitions of them that were copied.
    public var copies = 0
    /// What was taken out and is still kept, since readers may be looking at it.
    public var waiting = 0
}

/// What readers see of a directory.
struct DirectoryTables: Sendable {
    let epochs: ReaderEpochs
    let numbers: FlatTableView
    let labels: FlatTableView
    let accounts: ReferenceArray<AccountEntry>
    let accountWords: WordArray
    let texts: ReferenceArray<TextTable.Text>
    let settings: ReferenceArray<Settings>

    /// What there is one of.
    final class Settings: Sendable {
        let deployment: Deployment?
        let trunks: CarrierTrunks

        init(_ deployment: Deployment?, _ trunks: CarrierTrunks) {
            self.deployment = deployment
            self.trunks = trunks
        }
    }
}
