// SPDX-License-Identifier: Apache-2.0

/// Reads the keys of one section; every fault goes to the list and reading goes on.
struct SectionReader: Placed {
    let issues: IssueList
    let key: String
    let line: SourceLine
    /// What the section has, by key.
    private(set) var values: [String: YAMLNode] = [:]

    /// Nil (and an issue) if the node is no section. Unknown and repeated keys are issues.
    init?(_ node: YAMLNode, _ path: String, keys: [String], _ issues: IssueList) {
        self.issues = issues
        self.key = path
        self.line = node.line
        if node.isNull { return }
        guard case .mapping(let entries) = node.content else {
            issues.add(
                node.line, path, "is \(node.kindName)",
                "write a section of keys: \(keys.joined(separator: ", "))")
            return nil
        }
        for entry in entries {
            let place = Self.join(path, entry.key)
            if !keys.contains(entry.key) {
                issues.add(
                    entry.line, place, "is not known", Self.suggestion(for: entry.key, keys))
            } else if let first = self.values[entry.key] {
                issues.add(
                    entry.line, place, "stands twice (first on line \(first.line))",
                    "keep one of them")
            } else {
                self.values[entry.key] = entry.value
            }
        }
    }

    /// The node of a key; nil if it is absent or has no value. A required one that is missing is an
    /// issue.
    func node(_ key: Key) -> YAMLNode? {
        if let node = self.values[key.name], !node.isNull { return node }
        if case .required = key.absent {
            self.issues.add(
                self.values[key.name]?.line ?? self.line, Self.join(self.key, key.name),
                "is missing", "write `\(key.name): \(key.example)` or the like")
        }
        return nil
    }

    /// The same section with those keys of a profile that it does not have itself. A key that it
    /// has without a value stays without one, whatever the profile says; of keys that exclude each
    /// other its own is the only one.
    func laid(over profile: [String: YAMLNode], choices: [[Key]]) -> SectionReader {
        var whole = self
        var lower = profile
        for choice in choices.map({ $0.map(\.name) })
        where choice.contains(where: { self.values[$0] != nil }) {
            for name in choice { lower[name] = nil }
        }
        whole.values.merge(lower) { own, _ in own }
        return whole
    }

    /// The node of a key that stands in the section itself, not in a profile.
    func ownNode(_ key: Key) -> YAMLNode? {
        guard let node = self.values[key.name], !node.isNull, node.line.file == self.line.file
        else { return nil }
        return node
    }

    /// The node of a subsection.
    func section(_ name: String) -> YAMLNode? { self.values[name] }

    /// A text. Numbers and words count as they are written.
    func text(_ key: Key) -> Located<String>? {
        let place = Self.join(self.key, key.name)
        guard let node = self.node(key) else { return nil }
        guard let text = self.scalar(node, place, key) else { return nil }
        return Located(value: text, line: node.line, key: place)
    }

    /// An integer in the key's range, or its default; nil if it is wrong, or absent without one.
    func integer(_ key: Key) -> Located<Int>? {
        guard case .integer(let range) = key.kind else { return nil }
        let place = Self.join(self.key, key.name)
        guard let node = self.node(key) else {
            guard case .standard(let text) = key.absent, let value = Decimal.parse(text.utf8)
            else { return nil }
            return Located(value: value, line: self.line, key: place)
        }
        return self.integer(node, range, place, key)
    }

    /// A list of integers, each in the key's range.
    func integers(_ key: Key) -> [Located<Int>]? {
        guard case .integers(let range) = key.kind, let items = self.items(key) else { return nil }
        return items.compactMap { self.integer($0.value, range, $0.key, key) }
    }

    /// A list of texts.
    func texts(_ key: Key) -> [Located<String>]? {
        self.items(key)?.compactMap { item in
            self.scalar(item.value, item.key, key).map { text in item.map { _ in text } }
        }
    }

    /// A list of texts, or one text for a list of one.
    func oneOrMoreTexts(_ key: Key) -> [Located<String>]? {
        guard let node = self.node(key) else { return nil }
        if case .sequence = node.content { return self.texts(key) }
        let place = Self.join(self.key, key.name)
        return self.scalar(node, place, key).map {
            [Located(value: $0, line: node.line, key: place)]
        }
    }

    /// true or false.
    func flag(_ key: Key) -> Bool {
        let standard: Bool
        if case .standard("true") = key.absent { standard = true } else { standard = false }
        guard let node = self.node(key) else { return standard }
        if case .scalar("true", plain: true) = node.content { return true }
        if case .scalar("false", plain: true) = node.content { return false }
        self.issues.add(
            node.line, Self.join(self.key, key.name), "is \(Self.shown(node))",
            "write true or false")
        return standard
    }

    private func items(_ key: Key) -> [Located<YAMLNode>]? {
        guard let node = self.node(key) else { return nil }
        let place = Self.join(self.key, key.name)
        guard case .sequence(let items) = node.content else {
            self.issues.add(
                node.line, place, "is \(node.kindName)",
                "write a list, such as \(key.example)")
            return nil
        }
        return items.enumerated().map { index, item in
            Located(value: item, line: item.line, key: "\(place)[\(index)]")
        }
    }

    private func integer(
        _ node: YAMLNode, _ range: ClosedRange<Int>, _ place: String, _ key: Key
    ) -> Located<Int>? {
        let unit = key.unit.map { " (\($0))" } ?? ""
        let fix = "write a number from \(range.lowerBound) to \(range.upperBound)\(unit)"
        guard case .scalar(let text, plain: true) = node.content,
            let value = Decimal.parse(text.utf8), range.contains(value)
        else {
            self.issues.add(node.line, place, "is \(Self.shown(node))", fix)
            return nil
        }
        return Located(value: value, line: node.line, key: place)
    }

    private func scalar(_ node: YAMLNode, _ place: String, _ key: Key) -> String? {
        guard case .scalar(let text, _) = node.content else {
            self.issues.add(
                node.line, place, "is \(node.kindName)",
                "write a single value, such as \(key.example)")
            return nil
        }
        return text
    }

    static func join(_ path: String, _ key: String) -> String {
        path.isEmpty ? Shown.key(key) : "\(path).\(Shown.key(key))"
    }

    /// A value in a message, cut where it is long.
    static func shown(_ node: YAMLNode) -> String {
        guard case .scalar(let text, _) = node.content else { return node.kindName }
        return Shown.value(text)
    }

    private static func suggestion(for name: String, _ keys: [String]) -> String {
        let nearest = Spelling.nearest(to: name, in: keys)
        let all = keys.joined(separator: ", ")
        return nearest.map { "did you mean \($0)?" } ?? "the keys here are: \(all)"
    }
}
