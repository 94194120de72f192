// SPDX-License-Identifier: Apache-2.0

/// Accounts by index, name and label.
struct AccountTable {
    /// By position.
    let entries: ReferenceArray<AccountEntry>
    /// By position: an `AccountWord` each.
    let words: WordArray
    /// Keys of labels to indexes.
    private(set) var labels: FlatTable
    private var names = TextIndex()
    private var pool: IndexPool
    /// Numbers of each position's account.
    private let numbers: WordArray

    /// Positions that there are.
    static let accountsMax = 1 << Int(AccountIndex.positionBits)

    init(limit: Int, mixer: Mixer) {
        let limit = min(limit, Self.accountsMax)
        self.entries = ReferenceArray(count: limit)
        self.numbers = WordArray(count: limit)
        self.words = WordArray(count: limit)
        self.pool = IndexPool(limit: self.entries.count)
        self.labels = FlatTable(partitionBits: 8, mixer: mixer)
    }

    /// Positions in use: accounts, and removed ones whose numbers are still there.
    var count: Int { self.pool.count }

    /// The account of this name; nil: there is none.
    func entry(_ name: String) -> AccountEntry? {
        self.names[name].flatMap { self.entries.object(at: $0) }
    }

    /// Makes an account, or changes the one of this name. Nothing changes where it throws.
    mutating func set(_ account: Account, _ reclaimer: inout Reclaimer) throws(FieldFault) {
        let label = try self.label(of: account)
        let known = self.entry(account.name)
        guard let position = known?.index.position ?? self.pool.take(&reclaimer) else {
            throw FieldFault(
                .limitReached, "account.name", "is one more than the \(self.entries.count) tenants "
                    + "that this node has room for", "fewer tenants, or a higher limit")
        }
        let generation = AccountWord(word: self.words.load(position)).generation
        let entry = AccountEntry(
            account, label, AccountIndex(position: position, generation: generation))
        // The new label leads to the account before the old one stops to do so.
        if let label, label.key != known?.label?.key {
            let change = self.labels.set(label.key, to: UInt64(entry.index.value), &reclaimer)
            guard change != .refused else {
                if known == nil { self.pool.give(position, epoch: 0) }
                throw TenantDirectory.noMemory("account.label")
            }
        }
        self.publish(entry, at: position, &reclaimer)
        let word = AccountWord(label: label, set: account.activeSet, generation: generation)
        self.words.publish(word.word, at: position)
        if let old = known?.label, old.key != label?.key {
            _ = self.labels.remove(old.key, &reclaimer)
        }
        self.names[account.name] = position
    }

    /// Removes an account: its label and name lead nowhere from then on. Its position is used again
    /// when its numbers are gone as well.
    mutating func remove(_ name: String, _ reclaimer: inout Reclaimer) {
        guard let entry = self.entry(name) else { return }
        let position = entry.index.position
        if let label = entry.label { _ = self.labels.remove(label.key, &reclaimer) }
        self.publish(nil, at: position, &reclaimer)
        self.names[name] = nil
        let word = AccountWord(word: self.words.load(position))
        self.words.publish(word.next.word, at: position)
        if self.numbers.load(position) == 0 { self.pool.give(position, epoch: 0) }
    }

    /// The account has one number more.
    func addNumber(_ account: AccountIndex) {
        self.numbers.store(self.numbers.load(account.position) + 1, at: account.position)
    }

    /// The account, or what was one, has one number less.
    mutating func removeNumber(_ account: AccountIndex) {
        let left = max(self.numbers.load(account.position), 1) - 1
        self.numbers.store(left, at: account.position)
        if left == 0, self.entries.object(at: account.position) == nil {
            self.pool.give(account.position, epoch: 0)
        }
    }

    private mutating func publish(
        _ entry: AccountEntry?, at position: Int, _ reclaimer: inout Reclaimer
    ) {
        guard let before = self.entries.exchange(entry, at: position) else { return }
        reclaimer.retire(.object(before))
    }

    /// The account's label, if nobody else has it.
    private func label(of account: Account) throws(FieldFault) -> Label? {
        guard let text = account.label else { return nil }
        guard let label = Label(text.utf8) else {
            throw FieldFault(
                .badValue, "account.label", "is not of the form", Fields.importedLabel.allowed)
        }
        guard let owner = self.labels.view.value(label.key) else { return label }
        let entry = self.entries.object(
            at: AccountIndex(UInt32(truncatingIfNeeded: owner)).position)
        guard entry?.name == account.name else {
            throw FieldFault(
                .notUnique, "account.label", "is that of tenant \(entry?.name ?? "") too",
                "a label that no other tenant has; upper and lower case are the same")
        }
        return label
    }
}
