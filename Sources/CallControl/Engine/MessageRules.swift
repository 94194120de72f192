// SPDX-License-Identifier: Apache-2.0

public import Admission
public import Manipulation
import SIPMessage
import SIPTransaction

/// Which way a message goes.
public enum MessageDirection: String, Sendable, Hashable, CaseIterable {
    /// It has just arrived.
    case incoming = "in"
    /// It is about to leave.
    case outgoing = "out"
}

/// How often a rule was at work.
public struct RuleCount: Sendable, Hashable {
    /// The trunk.
    public let trunk: TrunkName
    /// Which way.
    public let direction: MessageDirection
    /// The rule.
    public let rule: String
    /// Messages that its actions were done on.
    public var applied: UInt64 = 0
    /// Messages that went on as they were because of a fault of its making.
    public var faults: UInt64 = 0
    /// Requests that did not go on because of one.
    public var refused: UInt64 = 0
}

/// The manipulation rules of every trunk, and what they did. Owned by a shard.
public struct MessageRules: Sendable {
    /// What becomes of a message.
    enum Outcome {
        case unchanged
        case changed(SIPMessage)
        /// It is a request, and may not go on.
        case refused
    }

    private struct Place: Hashable {
        let trunk: TrunkName
        let direction: MessageDirection
    }

    private var sets: [Place: RuleSet] = [:]
    private var figures: [Place: [RuleCount]] = [:]
    /// The last fault of the rules in force, as a sentence; nil as long as there was none.
    public private(set) var lastFault: String?
    private var faulty: Place?

    init() {}

    /// No trunk has rules.
    var isEmpty: Bool { self.sets.isEmpty }

    /// The counters of every rule, by trunk and direction.
    public var counts: [RuleCount] {
        self.figures.values.sorted {
            guard let first = $0.first, let second = $1.first else { return false }
            return (first.trunk.text, first.direction.rawValue)
                < (second.trunk.text, second.direction.rawValue)
        }.flatMap { $0 }
    }

    /// Follows other rules from now on, in calls in progress too. Counters of a set that did not
    /// change go on.
    public mutating func configure(_ trunks: [(name: TrunkName, rules: TrunkRules)]) {
        let former = (sets: self.sets, figures: self.figures)
        self.sets = [:]
        self.figures = [:]
        for trunk in trunks {
            for direction in MessageDirection.allCases {
                let set =
                    direction == .incoming ? trunk.rules.incoming : trunk.rules.outgoing
                guard let set else { continue }
                let place = Place(trunk: trunk.name, direction: direction)
                self.sets[place] = set
                self.figures[place] =
                    former.sets[place] == set
                    ? former.figures[place]
                    : set.rules.map {
                        RuleCount(trunk: trunk.name, direction: direction, rule: $0.name)
                    }
            }
        }
        if let place = self.faulty, self.sets[place] != former.sets[place] {
            (self.faulty, self.lastFault) = (nil, nil)
        }
    }

    mutating func apply(
        to message: SIPMessage, of trunk: TrunkName, _ direction: MessageDirection
    ) -> Outcome {
        let place = Place(trunk: trunk, direction: direction)
        guard let set = self.sets[place] else { return .unchanged }
        var pass = RulePass(set, trunk: Array(trunk.text.utf8))
        let outcome = pass.run(message)
        for report in pass.reports where report.verdict == .applied {
            self.figures[place]?[report.rule].applied &+= 1
        }
        switch outcome {
        case .unchanged: return .unchanged
        case .changed(let message): return .changed(message)
        case .fault(let index, let fault):
            let rule = set.rules[index]
            self.faulty = place
            self.lastFault = "trunk \(trunk.text), rule \(rule.name): \(fault.text)"
            guard rule.onFault == .refuse, Self.mayRefuse(message) else {
                self.figures[place]?[index].faults &+= 1
                return .unchanged
            }
            self.figures[place]?[index].refused &+= 1
            return .refused
        }
    }

    /// Without the others a call would hang, and nobody waits for an answer to an answer.
    private static func mayRefuse(_ message: SIPMessage) -> Bool {
        switch message.method {
        case nil, .ack?, .bye?, .cancel?: false
        default: true
        }
    }
}

// The two places where rules see a message: before the transaction layer takes it in, and before
// that keeps what goes out, so that what is sent again, acknowledged or cancelled fits it.
extension SignallingCore {
    /// A message that arrived as it goes on; nil: it does not, and its sender was told.
    func ruled(arriving message: SIPMessage, from source: Hop) -> SIPMessage? {
        guard !self.rules.isEmpty,
            let trunk = self.engine.trunkName(of: message, .incoming, source)
        else { return message }
        switch self.rules.apply(to: message, of: trunk, .incoming) {
        case .unchanged: return message
        case .changed(let changed): return changed
        case .refused:
            self.refuse(message, from: source)
            return nil
        }
    }

    /// The bytes that leave; nil: the request may not.
    func ruled(leaving bytes: [UInt8], to hop: Hop?) -> [UInt8]? {
        guard !self.rules.isEmpty, let message = try? SIPMessage.parse(bytes, framing: .stream),
            let trunk = self.engine.trunkName(of: message, .outgoing, hop)
        else { return bytes }
        switch self.rules.apply(to: message, of: trunk, .outgoing) {
        case .unchanged: return bytes
        case .changed(let changed): return changed.bytes
        case .refused: return nil
        }
    }

    private func refuse(_ message: SIPMessage, from source: Hop) {
        let response = SIPMessageBuilder.rejection(
            of: message.bytes, framing: .stream, status: 500, reason: "Server Internal Error",
            toTag: self.engine.context.identifiers.tag())
        if let response { self.layer.send(stateless: response, to: source) }
    }
}
