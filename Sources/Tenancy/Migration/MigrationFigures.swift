// SPDX-License-Identifier: Apache-2.0

/// Which way a call went.
public enum CallDirection: UInt8, Sendable, Hashable, CaseIterable {
    /// From the operator's side to the service.
    case toService = 0
    /// From the service to the operator's side.
    case fromService

    /// Two words for lists.
    public var title: String { self == .toService ? "to service" : "from service" }
}

/// A call that has ended, as far as a plan is concerned.
public struct MigrationCall: Sendable, Hashable {
    /// Which way it went.
    public var direction: CallDirection
    /// The set of the trunk that it used. It was settled when the call began.
    public var set: TrunkSet
    /// The cohort of the account's number in it (`MigrationMembership`); nil: none.
    public var cohort: Int?
    /// It was answered.
    public var isAnswered: Bool
    /// Media came from one side only; nil: nobody can tell, or it was not answered.
    public var isOneWay: Bool?
    /// From the INVITE to the first 18x with a To tag, or to the answer where none came; nil:
    /// neither came.
    public var setupMilliseconds: UInt32?
    /// When it began: milliseconds since 1970-01-01 00:00 UTC.
    public var time: UInt64

    /// From its parts.
    public init(
        direction: CallDirection, set: TrunkSet, cohort: Int?, isAnswered: Bool, isOneWay: Bool?,
        setupMilliseconds: UInt32?, time: UInt64
    ) {
        self.direction = direction
        self.set = set
        self.cohort = cohort
        self.isAnswered = isAnswered
        self.isOneWay = isOneWay
        self.setupMilliseconds = setupMilliseconds
        self.time = time
    }
}

/// Calls of one kind, counted.
public struct CallTally: Sendable, Hashable {
    /// Calls.
    public internal(set) var calls: UInt64 = 0
    /// Of them answered.
    public internal(set) var answered: UInt64 = 0
    /// Of those, calls whose media tells whether it went both ways.
    public internal(set) var judged: UInt64 = 0
    /// Of these with media from one side only.
    public internal(set) var oneWay: UInt64 = 0
    /// Set-up times.
    public internal(set) var setup = SetupHistogram()
    /// When the earliest of them began: milliseconds since 1970-01-01 00:00 UTC; nil: no call.
    public internal(set) var first: UInt64?
    /// When the latest of them began.
    public internal(set) var last: UInt64?

    /// None.
    public init() {}

    /// Whole hours from the first call to the last.
    public var hours: UInt64 {
        guard let first = self.first, let last = self.last, last > first else { return 0 }
        return (last - first) / 3_600_000
    }

    mutating func add(_ call: MigrationCall) {
        self.calls &+= 1
        if call.isAnswered { self.answered &+= 1 }
        if call.isAnswered, let isOneWay = call.isOneWay {
            self.judged &+= 1
            if isOneWay { self.oneWay &+= 1 }
        }
        if let setup = call.setupMilliseconds { self.setup.add(setup) }
        self.first = min(self.first ?? call.time, call.time)
        self.last = max(self.last ?? call.time, call.time)
    }
}

/// Calls of one kind in both directions.
public struct DirectedTally: Sendable, Hashable {
    /// From the operator's side.
    public internal(set) var toService = CallTally()
    /// From the service.
    public internal(set) var fromService = CallTally()

    /// None.
    public init() {}

    /// One of the two.
    public internal(set) subscript(direction: CallDirection) -> CallTally {
        get { direction == .toService ? self.toService : self.fromService }
        set {
            if direction == .toService { self.toService = newValue } else {
                self.fromService = newValue
            }
        }
    }
}

/// What a plan's gates judge: the calls of its accounts, by set, direction and cohort. About
/// 10 KB for each cohort and the baseline, however many calls there are.
public struct MigrationFigures: Sendable, Hashable {
    /// The set that numbers leave: its calls are the baseline, whoever's they are.
    public let from: TrunkSet
    /// The set that they go to: its calls are those of their cohorts.
    public let to: TrunkSet
    /// Calls over the old set.
    public internal(set) var baseline = DirectedTally()
    /// Calls over the new set, by cohort.
    public internal(set) var cohorts: [DirectedTally]
    /// Calls over the new set of numbers in no cohort: judged by no gate.
    public internal(set) var unassigned: UInt64 = 0

    /// Empty.
    public init(from: TrunkSet, to: TrunkSet, cohorts: Int) {
        self.from = from
        self.to = to
        self.cohorts = Array(repeating: DirectedTally(), count: cohorts)
    }

    /// Counts a call of an account of the plan.
    public mutating func observe(_ call: MigrationCall) {
        if call.set == self.from {
            self.baseline[call.direction].add(call)
        } else if let cohort = call.cohort, self.cohorts.indices.contains(cohort) {
            self.cohorts[cohort][call.direction].add(call)
        } else {
            self.unassigned &+= 1
        }
    }

    /// Does what actions of the plan say of its figures.
    public mutating func apply(_ action: MigrationAction) {
        switch action {
        case .resetFigures:
            self = MigrationFigures(from: self.from, to: self.to, cohorts: self.cohorts.count)
        case .resetCohorts(let range):
            for cohort in range.clamped(to: self.cohorts.indices) {
                self.cohorts[cohort] = DirectedTally()
            }
        default: break
        }
    }

    /// When the last call over the old set began; nil: there was none.
    public var lastBaselineCall: UInt64? {
        [self.baseline.toService.last, self.baseline.fromService.last].compactMap(\.self).max()
    }
}
