// SPDX-License-Identifier: Apache-2.0

public import SIPMessage

/// Why a message that rules made does not go out.
public enum RuleFault: Sendable, Hashable {
    /// It is no valid message any more, for this reason.
    case invalid(String)
    /// Something that is the box's own changed.
    case protected(String)
    /// A number changed that an Identity header is signed over (RFC 8224).
    case signedNumber
    /// A value is longer than `RuleLimits.valueBytes`.
    case valueTooLong
    /// The message is longer than `SIPLimits.messageBytes`.
    case messageTooLong
    /// More than `RuleLimits.work` steps.
    case tooMuchWork
    /// More than `RuleLimits.variables`.
    case tooManyVariables

    /// One sentence.
    public var text: String {
        switch self {
        case .invalid(let why): "the result is no valid message: \(why)"
        case .protected(let what): "\(what) changed, which is the box's own"
        case .signedNumber:
            "a number changed that the Identity header is signed over: remove header(Identity) in "
                + "the same set, or leave the number alone"
        case .valueTooLong: "a value has more than \(RuleLimits.valueBytes) octets"
        case .messageTooLong: "the message has more than \(SIPLimits.messageBytes) octets"
        case .tooMuchWork: "the patterns need more than \(RuleLimits.work) steps"
        case .tooManyVariables: "more than \(RuleLimits.variables) variables"
        }
    }
}

/// What became of a message.
public enum RuleOutcome: Sendable {
    /// Nothing changed.
    case unchanged
    /// This is the message now.
    case changed(SIPMessage)
    /// A rule, by its position, made what may not be; the message is as it was.
    case fault(rule: Int, RuleFault)
}

/// What one rule did, for counters and for people.
public struct RuleReport: Sendable, Hashable {
    /// What came of it.
    public enum Verdict: Sendable, Hashable {
        /// The message is none of those that it is for.
        case filtered
        /// This condition, by its position, did not hold.
        case failed(condition: Int)
        /// Its actions were done.
        case applied
        /// A rule before it said stop, or there was a fault.
        case notReached
    }

    /// Position in the set.
    public let rule: Int
    /// What came of it.
    public let verdict: Verdict
}

/// One pass of one message through one set: each rule once, in order.
public struct RulePass {
    private let set: RuleSet
    private let trunk: [UInt8]
    private var budget = WorkBudget(RuleLimits.work)
    private var variables: [[UInt8]: [UInt8]] = [:]
    private var captures: [[UInt8]] = []
    /// One for each rule.
    public private(set) var reports: [RuleReport] = []

    /// For a message of this trunk.
    public init(_ set: RuleSet, trunk: [UInt8]) {
        self.set = set
        self.trunk = trunk
    }

    /// Steps that the pass took.
    public var steps: Int { RuleLimits.work - self.budget.left }

    /// Runs the message through.
    public mutating func run(_ message: SIPMessage) -> RuleOutcome {
        var draft: MessageDraft?
        var result = Checked()
        for (index, rule) in self.set.rules.enumerated() {
            guard rule.filter.admits(message) else {
                self.report(index, .filtered)
                continue
            }
            var work = draft ?? MessageDraft(message)
            switch self.apply(rule, to: &work) {
            case .failure(let fault):
                self.report(index, .applied)
                return self.end(.fault(rule: index, fault.fault))
            case .success(let step):
                self.report(index, step.verdict)
                if step.verdict == .applied, work.takeChange() { result.take(work, by: index) }
                draft = work
                if step.stops { return self.end(result.outcome) }
            }
        }
        return self.end(result.outcome)
    }

    private mutating func report(_ rule: Int, _ verdict: RuleReport.Verdict) {
        self.reports.append(RuleReport(rule: rule, verdict: verdict))
    }

    private mutating func end(_ outcome: RuleOutcome) -> RuleOutcome {
        for rule in self.reports.count..<max(self.reports.count, self.set.rules.count) {
            self.report(rule, .notReached)
        }
        return outcome
    }

    // MARK: One rule

    private struct Step {
        let verdict: RuleReport.Verdict
        let stops: Bool
    }

    private struct Stopped: Error { let fault: RuleFault }

    private mutating func apply(
        _ rule: Rule, to draft: inout MessageDraft
    ) -> Result<Step, Stopped> {
        self.captures = []
        for (position, condition) in rule.conditions.enumerated() {
            let holds = self.holds(condition, draft)
            guard self.budget.left >= 0 else { return .failure(Stopped(fault: .tooMuchWork)) }
            guard self.variables.count <= RuleLimits.variables else {
                return .failure(Stopped(fault: .tooManyVariables))
            }
            guard holds else {
                return .success(Step(verdict: .failed(condition: position), stops: false))
            }
        }
        var stops = false
        for action in rule.actions {
            do throws(Stopped) {
                if case .stop = action { stops = true } else { try self.perform(action, &draft) }
            } catch {
                return .failure(error)
            }
        }
        return .success(Step(verdict: .applied, stops: stops))
    }

    private mutating func holds(_ condition: Condition, _ draft: MessageDraft) -> Bool {
        let values = draft.values(
            of: condition.subject, variables: self.variables, trunk: self.trunk)
        var found: [UInt8]?
        for value in values where found == nil {
            guard self.budget.take(1 + value.count / 16) else { return false }
            if self.fulfils(value, condition.test) { found = value }
        }
        guard let found, !condition.isNegated else { return (found != nil) != condition.isNegated }
        if let variable = condition.variable {
            let captured = self.captures.count > 1 ? self.captures[1] : nil
            if case .matches = condition.test {
                self.variables[variable] = captured ?? self.captures.first ?? found
            } else {
                self.variables[variable] = found
            }
        }
        return true
    }

    private mutating func fulfils(_ value: [UInt8], _ test: Condition.Test) -> Bool {
        switch test {
        case .present: return true
        case .equals(let template, let ignoringCase):
            let wanted = self.fill(template, self.captures)
            return ignoringCase ? ASCII.equalsIgnoringCase(value, wanted) : value == wanted
        case .contains(let template, let ignoringCase):
            let wanted = self.fill(template, self.captures)
            guard self.budget.take(value.count * max(wanted.count, 1) / 16) else { return false }
            return Self.contains(value, wanted, ignoringCase)
        case .matches(let pattern):
            guard let match = pattern.firstMatch(in: value[...], &self.budget) else {
                return false
            }
            self.captures = Self.texts(of: match, in: value[...])
            return true
        }
    }

    private static func contains(
        _ value: [UInt8], _ part: [UInt8], _ ignoringCase: Bool
    ) -> Bool {
        guard value.count >= part.count else { return false }
        return (0...(value.count - part.count)).contains { start in
            let slice = value[start..<(start + part.count)]
            return ignoringCase
                ? ASCII.equalsIgnoringCase(slice, part) : slice.elementsEqual(part)
        }
    }

    private static func texts(of match: PatternMatch, in value: ArraySlice<UInt8>) -> [[UInt8]] {
        match.ranges.map { $0.map { Array(value[$0]) } ?? [] }
    }

    private func fill(_ template: Template, _ captures: [[UInt8]]) -> [UInt8] {
        var result: [UInt8] = []
        for piece in template.pieces {
            switch piece {
            case .text(let text): result += text
            case .capture(let number):
                if captures.indices.contains(number) { result += captures[number] }
            case .variable(let name): result += self.variables[name] ?? []
            }
        }
        return result
    }

    /// A value that a rule makes, within its limit.
    private mutating func make(
        _ template: Template, _ captures: [[UInt8]]
    ) throws(Stopped) -> [UInt8] {
        let value = self.fill(template, captures)
        guard value.count <= RuleLimits.valueBytes else { throw Stopped(fault: .valueTooLong) }
        guard self.budget.take(value.count) else { throw Stopped(fault: .tooMuchWork) }
        return value
    }

    // MARK: Actions

    private mutating func perform(
        _ action: RuleAction, _ draft: inout MessageDraft
    ) throws(Stopped) {
        switch action {
        case .add(let subject, let template):
            let value = try self.make(template, self.captures)
            switch subject {
            case .header(let name, let spelling, _):
                draft.addLine(name, spelling: spelling, value)
            case .sdp(let section): draft.changeDescription { $0.add(value, to: section) }
            default: self.set(subject, value, &draft)
            }
        case .set(let subject, let template):
            self.set(subject, try self.make(template, self.captures), &draft)
        case .remove(let subject, let pattern):
            try self.edit(subject, &draft) { value, budget in
                guard let pattern else { return .remove }
                guard let value else { return .keep }
                return pattern.firstMatch(in: value, &budget) == nil ? .keep : .remove
            }
            if case .variable(let name) = subject { self.variables[name] = nil }
        case .replace(let subject, let pattern, let template, let everywhere):
            try self.replace(subject, pattern, template, everywhere, &draft)
        case .stop: break
        }
        guard self.variables.count <= RuleLimits.variables else {
            throw Stopped(fault: .tooManyVariables)
        }
    }

    private mutating func set(_ subject: Subject, _ value: [UInt8], _ draft: inout MessageDraft) {
        switch subject {
        case .variable(let name): self.variables[name] = value
        case .header(let name, let spelling, .whole):
            draft.setLine(name, spelling: spelling, value)
        case .header(let name, let spelling, let part):
            draft.change(name, spelling: spelling, part) { _ in .write(value) }
        case .requestURI(let part): draft.changeRequestURI(part) { _ in .write(value) }
        case .sdp(let section): draft.changeDescription { $0.add(value, to: section) }
        case .method, .status, .trunk, .anyHeader: break
        }
    }

    private mutating func replace(
        _ subject: Subject, _ pattern: Pattern, _ template: Template, _ everywhere: Bool,
        _ draft: inout MessageDraft
    ) throws(Stopped) {
        let variables = self
        func replaced(_ value: ArraySlice<UInt8>, _ budget: inout WorkBudget) -> [UInt8]? {
            var result: [UInt8] = []
            var copied = value.startIndex
            var from = value.startIndex
            var isFound = false
            while from <= value.endIndex,
                let match = pattern.firstMatch(in: value, from: from, &budget)
            {
                isFound = true
                result += value[copied..<match.whole.lowerBound]
                result += variables.fill(template, Self.texts(of: match, in: value))
                copied = match.whole.upperBound
                // A match of nothing does not hold the place.
                from = max(copied, match.whole.lowerBound + (match.whole.isEmpty ? 1 : 0))
                guard everywhere, result.count <= RuleLimits.valueBytes else { break }
            }
            guard isFound else { return nil }
            return result + value[copied...]
        }
        if case .variable(let name) = subject {
            guard let value = self.variables[name] else { return }
            if let new = replaced(value[...], &self.budget) {
                guard new.count <= RuleLimits.valueBytes else {
                    throw Stopped(fault: .valueTooLong)
                }
                self.variables[name] = new
            }
            guard self.budget.left >= 0 else { throw Stopped(fault: .tooMuchWork) }
            return
        }
        try self.edit(subject, &draft) { value, budget in
            guard let value, let new = replaced(value, &budget) else { return .keep }
            return .write(new)
        }
    }

    /// Lets `new` change every value of a part.
    private mutating func edit(
        _ subject: Subject, _ draft: inout MessageDraft,
        _ new: (ArraySlice<UInt8>?, inout WorkBudget) -> PartChange
    ) throws(Stopped) {
        var budget = self.budget
        var isTooLong = false
        func bounded(_ value: ArraySlice<UInt8>?) -> PartChange {
            let change = new(value, &budget)
            guard case .write(let bytes) = change else { return change }
            guard bytes.count <= RuleLimits.valueBytes, budget.take(bytes.count) else {
                isTooLong = isTooLong || bytes.count > RuleLimits.valueBytes
                return .keep
            }
            return change
        }
        switch subject {
        case .header(let name, let spelling, let part):
            draft.change(name, spelling: spelling, part, bounded)
        case .requestURI(let part): draft.changeRequestURI(part, bounded)
        case .sdp(let section):
            draft.changeDescription { $0.change(section, bounded) }
        case .variable, .method, .status, .trunk, .anyHeader: break
        }
        self.budget = budget
        guard !isTooLong else { throw Stopped(fault: .valueTooLong) }
        guard self.budget.left >= 0 else { throw Stopped(fault: .tooMuchWork) }
    }
}

/// The message after each rule that changed it. What one rule breaks another may mend; what is
/// broken at the end is the fault of the first rule since which it has been.
private struct Checked {
    private(set) var outcome = RuleOutcome.unchanged

    mutating func take(_ draft: MessageDraft, by rule: Int) {
        let bytes = draft.serialise()
        var fault: RuleFault?
        if bytes.count > SIPLimits.messageBytes {
            fault = .messageTooLong
        } else {
            switch ResultCheck.check(bytes, of: draft.original) {
            case .success(let message): self.outcome = .changed(message)
            case .failure(let refusal): fault = refusal.fault
            }
        }
        guard let fault else { return }
        if case .fault(let first, _) = self.outcome {
            self.outcome = .fault(rule: first, fault)
        } else {
            self.outcome = .fault(rule: rule, fault)
        }
    }
}

extension MessageFilter {
    /// The rule is for this message.
    func admits(_ message: SIPMessage) -> Bool {
        switch (self.kind, message.isRequest) {
        case (.requests, false), (.responses, true): return false
        default: break
        }
        if let status = message.status, !self.statuses.contains(status) { return false }
        guard !self.methods.isEmpty else { return true }
        guard let method = message.method ?? (try? message.cseq())?.method else { return false }
        return self.methods.contains(method)
    }
}

/// What a change makes of a part.
enum PartChange {
    case keep
    case write([UInt8])
    case remove
}
