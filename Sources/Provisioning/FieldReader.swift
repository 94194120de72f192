// SPDX-License-Identifier: Apache-2.0

internal import Management
internal import Tenancy

/// A field as requests, answers, command lines and files have it.
public struct ProvisionedField: Sendable, Hashable {
    /// Its name: the member of an object, the option of a command, the column of a file.
    public let name: String
    /// What stands for its value in a command's help.
    public let placeholder: String
    /// What may stand there.
    public let allowed: String
    /// What it is where nothing is said; nil: nothing.
    public let standard: String?
    /// One sentence.
    public let meaning: String

    init(
        _ name: String, _ placeholder: String, _ allowed: String, standard: String? = nil,
        _ meaning: String
    ) {
        self.name = name
        self.placeholder = placeholder
        self.allowed = allowed
        self.standard = standard
        self.meaning = meaning
    }
}

/// Reads the members of a request's object, each by its name. A member that is absent leaves its
/// target as it is; `null` and the empty text take a value away, where there need not be one.
struct FieldReader {
    /// What the object is: the first part of a field's full name.
    let kind: String
    private let members: JSONObject

    /// Members that are not among `known` are refused.
    init(_ members: JSONObject, _ kind: String, known: [String]) throws(FieldFault) {
        self.kind = kind
        self.members = members
        for (name, _) in members.members where !known.contains(name) {
            throw FieldFault(
                .badValue, "\(kind).\(Self.shown(name))", "is not known",
                known.joined(separator: ", "))
        }
    }

    /// A name that somebody made up, as far as it can be shown.
    private static func shown(_ name: String) -> String {
        let isPlain = name.utf8.allSatisfy { (0x21...0x7e).contains($0) }
        return isPlain && name.utf8.count <= 64 ? name : "?"
    }

    func has(_ name: String) -> Bool { self.members[name] != nil }

    func fault(
        _ code: FieldFault.Code, _ name: String, _ problem: String, _ allowed: String
    ) -> FieldFault {
        FieldFault(code, "\(self.kind).\(name)", problem, allowed)
    }

    // MARK: Values

    /// A text; nil where it is absent, `null` or empty.
    func text(_ name: String) throws(FieldFault) -> String? {
        switch self.members[name] {
        case nil, .null, .string(""): return nil
        case .string(let text): return text
        case .some(let value):
            throw self.fault(.badValue, name, "is \(value.kind)", "a text")
        }
    }

    /// A text that must be there.
    func required(_ name: String, _ allowed: String) throws(FieldFault) -> String {
        guard let text = try self.text(name) else {
            throw self.fault(.required, name, "is missing", allowed)
        }
        return text
    }

    /// A whole number in a range.
    func integer(_ name: String, _ range: ClosedRange<Int64>) throws(FieldFault) -> Int64? {
        guard let value = self.members[name], value != .null else { return nil }
        guard let number = value.integer, range.contains(number) else {
            throw self.fault(
                .badValue, name, "is no number of the range",
                "\(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    /// `true`, `false`, or one of two words for them.
    func flag(
        _ name: String, on: String = "on", off: String = "off"
    ) throws(FieldFault) -> Bool? {
        switch self.members[name] {
        case nil, .null, .string(""): return nil
        case .bool(let value): return value
        case .string(on): return true
        case .string(off): return false
        default: throw self.fault(.badValue, name, "is neither", "\(on) or \(off)")
        }
    }

    /// The elements of an array.
    func array(_ name: String) throws(FieldFault) -> [JSONValue]? {
        guard let value = self.members[name] else { return nil }
        guard let array = value.array else {
            throw self.fault(.badValue, name, "is \(value.kind)", "an array")
        }
        return array
    }

    // MARK: Targets

    func set(_ name: String, _ target: inout String?) throws(FieldFault) {
        guard self.has(name) else { return }
        target = try self.text(name)
    }

    func set(
        _ name: String, _ target: inout Bool, on: String = "on", off: String = "off"
    ) throws(FieldFault) {
        target = try self.flag(name, on: on, off: off) ?? target
    }

    /// One of the words of a type.
    func set<Word: RawRepresentable<String> & CaseIterable>(
        _ name: String, _ target: inout Word
    ) throws(FieldFault) {
        guard let text = try self.text(name) else { return }
        target = try self.word(text, name)
    }

    /// One of the words of a type, or none.
    func set<Word: RawRepresentable<String> & CaseIterable>(
        _ name: String, _ target: inout Word?
    ) throws(FieldFault) {
        guard self.has(name) else { return }
        guard let text = try self.text(name) else {
            target = nil
            return
        }
        let word: Word = try self.word(text, name)
        target = word
    }

    /// Words of a type, each once: an array, or a text with commas between them.
    func words<Word: RawRepresentable<String> & CaseIterable & Hashable>(
        _ name: String
    ) throws(FieldFault) -> [Word]? {
        let texts: [String]
        switch self.members[name] {
        case nil: return nil
        case .null: texts = []
        case .string(let text): texts = text.split(separator: ",").map(String.init)
        case .array(let values):
            texts = values.compactMap(\.string)
            guard texts.count == values.count else {
                throw self.fault(.badValue, name, "has an element that is no text", "texts")
            }
        case .some(let value):
            throw self.fault(.badValue, name, "is \(value.kind)", "an array of texts")
        }
        var words: [Word] = []
        for text in texts {
            let word: Word = try self.word(text, name)
            guard !words.contains(word) else {
                throw self.fault(.notUnique, name, "names \(text) twice", "each of them once")
            }
            words.append(word)
        }
        return words
    }

    private func word<Word: RawRepresentable<String> & CaseIterable>(
        _ text: String, _ name: String
    ) throws(FieldFault) -> Word {
        guard let word = Word(rawValue: text) else {
            throw self.fault(.badValue, name, "is none of the words", Words.list(Word.self))
        }
        return word
    }
}

enum Words {
    /// "plain, bypass"
    static func list<Word: RawRepresentable<String> & CaseIterable>(_ type: Word.Type) -> String {
        Word.allCases.map(\.rawValue).joined(separator: ", ")
    }
}
