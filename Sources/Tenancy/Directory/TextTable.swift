// SPDX-License-Identifier: Apache-2.0

/// Contents of custom headers. Numbers share them: each is there once, for as long as a number has
/// it.
struct TextTable {
    /// Contents as readers see them.
    final class Text: Sendable {
        let text: String
        let bytes: [UInt8]

        init(_ text: String) {
            self.text = text
            self.bytes = Array(text.utf8)
        }
    }

    /// By the index that stands in a number's entry. What nobody has any more stays until its index
    /// is used again: a reader may have just found it.
    let texts: ReferenceArray<Text>
    private var indexes = TextIndex()
    private var pool: IndexPool
    /// How many numbers have each.
    private let uses: WordArray

    init(limit: Int) {
        let limit = min(limit, NumberEntry.textsMax)
        self.texts = ReferenceArray(count: limit)
        self.uses = WordArray(count: limit)
        self.pool = IndexPool(limit: min(self.texts.count, self.uses.count))
    }

    /// Different contents that numbers have.
    var count: Int { self.pool.count }

    /// The index of contents, for one number more; nil at the limit.
    mutating func add(_ text: String, _ reclaimer: inout Reclaimer) -> Int? {
        if let index = self.indexes[text] {
            self.uses.store(self.uses.load(index) + 1, at: index)
            return index
        }
        guard let index = self.pool.take(&reclaimer) else { return nil }
        _ = self.texts.exchange(Text(text), at: index)
        self.uses.store(1, at: index)
        self.indexes[text] = index
        return index
    }

    /// One number less has them. After its entry says so.
    mutating func remove(_ index: Int, _ reclaimer: inout Reclaimer) {
        let uses = self.uses.load(index)
        guard uses <= 1 else { return self.uses.store(uses - 1, at: index) }
        if let text = self.texts.object(at: index) { self.indexes[text.text] = nil }
        self.uses.store(0, at: index)
        self.pool.give(index, epoch: reclaimer.epochs.advance())
    }
}
