// SPDX-License-Identifier: Apache-2.0

/// A line of the file that is read, or of another one that values come from (a profile).
struct SourceLine: Sendable, Hashable, ExpressibleByIntegerLiteral {
    /// From 1; 0 where the file as a whole is meant.
    var number: Int
    /// The other file; nil: the one that is read.
    var file: String?

    init(_ number: Int, file: String? = nil) {
        self.number = number
        self.file = file
    }

    init(integerLiteral number: Int) { self.init(number) }
}

extension SourceLine: CustomStringConvertible {
    /// As it follows the word "line".
    var description: String {
        self.file.map { "\(self.number) of \($0)" } ?? "\(self.number)"
    }
}
