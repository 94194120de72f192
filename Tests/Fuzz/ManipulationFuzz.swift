// SPDX-License-Identifier: Apache-2.0

// Entry of libFuzzer for manipulation rules; README.md says how to build it. It is compiled into
// one module with Sources/Manipulation, behind SIPMessage as a module of its own.
//
// An input is a pattern, a text with captures, a subject, and a message, ended by a zero byte each
// but the last. The pattern is tried on the message as octets; then sets of rules of these parts go
// over the message. What comes out has to be a message that the box would take, with all that is
// protected as it was.

import SIPMessage

/// One input.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzRules(_ data: UnsafePointer<UInt8>, _ size: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: data, count: size))
    let parts = bytes.split(separator: 0, maxSplits: 3, omittingEmptySubsequences: false)
    guard parts.count == 4 else { return 0 }
    let pattern = try? Pattern(Array(parts[0]), ignoringCase: size % 2 == 0)
    #if COST
        // What a message costs that rules are for.
        if let pattern, let template = try? Template(Array(parts[1])),
            let subject = try? Subject(Array(parts[2])),
            let message = try? SIPMessage.parse(Array(parts[3]), framing: .datagram)
        {
            var pass = RulePass(matching(pattern, template, subject), trunk: Array("c".utf8))
            _ = pass.run(message)
        }
        return 0
    #else
        return check(parts, pattern, size)
    #endif
}

private func check(_ parts: [ArraySlice<UInt8>], _ pattern: Pattern?, _ size: Int) -> CInt {
    if let pattern {
        check(pattern, parts[3])
        let again = try? Pattern(Array(parts[0]), ignoringCase: size % 2 == 0)
        precondition(again.map { Set([$0]).contains(pattern) } == true)
    }
    let template = try? Template(Array(parts[1]))
    let subject = try? Subject(Array(parts[2]))
    if let template {
        precondition((0...9).contains(template.highestCapture ?? 0))
        precondition(template.variables.allSatisfy(VariableName.isValid))
    }
    guard let message = try? SIPMessage.parse(Array(parts[3]), framing: .datagram),
        message.examine() == .accept, let pattern, let template, let subject
    else { return 0 }
    check(matching(pattern, template, subject), subject, message)
    check(looking(pattern, template, subject), subject, message)
    check(counting(template, parts[2].count), subject, message)
    return 0
}

/// In linear time: no more steps than places in the program for each octet.
private func check(_ pattern: Pattern, _ value: ArraySlice<UInt8>) {
    precondition(pattern.program.count <= Pattern.programLimit)
    let bound = pattern.program.count * (value.count + 2)
    var budget = WorkBudget(min(bound, RuleLimits.work))
    guard let match = pattern.firstMatch(in: value, &budget) else {
        precondition(bound > RuleLimits.work || budget.left >= 0)
        return
    }
    precondition(match.ranges.count == pattern.captureCount + 1)
    for case let range? in match.ranges {
        precondition(range.lowerBound >= value.startIndex && range.upperBound <= value.endIndex)
        precondition(match.whole.lowerBound <= range.lowerBound || range.isEmpty)
    }
}

/// What is found is set, replaced and taken away.
private func matching(_ pattern: Pattern, _ template: Template, _ subject: Subject) -> RuleSet {
    let condition = Condition(subject, .matches(pattern), as: Array("v".utf8))
    return RuleSet(rules: [
        Rule(name: "set", conditions: [condition], actions: [.set(subject, template)]),
        Rule(
            name: "replace",
            actions: [.replace(subject, pattern, template, everywhere: true)]),
        Rule(
            name: "rest",
            actions: [.remove(subject, matching: pattern), .add(subject, template), .stop]),
        Rule(name: "never", actions: [.set(subject, template)]),
    ])
}

/// What is compared goes through a variable, in the messages that each rule is for.
private func looking(_ pattern: Pattern, _ template: Template, _ subject: Subject) -> RuleSet {
    let variable = Subject.variable(Array("v".utf8))
    let here = Condition(subject, .present, as: Array("v".utf8))
    let whole = Condition(subject, .equals(template, ignoringCase: true))
    let exactly = Condition(subject, .equals(template, ignoringCase: false))
    let part = Condition(subject, .contains(template, ignoringCase: true))
    let exactPart = Condition(variable, .contains(template, ignoringCase: false), isNegated: true)
    let gone = RuleAction.remove(subject, matching: nil)
    let early = MessageFilter(kind: .responses, statuses: 100...199)
    let calls = MessageFilter(methods: [.invite, .bye])
    return RuleSet(rules: [
        Rule(name: "whole", conditions: [whole, exactly], actions: [gone]),
        Rule(name: "part", conditions: [part, here, exactPart], actions: [.add(subject, template)]),
        Rule(
            name: "variable", filter: MessageFilter(kind: .requests),
            actions: [
                .set(variable, template), .replace(variable, pattern, template, everywhere: false),
                .remove(variable, matching: pattern),
            ]),
        Rule(name: "early", filter: early, actions: [.set(subject, template)]),
        Rule(name: "calls", filter: calls, actions: [gone]),
    ])
}

/// As many variables as the subject has octets.
private func counting(_ template: Template, _ count: Int) -> RuleSet {
    RuleSet(rules: [
        Rule(
            name: "many",
            actions: (0..<count).map { .set(.variable(Array("v\($0)".utf8)), template) })
    ])
}

private func check(_ set: RuleSet, _ subject: Subject, _ message: SIPMessage) {
    var pass = RulePass(set, trunk: Array("carrier".utf8))
    let outcome = pass.run(message)
    let refusal = ProtectedParts.refusal(subject)
    precondition(pass.reports.map(\.rule).elementsEqual(set.rules.indices))
    if pass.steps > RuleLimits.work {
        guard case .fault = outcome else { preconditionFailure("too much work, and no fault") }
    }
    switch outcome {
    case .unchanged: break
    case .fault(let rule, let fault):
        precondition(pass.reports[rule].verdict == .applied && !fault.text.isEmpty)
    case .changed(let changed):
        precondition(pass.reports.contains { $0.verdict == .applied })
        precondition(refusal == nil || mayPass(subject))
        check(changed, message)
    }
}

private func check(_ changed: SIPMessage, _ message: SIPMessage) {
    precondition(changed.examine() == .accept)
    precondition(changed.bytes.count <= SIPLimits.messageBytes)
    precondition(startWord(changed) == startWord(message))
    for name in [HeaderName.via, .callID, .cSeq, .route, .recordRoute, .maxForwards] {
        precondition(changed.lines(name).elementsEqual(message.lines(name), by: { $0 == $1 }))
    }
    for name in [HeaderName.from, .to] {
        precondition(tag(name, message) == tag(name, changed))
    }
}

/// What is refused in a rule file, and yet nothing that breaks: a From or To that keeps its tag.
private func mayPass(_ subject: Subject) -> Bool {
    if case .header(let name, _, _) = subject { return ProtectedParts.wholeHeaders.contains(name) }
    return false
}

// Apart, since the optimiser of Swift 6.3 fails on them in one function with the rest.

/// Method, or protocol and status.
@inline(never)
private func startWord(_ message: SIPMessage) -> [UInt8] {
    message.isRequest
        ? Array(message.bytes.prefix { $0 != 0x20 }) : Array(message.bytes.prefix(11))
}

@inline(never)
private func tag(_ name: HeaderName, _ message: SIPMessage) -> [UInt8]? {
    message.first(name).flatMap { try? NameAddr($0) }?.tag.map { Array($0) }
}
