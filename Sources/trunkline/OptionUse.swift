// SPDX-License-Identifier: Apache-2.0

/// What the options of a verb are for, where its first operand says what is done: an option that
/// the one would not look at is refused, not passed over.
struct OptionUse: Sendable {
    /// For each word what it takes, besides what all take.
    private let words: [(word: String, options: Set<String>)]
    /// What all of them take.
    private let shared: Set<String>

    /// All that go with anything.
    var all: Set<String> { self.words.reduce(into: self.shared) { $0.formUnion($1.options) } }

    init(_ words: [(String, [String])], shared: [Option]) {
        self.words = words.map { ($0.0, Set($0.1)) }
        self.shared = Set((shared + Option.common).map(\.name))
    }

    /// Refuses the first option that is not for what is done. A word that the verb does not have
    /// is the verb's to refuse.
    func check(_ arguments: Arguments, of verb: String) throws(Failure) {
        guard let word = arguments.operands.first,
            let use = self.words.first(where: { $0.word == word })
        else { return }
        let odd = arguments.names.sorted().first {
            !use.options.contains($0) && !self.shared.contains($0)
        }
        guard let odd else { return }
        let others = self.words.filter { $0.options.contains(odd) }.map(\.word)
        let place = others.isEmpty ? "nothing" : others.joined(separator: ", ")
        throw .usage("--\(odd) is not for \(verb) \(word); it is for \(place)")
    }
}
