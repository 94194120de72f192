// SPDX-License-Identifier: Apache-2.0

/// A choice that descriptions write as one word.
protocol SDPWord: CaseIterable {
    /// The word, in our case of letters.
    var word: StaticString { get }
}

extension SDPWord {
    /// The choice with this word, in any case; nil for another one.
    static func named(_ text: SDPText) -> Self? {
        self.allCases.first { text.isLiteral($0.word) }
    }
}
