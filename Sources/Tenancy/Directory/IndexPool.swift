// SPDX-License-Identifier: Apache-2.0

/// Indexes below a limit. One that was given back is used again when the epoch in which it was is
/// over, the one that was given back first before the others.
struct IndexPool {
    /// How many are in use.
    private(set) var count = 0
    /// Indexes from here on were never in use.
    private var unused = 0
    private let limit: Int
    /// A list of those that are free: of each the index of the next, and 1.
    private let next: WordArray
    private let epochs: WordArray
    private var first: Int?
    private var last: Int?

    init(limit: Int) {
        self.next = WordArray(count: limit)
        self.epochs = WordArray(count: limit)
        self.limit = min(self.next.count, self.epochs.count)
    }

    /// An index; nil where all are in use, or cannot be used again yet.
    mutating func take(_ reclaimer: inout Reclaimer) -> Int? {
        if let first, reclaimer.isOver(self.epochs.load(first)) {
            let next = Int(self.next.load(first))
            self.first = next == 0 ? nil : next - 1
            if next == 0 { self.last = nil }
            self.count += 1
            return first
        }
        guard self.unused < self.limit else { return nil }
        self.unused += 1
        self.count += 1
        return self.unused - 1
    }

    /// Takes an index back that nobody finds any more who enters after `epoch`.
    mutating func give(_ index: Int, epoch: UInt64) {
        self.next.store(0, at: index)
        self.epochs.store(epoch, at: index)
        if let last { self.next.store(UInt64(index + 1), at: last) } else { self.first = index }
        self.last = index
        self.count -= 1
    }
}

/// Texts to indexes, for the writer: many small dictionaries, since one grows in one go.
struct TextIndex {
    private var parts: [[String: Int]] = Array(repeating: [:], count: 256)

    subscript(_ text: String) -> Int? {
        get { self.parts[self.part(text)][text] }
        set { self.parts[self.part(text)][text] = newValue }
    }

    private func part(_ text: String) -> Int { Int(truncatingIfNeeded: text.hashValue) & 255 }
}
