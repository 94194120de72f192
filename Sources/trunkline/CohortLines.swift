// SPDX-License-Identifier: Apache-2.0

import Provisioning
import Tenancy

/// The numbers of files that are cohorts, and where each of them stands.
struct CohortLines {
    private struct Entry {
        let range: NumberRange
        let path: String
        let line: Int
    }

    private var entries: [Entry] = []

    /// Reads a file with a number or range a line; empty lines are none.
    mutating func read(_ path: String) throws(Failure) -> [String] {
        let bytes = try Files.read(path, limit: MigrationRequest.fileBytesMax)
        let lines = String(decoding: bytes, as: UTF8.self)
            .split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        var numbers: [String] = []
        for (position, line) in lines.enumerated() {
            let text = String(line.filter { !$0.isWhitespace })
            guard !text.isEmpty else { continue }
            guard let range = NumberRange(text) else {
                throw .no(
                    "\(path), line \(position + 1): \(Table.printable(text)) is no number; "
                        + "allowed: \(NumberRange.allowed)")
            }
            self.entries.append(Entry(range: range, path: path, line: position + 1))
            numbers.append(text)
        }
        return numbers
    }

    /// The place of the first number of a file that a text names; nil: it names none.
    func place(ofNumberIn text: String) -> String? {
        let words = text.split { !"+0123456789".contains($0) }
        for number in words.lazy.compactMap({ E164($0.utf8) }) {
            let found = self.entries.first { $0.range.first <= number && number <= $0.range.last }
            if let found { return "\(found.path), line \(found.line)" }
        }
        return nil
    }
}
