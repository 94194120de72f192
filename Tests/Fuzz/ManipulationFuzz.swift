// SPDX-License-Identifier: Apache-2.0

// Entry of libFuzzer for manipulation rules; README.md says how to build it. It is compiled into
// one module with Sources/Manipulation, behind SIPMessage as a module of its own.
//
// An input is a pattern, a text with captures, a subject, and a message, ended by a zero byte each
// but the last. The pattern is tried on the message as octets; then three rules of these parts go
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
    if let pattern { check(pattern, parts[3]) }
    let template = try? Template(Array(parts[1]))
    let subject = try? Subject(Array(parts[2]))
    guard let message = try? SIPMessage.parse(Array(parts[3]), framing: .datagram),
        message.examine() == .accept, let pattern, let template, let subject
    else { return 0 }
    check(rules(pattern, template, subject), message)
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

private func rules(_ pattern: Pattern, _ template: Template, _ subject: Subject) -> RuleSet {
    let condition = Condition(subject, .matches(pattern), as: Array("v".utf8))
    return RuleSet(rules: [
        Rule(name: "set", conditions: [condition], actions: [.set(subject, template)]),
        Rule(
            name: "replace",
            actions: [.replace(subject, pattern, template, everywhere: true)]),
        Rule(
            name: "rest",
            actions: [.remove(subject, matching: pattern), .add(subject, template), .stop]),
    ])
}

private func check(_ set: RuleSet, _ message: SIPMessage) {
    var pass = RulePass(set, trunk: Array("carrier".utf8))
    let outcome = pass.run(message)
    precondition(pass.reports.count == set.rules.count)
    guard case .changed(let changed) = outcome else { return }
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
