// SPDX-License-Identifier: Apache-2.0

import Manipulation
import SIPMessage

/// Turns the tree of a rule file into rules; what is wrong becomes an issue, and reading goes on.
struct RuleReader {
    private let issues: IssueList

    init(_ issues: IssueList) { self.issues = issues }

    func rules(_ root: YAMLNode) -> [Rule] {
        guard let file = SectionReader(root, "", keys: ["rules"], self.issues) else { return [] }
        let items = self.items(
            file.section("rules"), "rules", 1...RuleLimits.rules, line: file.line)
        var names: [String: SourceLine] = [:]
        return items.enumerated().compactMap { index, item in
            let path = "rules[\(index)]"
            guard
                let section = SectionReader(
                    item, path, keys: RuleKeys.all.map(\.name), self.issues)
            else { return nil }
            let rule = self.rule(section)
            if let name = section.text(RuleKeys.name) {
                if let first = names[name.value] {
                    self.issues.add(
                        name, "\(Shown.value(name.value)) stands on line \(first) too",
                        "give each rule a name of its own")
                }
                names[name.value] = name.line
            }
            return rule
        }
    }

    private func items(
        _ node: YAMLNode?, _ path: String, _ count: ClosedRange<Int>, line: SourceLine
    ) -> [YAMLNode] {
        var items: [YAMLNode] = []
        if let node, !node.isNull {
            guard case .sequence(let list) = node.content else {
                self.issues.add(
                    node.line, path, "is \(node.kindName)",
                    "write a list, each item beginning with '- '")
                return []
            }
            items = list
        }
        guard count.contains(items.count) else {
            self.issues.add(
                node?.line ?? line, path, "has \(items.count) items",
                "write \(count.lowerBound) to \(count.upperBound) of them")
            return []
        }
        return items
    }

    private func rule(_ section: SectionReader) -> Rule? {
        let name = section.text(RuleKeys.name)
        if let name, !(1...63).contains(name.value.utf8.count) {
            self.issues.add(name, "is no name", "write 1 to 63 bytes")
        }
        let filter = self.filter(section)
        let conditions = self.parts(section, RuleKeys.when, RuleKeys.condition, 0)
            .compactMap(self.condition)
        let captures = conditions.map { condition -> Int in
            guard case .matches(let pattern) = condition.test else { return -1 }
            return pattern.captureCount
        }.max() ?? -1
        let actions = self.parts(section, RuleKeys.then, RuleKeys.action, 1)
            .compactMap { self.action($0, captures) }
        let onFault: FaultPolicy? = self.word(
            section, RuleKeys.onFault, [("pass", .pass), ("refuse", .refuse)])
        guard let name, let filter else { return nil }
        return Rule(
            name: name.value, filter: filter, conditions: conditions, actions: actions,
            onFault: onFault ?? .pass)
    }

    private func parts(
        _ section: SectionReader, _ key: Key, _ keys: [Key], _ least: Int
    ) -> [SectionReader] {
        let path = SectionReader.join(section.key, key.name)
        let items = self.items(
            section.section(key.name), path, least...RuleLimits.parts, line: section.line)
        return items.enumerated().compactMap { index, item in
            SectionReader(item, "\(path)[\(index)]", keys: keys.map(\.name), self.issues)
        }
    }

    private func word<Value>(
        _ section: SectionReader, _ key: Key, _ words: [(String, Value)]
    ) -> Value? {
        guard let text = section.text(key) else { return nil }
        if let known = words.first(where: { $0.0 == text.value }) { return known.1 }
        self.issues.add(
            text, "is \(Shown.value(text.value))",
            "write one of \(words.map(\.0).joined(separator: ", "))")
        return nil
    }

    // MARK: What a rule is for

    private func filter(_ section: SectionReader) -> MessageFilter? {
        let kind: MessageFilter.Kind? = self.word(
            section, RuleKeys.messages,
            [("requests", .requests), ("responses", .responses), ("both", .both)])
        let methods = section.texts(RuleKeys.methods)?.compactMap { text -> Method? in
            let method = Method(bytes: Array(text.value.utf8))
            if method.isKnown { return method }
            self.issues.add(
                text, "\(Shown.value(text.value)) is no method",
                "write a method of SIP in capitals, such as INVITE")
            return nil
        }
        var filter = MessageFilter(kind: kind ?? .both, methods: methods ?? [])
        guard let status = section.text(RuleKeys.status) else { return filter }
        let parts = Array(status.value.utf8).split(
            separator: 0x2d, omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), let low = Decimal.parse(parts[0]),
            let high = Decimal.parse(parts[parts.count - 1]), (100...699).contains(low),
            (low...699).contains(high)
        else {
            self.issues.add(
                status, "is \(Shown.value(status.value))",
                "write a status from 100 to 699, or FIRST-LAST")
            return nil
        }
        if filter.kind == .requests {
            self.issues.add(
                status, "is for responses, but messages says requests",
                "leave status out, or write messages: responses")
        }
        filter.kind = .responses
        filter.statuses = low...high
        return filter
    }

    // MARK: Conditions

    private func condition(_ section: SectionReader) -> Condition? {
        let subject = section.text(RuleKeys.part).flatMap(self.subject)
        let tests = [RuleKeys.present, RuleKeys.equals, RuleKeys.contains, RuleKeys.matches]
        let written = tests.filter { section.node($0) != nil }
        guard written.count == 1 else {
            self.issues.add(
                section.line, section.key, "asks \(written.count) questions",
                "write exactly one of present, is, contains, matches")
            return nil
        }
        let ignoringCase = section.flag(RuleKeys.ignoreCase)
        var isNegated = section.flag(RuleKeys.not)
        var test: Condition.Test?
        switch written[0].name {
        case RuleKeys.present.name:
            test = .present
            if !section.flag(RuleKeys.present) { isNegated.toggle() }
        case RuleKeys.matches.name:
            test = self.pattern(section, RuleKeys.matches, ignoringCase).map { .matches($0) }
        case RuleKeys.equals.name:
            test = self.template(section, RuleKeys.equals, 9).map {
                .equals($0, ignoringCase: ignoringCase)
            }
        default:
            test = self.template(section, RuleKeys.contains, 9).map {
                .contains($0, ignoringCase: ignoringCase)
            }
        }
        let variable = section.text(RuleKeys.variable)
        if let variable, !VariableName.isValid(Array(variable.value.utf8)) {
            self.issues.add(
                variable, "\(Shown.value(variable.value)) is no name of a variable",
                "write 1 to 31 small letters, digits, '-' or '_'")
        }
        if let variable, isNegated {
            self.issues.add(
                variable, "would keep what is not there", "leave as out, or not")
        }
        guard let subject, let test else { return nil }
        return Condition(
            subject, test, isNegated: isNegated, as: variable.map { Array($0.value.utf8) })
    }

    private func subject(_ text: Located<String>) -> Subject? {
        do throws(RuleSyntaxError) {
            return try Subject(Array(text.value.utf8))
        } catch {
            self.issues.add(text, "\(Shown.value(text.value)) \(error.problem)", error.fix)
            return nil
        }
    }

    private func pattern(
        _ section: SectionReader, _ key: Key, _ ignoringCase: Bool
    ) -> Pattern? {
        guard let text = section.text(key) else { return nil }
        do throws(PatternError) {
            return try Pattern(Array(text.value.utf8), ignoringCase: ignoringCase)
        } catch {
            self.issues.add(
                text, "\(Shown.value(text.value)) \(error.problem) (octet \(error.offset))",
                "see the list of patterns in the page on rules")
            return nil
        }
    }

    /// A text that may ask for captures up to this number.
    private func template(_ section: SectionReader, _ key: Key, _ captures: Int) -> Template? {
        guard let text = section.text(key) else { return nil }
        do throws(RuleSyntaxError) {
            let template = try Template(Array(text.value.utf8))
            if let highest = template.highestCapture, highest > captures {
                self.issues.add(
                    text, "asks for $\(highest), which no pattern captures",
                    "put ( ) around a part of the pattern, or count again")
            }
            return template
        } catch {
            self.issues.add(text, "\(Shown.value(text.value)) \(error.problem)", error.fix)
            return nil
        }
    }

    // MARK: Actions

    private func action(_ section: SectionReader, _ captures: Int) -> RuleAction? {
        let verbs = [RuleKeys.add, RuleKeys.set, RuleKeys.remove, RuleKeys.replace, RuleKeys.stop]
        let written = verbs.filter { section.node($0) != nil }
        guard written.count == 1, let verb = written.first else {
            self.issues.add(
                section.line, section.key, "does \(written.count) things",
                "write exactly one of add, set, remove, replace, stop")
            return nil
        }
        if verb.name == RuleKeys.stop.name {
            return section.flag(RuleKeys.stop) ? .stop : nil
        }
        guard let text = section.text(verb), let subject = self.subject(text) else { return nil }
        if let refusal = ProtectedParts.refusal(subject) {
            self.issues.add(text, "\(Shown.value(text.value)) \(refusal.problem)", refusal.fix)
            return nil
        }
        let ignoringCase = section.flag(RuleKeys.ignoreCase)
        switch verb.name {
        case RuleKeys.add.name, RuleKeys.set.name:
            guard let template = self.template(section, RuleKeys.to, captures) else { return nil }
            self.checkLine(template, subject, section)
            if verb.name == RuleKeys.set.name { return .set(subject, template) }
            switch subject {
            case .header(_, _, .whole), .sdp: return .add(subject, template)
            default:
                self.issues.add(
                    text, "is one value, to which none can be added", "write set instead of add")
                return nil
            }
        case RuleKeys.remove.name:
            guard section.node(RuleKeys.matching) != nil else {
                if case .sdp = subject {
                    self.issues.add(
                        text, "would be without any line", "say which with matching: PATTERN")
                }
                return .remove(subject, matching: nil)
            }
            return self.pattern(section, RuleKeys.matching, ignoringCase).map {
                .remove(subject, matching: $0)
            }
        default:
            guard let pattern = self.pattern(section, RuleKeys.pattern, ignoringCase),
                let template = self.template(section, RuleKeys.with, pattern.captureCount)
            else { return nil }
            return .replace(
                subject, pattern, template, everywhere: section.flag(RuleKeys.everywhere))
        }
    }

    /// A line that is added to a description has to be one that a rule may write.
    private func checkLine(_ template: Template, _ subject: Subject, _ section: SectionReader) {
        guard case .sdp = subject, let text = section.text(RuleKeys.to),
            !ProtectedParts.mayChange(sdpLine: Array(text.value.utf8))
        else { return }
        self.issues.add(
            text, "\(Shown.value(text.value)) is no line that a rule may add",
            "write a line a=, b= or i=, no attribute of keys, ICE, rtcp or rtpmap")
    }
}
