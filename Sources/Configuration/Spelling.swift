// SPDX-License-Identifier: Apache-2.0

/// Finds the word that somebody meant.
enum Spelling {
    /// The nearest of the words, if it is near, whatever its case: it has the same parts in another
    /// order, or at most a third of its bytes differ (at least two may).
    static func nearest(to word: String, in words: [String]) -> String? {
        let word = word.lowercased()
        let parts = self.parts(word)
        if let same = words.first(where: { self.parts($0.lowercased()) == parts }) { return same }
        let scored = words.map { (word: $0, distance: self.distance(word, $0.lowercased())) }
        guard let best = scored.min(by: { $0.distance < $1.distance }) else { return nil }
        return best.distance <= max(2, best.word.utf8.count / 3) ? best.word : nil
    }

    private static func parts(_ word: String) -> [Substring] {
        word.split { $0 == "_" || $0 == "-" || $0 == " " }.sorted()
    }

    /// Bytes to insert, delete or replace (Levenshtein); words longer than 64 bytes are far.
    static func distance(_ a: String, _ b: String) -> Int {
        let a = Array(a.utf8)
        let b = Array(b.utf8)
        guard a.count <= 64, b.count <= 64 else { return .max }
        var row = Array(0...b.count)
        for (i, byte) in a.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, other) in b.enumerated() {
                let replaced = diagonal + (byte == other ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = min(replaced, row[j] + 1, row[j + 1] + 1)
            }
        }
        return row[b.count]
    }
}

/// Text of the file inside a message: quoted, cut when long, without control bytes.
enum Shown {
    static func value(_ text: String) -> String { "\"\(self.cleaned(text))\"" }

    static func key(_ text: String) -> String { self.cleaned(text) }

    private static func cleaned(_ text: String) -> String {
        let scalars = text.unicodeScalars.prefix(60).map { scalar -> Unicode.Scalar in
            scalar.value < 0x20 || scalar.value == 0x7f ? "?" : scalar
        }
        let cut = text.unicodeScalars.count > 60 ? "..." : ""
        return String(String.UnicodeScalarView(scalars)) + cut
    }
}
