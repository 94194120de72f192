// SPDX-License-Identifier: Apache-2.0

import CallControl

/// Lines that wait for the disk, the oldest first, bounded by their bytes.
struct RecordQueue {
    /// A line with its end.
    struct Entry {
        let line: [UInt8]
        /// The call whose last checkpoint holds the line until it is written; nil: none does.
        let call: CallIdentifier?
    }

    private var entries: [Entry] = []
    /// Entries before this one are gone.
    private var head = 0
    /// Bytes of all lines.
    private(set) var bytes = 0

    /// Lines.
    var count: Int { self.entries.count - self.head }
    /// Those that wait, for who needs them again.
    var all: ArraySlice<Entry> { self.entries[self.head...] }

    mutating func append(_ entry: Entry) {
        self.entries.append(entry)
        self.bytes += entry.line.count
    }

    mutating func removeFirst() -> Entry? {
        guard self.head < self.entries.count else { return nil }
        let entry = self.entries[self.head]
        self.head += 1
        self.bytes -= entry.line.count
        if self.head * 2 > self.entries.count {
            self.entries.removeFirst(self.head)
            self.head = 0
        }
        return entry
    }

    /// The oldest lines, one at least, as long as they have no more bytes than that.
    mutating func removeFirst(bytes most: Int) -> [Entry] {
        var taken: [Entry] = []
        var sum = 0
        while let next = self.all.first, taken.isEmpty || sum + next.line.count <= most {
            sum += next.line.count
            taken.append(next)
            _ = self.removeFirst()
        }
        return taken
    }

    /// Puts lines back where they were taken from.
    mutating func putBack(_ taken: some Collection<Entry>) {
        self.entries.replaceSubrange(..<self.head, with: taken)
        self.head = 0
        self.bytes += taken.reduce(0) { $0 + $1.line.count }
    }
}
