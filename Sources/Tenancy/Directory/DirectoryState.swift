// SPDX-License-Identifier: Apache-2.0

/// What the writer of a directory has: the tables with all that readers do not see.
struct DirectoryState {
    private let limits: TenantDirectory.Limits
    private var reclaimer: Reclaimer
    private var numbers: FlatTable
    private var accounts: AccountTable
    private var texts: TextTable
    private let settings = ReferenceArray<DirectoryTables.Settings>(count: 1)
    private var deployment: Deployment?
    private var trunks = CarrierTrunks([])
    private var readers = Array((0..<ReaderEpochs.readersMax).reversed())
    private var counts = DirectoryCounters()
    /// The account of the number before: numbers of one tenant come one after the other.
    private var recent: AccountEntry?

    init(_ limits: TenantDirectory.Limits, _ expectedNumbers: Int) {
        let mixer = Mixer()
        self.limits = limits
        self.reclaimer = Reclaimer(
            epochs: ReaderEpochs(), memory: TableMemory(chunksMax: limits.chunks))
        self.numbers = FlatTable(
            partitionBits: 12, mixer: mixer, expected: expectedNumbers)
        self.accounts = AccountTable(limit: limits.accounts, mixer: mixer)
        self.texts = TextTable(limit: limits.texts)
        self.publishSettings()
    }

    var tables: DirectoryTables {
        DirectoryTables(
            epochs: self.reclaimer.epochs, numbers: self.numbers.view,
            labels: self.accounts.labels.view, accounts: self.accounts.entries,
            accountWords: self.accounts.words, texts: self.texts.texts,
            settings: self.settings)
    }

    var counters: DirectoryCounters {
        var counters = self.counts
        counters.numbers = self.numbers.count
        counters.accounts = self.accounts.count
        counters.texts = self.texts.count
        counters.tableBytes = self.reclaimer.memory.byteCount
        counters.storedBytes = self.numbers.storedBytes + self.accounts.labels.storedBytes
        counters.copies = self.numbers.copies + self.accounts.labels.copies
        counters.waiting = self.reclaimer.waitingCount
        return counters
    }

    // MARK: Readers

    mutating func takeReader() -> Int? {
        guard let reader = self.readers.popLast() else {
            self.counts.readerRefusals += 1
            return nil
        }
        self.reclaimer.memory.isFilling = false
        return reader
    }

    mutating func giveReader(_ reader: Int) { self.readers.append(reader) }

    // MARK: Changes

    /// Numbers whose slots are fetched ahead.
    private static let ahead = 64

    mutating func apply(_ changes: [DirectoryChange]) throws(FieldFault) {
        for (position, change) in changes.enumerated() {
            if position.isMultiple(of: Self.ahead) {
                for case .number(let next) in changes[position...].prefix(Self.ahead) {
                    self.numbers.view.touch(next.number.value)
                }
            }
            try self.apply(change)
        }
    }

    mutating func apply(_ change: DirectoryChange) throws(FieldFault) {
        try self.counted { state throws(FieldFault) in
            switch change {
            case .deployment(let deployment):
                state.deployment = deployment
                state.publishSettings()
            case .account(let account):
                state.recent = nil
                try state.accounts.set(account, &state.reclaimer)
            case .accountRemoved(let name):
                state.recent = nil
                state.accounts.remove(name, &state.reclaimer)
            case .number(let number): try state.set(number)
            case .numberRemoved(let number): state.remove(number)
            }
        }
    }

    mutating func setTrunks(_ trunks: [CarrierTrunk]) throws(FieldFault) {
        try self.counted { state throws(FieldFault) in
            guard trunks.count <= CarrierTrunks.trunksMax else {
                throw FieldFault(
                    .limitReached, "trunk.name",
                    "is one of \(trunks.count) trunks to services that have tenants",
                    "at most \(CarrierTrunks.trunksMax)")
            }
            for trunk in trunks where !CarrierTrunks.regions.contains(trunk.region) {
                throw FieldFault(
                    .badValue, "trunk.region", "is \(trunk.region) at trunk \(trunk.name)",
                    "region 1 or 2")
            }
            if let fault = CarrierTrunk.fault(among: trunks) { throw fault }
            state.trunks = CarrierTrunks(trunks)
            state.publishSettings()
        }
    }

    /// Makes a change and counts what became of it.
    private mutating func counted(
        _ change: (inout DirectoryState) throws(FieldFault) -> Void
    ) throws(FieldFault) {
        do throws(FieldFault) {
            guard self.reclaimer.collect() else {
                throw FieldFault(
                    .limitReached, DirectoryCounters.waitingField,
                    "has \(self.reclaimer.waitingCount) parts that calls may still be looking at",
                    "the same change a moment later")
            }
            try change(&self)
            self.counts.changes += 1
        } catch {
            if error.code == .limitReached {
                self.counts.limitRefusals += 1
            } else {
                self.counts.faultRefusals += 1
            }
            throw error
        }
    }

    private mutating func publishSettings() {
        let settings = DirectoryTables.Settings(self.deployment, self.trunks)
        if let before = self.settings.exchange(settings, at: 0) {
            self.reclaimer.retire(.object(before))
        }
    }

    // MARK: Numbers

    private mutating func set(_ number: ProvisionedNumber) throws(FieldFault) {
        if let fault = number.fault() { throw fault }
        let key = number.number.value
        let before = self.numbers.view.value(key).flatMap(NumberEntry.init(word:))
        let account = try self.account(of: number)
        guard before != nil || self.numbers.count < self.limits.numbers else {
            throw FieldFault(
                .limitReached, "number.number",
                "is one more than the \(self.limits.numbers) that this node has room for",
                "fewer numbers, or a higher limit")
        }
        let text = try number.customHeader.map { text throws(FieldFault) in try self.add(text) }
        let entry = NumberEntry(
            account: account.index, service: number.service, trunkSet: number.trunkSet, text: text)
        guard self.numbers.set(key, to: entry.word, &self.reclaimer) != .refused else {
            if let text { self.texts.remove(text, &self.reclaimer) }
            throw TenantDirectory.noMemory("number.number")
        }
        self.accounts.addNumber(entry.account)
        if let before { self.forget(before) }
    }

    private mutating func remove(_ number: E164) {
        guard let word = self.numbers.remove(number.value, &self.reclaimer),
            let entry = NumberEntry(word: word)
        else { return }
        self.forget(entry)
    }

    /// What an entry that is no more had of others.
    private mutating func forget(_ entry: NumberEntry) {
        self.accounts.removeNumber(entry.account)
        if let text = entry.text { self.texts.remove(text, &self.reclaimer) }
    }

    private mutating func account(
        of number: ProvisionedNumber
    ) throws(FieldFault) -> AccountEntry {
        if let recent, recent.name == number.account { return recent }
        guard let account = self.accounts.entry(number.account) else {
            throw FieldFault(
                .notFound, "number.account", "names tenant \(number.account), which is not there",
                "a tenant that is; upper and lower case differ")
        }
        self.recent = account
        return account
    }

    private mutating func add(_ text: String) throws(FieldFault) -> Int {
        if let index = self.texts.add(text, &self.reclaimer) { return index }
        throw FieldFault(
            .limitReached, "number.custom-header",
            "is one more than the \(self.limits.texts) different ones that this node has room for",
            "contents that other numbers have, or a higher limit")
    }
}
