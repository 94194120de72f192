// SPDX-License-Identifier: Apache-2.0

/// An option of a verb.
struct Option: Sendable {
    /// Without the dashes.
    let name: String
    /// What stands for its value in the help; nil for one without.
    var value: String?
    /// One line.
    let help: String

    var syntax: String { "--\(self.name)" + (self.value.map { " \($0)" } ?? "") }

    static let common = [
        Option(name: "json", help: "print JSON for scripts instead of text"),
        Option(name: "help", help: "print this text"),
    ]
    static let config = Option(
        name: "config", value: "FILE", help: "the configuration (\(Place.configuration))")
}

/// The words behind a verb, sorted.
struct Arguments: Equatable {
    private(set) var operands: [String] = []
    private var values: [String: String] = [:]

    /// Reads `--name value`, `--name=value` and operands; after `--` everything is an operand.
    init(parsing words: [String], options: [Option]) throws(Failure) {
        var rest = words[...]
        while let word = rest.popFirst() {
            if word == "--" {
                self.operands += rest
                return
            }
            guard word.hasPrefix("--") || word == "-h" else {
                self.operands.append(word)
                continue
            }
            let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = word == "-h" ? "help" : String(parts[0].dropFirst(2))
            guard let option = options.first(where: { $0.name == name }) else {
                throw .usage("there is no option \(parts[0]); --help lists them")
            }
            guard self.values[name] == nil else { throw .usage("--\(name) stands twice") }
            self.values[name] = try Self.value(
                of: option, inWord: parts.count == 2 ? String(parts[1]) : nil, &rest)
        }
    }

    private static func value(
        of option: Option, inWord: String?, _ rest: inout ArraySlice<String>
    ) throws(Failure) -> String {
        guard let placeholder = option.value else {
            guard inWord == nil else { throw .usage("--\(option.name) takes no value") }
            return ""
        }
        if let inWord { return inWord }
        // What looks like an option is one: a value that begins so is written --NAME=VALUE.
        guard let value = rest.first, !value.hasPrefix("--") else {
            throw .usage("--\(option.name) needs a value: \(placeholder)")
        }
        rest.removeFirst()
        return value
    }

    /// The options that are there.
    var names: [String] { Array(self.values.keys) }

    func has(_ name: String) -> Bool { self.values[name] != nil }

    subscript(_ name: String) -> String? { self.values[name] }

    var wantsJSON: Bool { self.has("json") }

    /// The value of an option that is a number in a range.
    func number(_ name: String, _ range: ClosedRange<Int>) throws(Failure) -> Int? {
        guard let text = self.values[name] else { return nil }
        guard let value = Int(text), range.contains(value), text.utf8.first != 0x2b else {
            throw .usage(
                "--\(name) \(text): write a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    /// The operands, if there are as many as the verb takes.
    func operands(_ range: ClosedRange<Int>, _ syntax: String) throws(Failure) -> [String] {
        guard range.contains(self.operands.count) else {
            if range.upperBound == 0 {
                throw .usage("\"\(self.operands[0])\" is not expected; --help says what is")
            }
            throw .usage("\(syntax) is expected; --help explains it")
        }
        return self.operands
    }
}
