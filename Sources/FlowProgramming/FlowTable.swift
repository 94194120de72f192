// SPDX-License-Identifier: Apache-2.0

import FlowABI
import MediaPlanning
import Sharing

/// What the worker has at an index, as far as this side knows.
enum Installed: Equatable {
    /// Nothing.
    case none
    /// This flow, as ``FlowEntry/planned`` says.
    case known
    /// This flow; how it is planned is not known (after a restart of ours).
    case unknown
    /// A flow of another generation that has to go first.
    case other(Generation)
}

/// One flow: what it shall be, what it is, and whether a command is on its way. One command at a
/// time; a wish that changes meanwhile is compared again when the answer comes, so that any number
/// of changes takes one place in the queue. A reference: it is looked at many times for each
/// command, and not copied.
final class FlowEntry {
    let flow: FlowID
    var owner: (session: MediaSession, leg: MediaLeg)?
    /// What it shall be; nil: nothing.
    @Apart var desired: PlannedFlow?
    private(set) var installed: Installed
    /// What it is, where that is known.
    @Apart private(set) var planned: PlannedFlow?
    /// The key set in the record of this flow; nil where there is no such record.
    var recordKeyID: UInt64?
    /// The newest key set of which this flow's indexes may have been used, wherever they stand
    /// now; so may those of all before it.
    var usedKeyID: UInt64 = 0
    /// The drops that were told of.
    var dropsTold = DropCounts()
    var isQueued = false
    var isInFlight = false
    /// Digits for its party that wait until it sends digits.
    var digits = WaitingDigits()
    /// Records for its party that wait until the worker has it.
    var waiting: [[UInt8]] = []
    /// Most of them; DTLS repeats what is lost.
    static let waitingMax = 4
    /// What it will be when the command on its way is done.
    @Apart private(set) var coming: PlannedFlow?

    init(
        flow: FlowID, owner: (session: MediaSession, leg: MediaLeg)?, desired: PlannedFlow?,
        installed: Installed
    ) {
        self.flow = flow
        self.owner = owner
        self.installed = installed
        self.desired = desired
    }

    /// It is what it shall be: there is no command to write.
    var isSettled: Bool {
        self.desired == nil ? self.installed == .none : self.$planned == self.$desired
    }

    /// A command is on its way after which it is this; nil: nothing.
    func send(towards state: PlannedFlow?) {
        self.isInFlight = true
        // One copy serves for both, and for what it is afterwards.
        if state == self.desired { self.$coming = self.$desired } else { self.coming = state }
    }

    /// The command was answered. If it was done, the flow is what was to come.
    func arrive(isDone: Bool) {
        if isDone {
            self.installed = self.coming == nil ? .none : .known
            self.$planned = self.$coming
        }
        self.isInFlight = false
        self.coming = nil
    }

    /// There is nothing, whatever was sent.
    func vanish() {
        self.installed = .none
        self.planned = nil
        self.digits.removeAll()
    }

    /// The next command on the way to what it shall be.
    var command: FlowCommand? {
        switch (self.installed, self.desired) {
        case (.other(let generation), _):
            return FlowCommand(
                .remove, flow: FlowID(index: self.flow.index, generation: generation))
        case (.none, nil):
            return nil
        case (.none, let desired?):
            var specification = desired.specification
            specification.keyID = self.keyIDOfAdd
            return FlowCommand(.add(specification), flow: self.flow)
        case (.unknown, nil), (.known, nil):
            return FlowCommand(.remove, flow: self.flow)
        case (.unknown, let desired?):
            return FlowCommand(
                .modify(self.isInDoubt ? desired.closed : desired.specification), flow: self.flow)
        case (.known, let desired?):
            return self.planned?.change(to: desired) ?? self.digitsCommand
        }
    }

    /// Digits wait, and the flow is what it shall be. They go by no state: whatever the flow sends
    /// them as, it does by now.
    var hasDigits: Bool {
        self.isSettled && self.desired != nil && !self.digits.isEmpty && !self.digits.isHeld
    }

    private var digitsCommand: FlowCommand? {
        guard self.hasDigits, let digits = self.digits.first else { return nil }
        return FlowCommand(.digits(digits), flow: self.flow)
    }

    /// What an add has to say: the key set of the record that it takes up. Without that record a
    /// key set that may have been used is named, so that it is refused: zero would begin it anew.
    private var keyIDOfAdd: UInt64 {
        if let recordKeyID { return recordKeyID }
        guard let wanted = self.desired?.keys?.keyID else { return 0 }
        return wanted <= self.usedKeyID ? wanted : 0
    }

    /// A flow of before our restart that shall be secure and may be in the clear, or have keys that
    /// nobody knows: its record does not have the key set.
    private var isInDoubt: Bool {
        guard let desired, desired.isSecure else { return false }
        return desired.keys == nil || desired.keys?.keyID != self.recordKeyID
    }

    /// What its peer sends to it may leave in the clear, and must not.
    var isExposed: Bool {
        if self.isInFlight, PlannedFlow.isExposed(self.coming, goal: self.desired) { return true }
        return switch self.installed {
        case .known: PlannedFlow.isExposed(self.planned, goal: self.desired)
        case .unknown: self.isInDoubt
        case .none, .other: false
        }
    }

    /// It has keys, or may have.
    var hasKeys: Bool {
        switch self.installed {
        case .known: self.planned?.keys != nil
        case .unknown: true
        case .none, .other: false
        }
    }
}

/// Flows by their indexes. An array: each command looks here several times.
struct FlowEntries {
    private var places: [FlowEntry?]

    init(count: Int) { self.places = Array(repeating: nil, count: count) }

    /// Nil where there is none, and outside the table.
    subscript(index: FlowIndex) -> FlowEntry? {
        get { Int(index.value) < self.places.count ? self.places[Int(index.value)] : nil }
        set {
            guard Int(index.value) < self.places.count else { return }
            self.places[Int(index.value)] = newValue
        }
    }

    /// How many there can be.
    var count: Int { self.places.count }

    /// All of them.
    var all: [FlowEntry] { self.places.compactMap(\.self) }
}

/// Every flow that is ours, and the free indexes of each worker: those never used first, then
/// those freed longest ago, so that the last figures of a flow stay as long as possible.
struct FlowTable {
    private struct Range {
        var next: UInt32
        let end: UInt32
        var freed = Queue<UInt32>()
    }

    private(set) var geometry: Geometry
    private var ranges: [Range]
    var entries: FlowEntries

    init(_ geometry: Geometry) {
        self.geometry = geometry
        self.entries = FlowEntries(count: Int(geometry.flows))
        self.ranges = (0..<geometry.workers).map { worker in
            let first = worker * geometry.flowsPerWorker
            return Range(next: first, end: first + geometry.flowsPerWorker)
        }
    }

    /// A free index of a worker. It is not taken before it has an entry.
    mutating func freeIndex(_ worker: WorkerIndex) -> FlowIndex? {
        let number = Int(worker.value)
        guard number < self.ranges.count else { return nil }
        while self.ranges[number].next < self.ranges[number].end {
            let index = FlowIndex(self.ranges[number].next)
            self.ranges[number].next += 1
            if self.entries[index] == nil { return index }
        }
        while let value = self.ranges[number].freed.popFirst() {
            if self.entries[FlowIndex(value)] == nil { return FlowIndex(value) }
        }
        return nil
    }

    /// Gives an index back, with or without an entry.
    mutating func free(_ index: FlowIndex) {
        self.entries[index] = nil
        let number = Int(self.geometry.worker(of: index).value)
        guard number < self.ranges.count else { return }
        self.ranges[number].freed.append(index.value)
    }
}
