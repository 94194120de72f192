// SPDX-License-Identifier: Apache-2.0

// Words of an enumeration; one that is none is an issue, with the nearest one or all of them.
extension SectionReader {
    /// The word of a key; nil where it is not written, or where an issue says why.
    func word<Word: RawRepresentable<String> & CaseIterable>(_ key: Key) -> Word? {
        self.text(key).flatMap { self.word(of: $0) }
    }

    /// A text as a word; nil where an issue says why.
    func word<Word: RawRepresentable<String> & CaseIterable>(of text: Located<String>) -> Word? {
        if let word = Word(rawValue: text.value) { return word }
        let words = Word.allCases.map(\.rawValue)
        let nearest = Spelling.nearest(to: text.value, in: words)
        self.issues.add(
            text, "is \(Shown.value(text.value))",
            nearest.map { "did you mean \($0)?" }
                ?? "write one of \(words.joined(separator: ", "))")
        return nil
    }
}
