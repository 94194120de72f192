// SPDX-License-Identifier: Apache-2.0

public import SIPMessage

/// Rules that are tried one after the other, once, on each message of a trunk in one direction.
public struct RuleSet: Sendable, Hashable {
    /// In the order in which they are tried.
    public var rules: [Rule]

    /// From its rules.
    public init(rules: [Rule]) { self.rules = rules }
}

/// What a rule does when it would make a message that is none, or one that it may not make.
public enum FaultPolicy: Sendable, Hashable {
    /// The message goes on as it was before the first rule.
    case pass
    /// A request does not go on: who sent it gets 500. Responses, ACK, BYE and CANCEL go on as they
    /// were, since without them a call would hang.
    case refuse
}

/// One rule.
public struct Rule: Sendable, Hashable {
    /// Its name in traces, counters and faults.
    public var name: String
    /// The messages that it is for.
    public var filter: MessageFilter
    /// All of them have to hold.
    public var conditions: [Condition]
    /// Done in order.
    public var actions: [RuleAction]
    /// What a fault of its making leads to.
    public var onFault: FaultPolicy

    /// From its parts.
    public init(
        name: String, filter: MessageFilter = MessageFilter(), conditions: [Condition] = [],
        actions: [RuleAction], onFault: FaultPolicy = .pass
    ) {
        self.name = name
        self.filter = filter
        self.conditions = conditions
        self.actions = actions
        self.onFault = onFault
    }
}

/// The messages that a rule is for.
public struct MessageFilter: Sendable, Hashable {
    /// Requests, responses or both.
    public enum Kind: Sendable, Hashable { case both, requests, responses }

    /// Which of the two.
    public var kind: Kind
    /// Methods of requests, and of the requests that responses are to; empty for every one.
    public var methods: [Method]
    /// Status codes of responses.
    public var statuses: ClosedRange<Int>

    /// Every message, as far as nothing else is said.
    public init(
        kind: Kind = .both, methods: [Method] = [], statuses: ClosedRange<Int> = 100...699
    ) {
        self.kind = kind
        self.methods = methods
        self.statuses = statuses
    }
}

/// A condition on one part of the message. A part with several values (the lines of a header)
/// fulfils it with any of them.
public struct Condition: Sendable, Hashable {
    /// How a value is looked at.
    public enum Test: Sendable, Hashable {
        /// It is there.
        case present
        /// It is this.
        case equals(Template, ignoringCase: Bool)
        /// This is in it.
        case contains(Template, ignoringCase: Bool)
        /// The pattern is found in it; `$1` to `$9` are its captures from then on.
        case matches(Pattern)
    }

    /// What is looked at.
    public var subject: Subject
    /// How.
    public var test: Test
    /// It holds where the test does not.
    public var isNegated: Bool
    /// Capture 1 of the pattern, or the value, becomes this variable.
    public var variable: [UInt8]?

    /// From its parts.
    public init(
        _ subject: Subject, _ test: Test, isNegated: Bool = false, as variable: [UInt8]? = nil
    ) {
        self.subject = subject
        self.test = test
        self.isNegated = isNegated
        self.variable = variable
    }
}

/// One change.
public enum RuleAction: Sendable, Hashable {
    /// A new line of a header, or a new line at the end of each section of the description.
    case add(Subject, Template)
    /// This in place of what is there; a header or a parameter that is not there is added.
    case set(Subject, Template)
    /// What is there is taken away; of lines only those that the pattern is found in.
    case remove(Subject, matching: Pattern?)
    /// The text in place of what the pattern is found in: the first time in each value, or every
    /// time. `$1` to `$9` are captures of this pattern.
    case replace(Subject, Pattern, Template, everywhere: Bool)
    /// No rule behind this one is tried.
    case stop
}

/// What is bounded, each with its own fault.
public enum RuleLimits {
    /// Rules of one set.
    public static let rules = 256
    /// Conditions and actions of one rule.
    public static let parts = 32
    /// Octets of a value that a rule makes.
    public static let valueBytes = SIPLimits.headerBytes
    /// Variables of one pass.
    public static let variables = 32
    /// Steps of all patterns and octets of all results of one pass.
    public static let work = 500_000
}
