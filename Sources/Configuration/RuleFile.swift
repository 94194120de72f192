// SPDX-License-Identifier: Apache-2.0

public import Manipulation

/// Rule files: YAML with one list, `rules`.
public enum RuleFile {
    /// Bytes of a rule file at most.
    public static let limit = 1 << 18

    /// Reads and checks a file. Throws everything that is wrong with it.
    public static func load(path: String) throws(ConfigurationErrors) -> RuleSet {
        let issues = IssueList(file: path)
        guard let bytes = FileBytes.read(path, limit: self.limit, issues),
            let set = self.read(bytes, issues)
        else { throw issues.errors }
        return set
    }

    /// Reads and checks the bytes of a file; `file` is its name in messages.
    public static func parse(
        _ bytes: [UInt8], file: String
    ) throws(ConfigurationErrors) -> RuleSet {
        let issues = IssueList(file: file)
        guard let set = self.read(bytes, issues) else { throw issues.errors }
        return set
    }

    /// Nil where an issue says why.
    static func read(_ bytes: [UInt8], _ issues: IssueList) -> RuleSet? {
        guard bytes.count <= self.limit else {
            issues.add(0, "", "has more than \(self.limit) bytes", "split it into several files")
            return nil
        }
        do {
            guard let root = try YAMLReader.read(bytes) else {
                issues.add(0, "", "is empty", "write `rules:` and a list of rules")
                return nil
            }
            let rules = RuleReader(issues).rules(root)
            return issues.issues.isEmpty ? RuleSet(rules: rules) : nil
        } catch {
            issues.add(error.line, "", error.problem, error.fix)
            return nil
        }
    }
}

/// The rule files that one configuration names, each read once.
final class RuleFiles {
    private let issues: IssueList
    private var sets: [String: RuleSet] = [:]
    private var failed: Set<String> = []

    init(_ issues: IssueList) { self.issues = issues }

    /// The rules that a trunk names.
    func rules(_ section: SectionReader) -> TrunkRules {
        TrunkRules(
            incoming: self.set(section, TrunkRuleKeys.incoming),
            outgoing: self.set(section, TrunkRuleKeys.outgoing))
    }

    private func set(_ section: SectionReader, _ key: Key) -> RuleSet? {
        guard let names = section.texts(key), !names.isEmpty else { return nil }
        let rules = names.flatMap { self.read($0)?.rules ?? [] }
        if rules.count > RuleLimits.rules {
            self.issues.add(
                names[0], "name \(rules.count) rules",
                "name files with at most \(RuleLimits.rules) rules together")
        }
        return rules.isEmpty ? nil : RuleSet(rules: rules)
    }

    private func read(_ name: Located<String>) -> RuleSet? {
        let path = self.issues.path(of: name)
        if let known = self.sets[path] { return known }
        guard self.failed.insert(path).inserted else { return nil }
        let issues = IssueList(file: path)
        if let bytes = FileBytes.read(path, limit: RuleFile.limit, issues),
            let set = RuleFile.read(bytes, issues)
        {
            self.sets[path] = set
            self.failed.remove(path)
            return set
        }
        if let first = issues.issues.first, first.line == 0, first.key.isEmpty {
            self.issues.add(name, "\(Shown.value(path)): \(first.problem)", first.fix)
        } else {
            self.issues.take(issues)
        }
        return nil
    }
}
