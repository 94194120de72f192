// SPDX-License-Identifier: Apache-2.0

/// Keys of a trunk in a file of their own: what one kind of peer needs.
public struct Profile {
    /// Bytes of a file at most.
    public static let fileLimit = 1 << 16
    /// Keys of a file at most.
    public static let keysMax = 200
    /// Profiles that lie over each other at most.
    public static let layersMax = 4

    /// A key with its value.
    public struct Setting: Sendable, Hashable {
        /// The key.
        public var key: String
        /// Its value in YAML, on one line; that of the default in words where no file has the key.
        public var value: String
        /// FILE:LINE; nil: it is the default.
        public var place: String?

        /// From its parts.
        public init(key: String, value: String, place: String?) {
            self.key = key
            self.value = value
            self.place = place
        }
    }

    /// The names that it was made from; the last lies uppermost.
    public let names: [String]
    /// First paragraph of the comment of the uppermost file.
    public let summary: String
    let values: [String: YAMLNode]

    /// The keys of a trunk that a profile can have.
    static var keys: [Key] {
        let ofOneNode = Set(ProfileKeys.ofOneNode.map(\.name))
        return Schema.trunks.keys.filter { !ofOneNode.contains($0.name) }
    }

    /// Reads profiles, each over the one before it, and checks them as far as that is possible
    /// without a trunk. Throws everything that is wrong.
    public static func load(
        _ names: [String], in directories: ProfileDirectories, shippedOnly: Bool = false
    ) throws(ConfigurationErrors) -> Profile {
        var profile = Profile(names: [], summary: "", values: [:])
        for name in names {
            guard let path = directories.path(of: name, shippedOnly: shippedOnly) else {
                let places = shippedOnly ? directories.shipped : directories.all
                let issues = IssueList(file: name)
                issues.add(
                    0, "", "there is no such profile in \(places.joined(separator: ", "))",
                    "trunkline profile list names them")
                throw issues.errors
            }
            let issues = IssueList(file: path)
            guard let next = self.read(name, path, issues) else { throw issues.errors }
            profile = profile.under(next)
        }
        return profile
    }

    /// This one with another that lies over it.
    func under(_ other: Profile) -> Profile {
        var values = self.values
        for choice in ProfileKeys.choices.map({ $0.map(\.name) })
        where choice.contains(where: { other.values[$0] != nil }) {
            for name in choice { values[name] = nil }
        }
        return Profile(
            names: self.names + other.names, summary: other.summary,
            values: values.merging(other.values) { _, upper in upper })
    }

    /// Nil where an issue says why.
    static func read(_ name: String, _ path: String, _ issues: IssueList) -> Profile? {
        guard let bytes = FileBytes.read(path, limit: self.fileLimit, issues) else { return nil }
        guard bytes.count <= self.fileLimit else {
            issues.add(
                0, "", "has more than \(self.fileLimit) bytes", "shorten it: it has keys of a trunk"
            )
            return nil
        }
        do {
            guard let root = try YAMLReader.read(bytes, file: path) else {
                issues.add(0, "", "is empty", "write keys of a trunk, as `srtp: required`")
                return nil
            }
            if case .mapping(let entries) = root.content, entries.count > self.keysMax {
                issues.add(
                    root.line, "", "has \(entries.count) keys", "write at most \(self.keysMax)")
                return nil
            }
            let section = SectionReader(root, "", keys: self.keys.map(\.name), issues)
            guard let section, issues.issues.isEmpty else { return nil }
            return Profile(names: [name], summary: self.summary(bytes), values: section.values)
        } catch {
            issues.add(error.line, "", error.problem, error.fix)
            return nil
        }
    }

    /// The first paragraph of the comment that a file begins with, after the licence.
    private static func summary(_ bytes: [UInt8]) -> String {
        var words: [String] = []
        for line in bytes.split(separator: 0x0a, omittingEmptySubsequences: false) {
            guard line.first == 0x23 else { break }
            let text = String(decoding: line.dropFirst().drop { $0 == 0x20 }, as: UTF8.self)
            if text.hasPrefix("SPDX-") { continue }
            if text.isEmpty && !words.isEmpty { break }
            if !text.isEmpty { words.append(text) }
        }
        return words.joined(separator: " ")
    }

    // MARK: What people see

    /// The keys that it has, in the order of the manual; with `all` those too that are left at
    /// their default.
    public func settings(all: Bool = false) -> [Setting] {
        Self.keys.compactMap { key in
            if let node = self.values[key.name] {
                let file = node.line.file ?? ""
                return Setting(
                    key: key.name, value: node.flow, place: "\(file):\(node.line.number)")
            }
            guard all else { return nil }
            switch key.absent {
            case .standard(let text), .described(let text):
                return Setting(key: key.name, value: text, place: nil)
            case .required: return nil
            }
        }
    }
}

extension YAMLNode {
    /// The value on one line.
    var flow: String {
        switch self.content {
        case .scalar(let text, plain: true): text
        case .scalar(let text, plain: false):
            "\"" + text.map { ["\"", "\\"].contains($0) ? "\\\($0)" : "\($0)" }.joined() + "\""
        case .sequence(let items): "[" + items.map(\.flow).joined(separator: ", ") + "]"
        case .mapping(let entries):
            "{ " + entries.map { "\($0.key): \($0.value.flow)" }.joined(separator: ", ") + " }"
        }
    }
}

/// The profiles that one configuration names, each read once.
final class Profiles {
    private let issues: IssueList
    private let directories: ProfileDirectories
    private var read: [String: Profile] = [:]
    private var failed: Set<String> = []

    init(_ issues: IssueList, _ directories: ProfileDirectories) {
        self.issues = issues
        self.directories = directories
    }

    /// The section of a trunk over the profiles that it names; where one cannot be had an issue
    /// says why.
    func laid(under section: SectionReader) -> SectionReader {
        let names = section.oneOrMoreTexts(ProfileKeys.profile) ?? []
        if names.count > Profile.layersMax {
            self.issues.add(
                names[Profile.layersMax], "is one profile too many",
                "name at most \(Profile.layersMax)")
        }
        let profiles = names.prefix(Profile.layersMax).compactMap(self.profile)
        let whole = profiles.reduce(Profile(names: [], summary: "", values: [:])) { $0.under($1) }
        return section.laid(over: whole.values, choices: ProfileKeys.choices)
    }

    private func profile(_ name: Located<String>) -> Profile? {
        if let known = self.read[name.value] { return known }
        guard let path = self.directories.path(of: name.value) else {
            self.issues.add(name, "there is no profile \(Shown.value(name.value))", self.fix(name))
            return nil
        }
        guard self.failed.insert(name.value).inserted else { return nil }
        let issues = IssueList(file: path)
        guard let profile = Profile.read(name.value, path, issues) else {
            self.issues.take(issues)
            return nil
        }
        self.failed.remove(name.value)
        self.read[name.value] = profile
        return profile
    }

    private func fix(_ name: Located<String>) -> String {
        let names = self.directories.names
        let meant =
            Spelling.nearest(to: name.value, in: names)
            ?? names.first { $0.hasPrefix(name.value + "-") }
        if let meant { return "did you mean \(meant)?" }
        if names.isEmpty {
            return "put \(Shown.key(name.value)).yaml into \(self.directories.own)"
        }
        return "the profiles are: \(names.prefix(16).joined(separator: ", "))"
    }
}
