// SPDX-License-Identifier: Apache-2.0

import Dispatch
import FlowABI
import Management
import Provisioning
import SIPTransport
import Store
import Synchronization
import Tenancy

/// Does what is asked of tenants and numbers on a thread of its own, since forcing a change to the
/// disk may take long, and reports to the loop. One request is done after the other; what it
/// committed is seen by calls before the loop hears of it.
final class ProvisioningAgent: Sendable {
    /// What the loop hears.
    enum Report: Sendable {
        /// A request was done: its token, what it led to, and how the store is since.
        case done(UInt64, ProvisioningOutcome, ProvisioningStatus)
        /// What a store has that was opened late.
        case opened(ProvisionedState)
        /// How the store is since it was looked after.
        case status(ProvisioningStatus)
    }

    private struct State {
        var service: ProvisioningService?
        /// Why there is no service.
        var fault: StoreFault?
    }

    private let path: String
    private let tenants: Tenants
    private let queue = DispatchQueue(label: "trunkline.provisioning")
    private let state = Mutex(State())

    init(path: String, tenants: Tenants) {
        self.path = path
        self.tenants = tenants
    }

    /// Opens the store and shows calls all that it has, on this thread. A store that cannot be
    /// opened, or read to its end, is a condition and keeps nobody from calling.
    func open() -> (ProvisioningStatus, ProvisionedState?) {
        self.state.withLock { state in
            let found = self.open(&state)
            return (Self.status(state), found)
        }
    }

    /// Does a request; `report` is called on the agent's thread.
    func perform(
        _ request: ProvisioningRequest, _ token: UInt64,
        report: @escaping @Sendable (Report) -> Void
    ) {
        self.queue.async {
            let (outcome, status) = self.state.withLock { state in
                self.openLate(&state, report)
                return (self.perform(request, state), Self.status(state))
            }
            report(.done(token, outcome, status))
        }
    }

    /// Keeps what the node counted for migrations, and looks at their gates.
    func watch(_ node: NodeFacts, report: @escaping @Sendable (Report) -> Void) {
        self.queue.async {
            let (outcome, status) = self.state.withLock { state in
                let none = ProvisioningOutcome(answer: .success([:]))
                return (state.service?.watch(node) ?? none, Self.status(state))
            }
            report(.done(Self.watchToken, outcome, status))
        }
    }

    /// Stands for the node itself in reports; requests have others.
    static let watchToken: UInt64 = 0

    /// Tries whether a store that could not be opened, or takes no changes, is well again.
    func lookAfter(report: @escaping @Sendable (Report) -> Void) {
        self.queue.async {
            let status = self.state.withLock { state in
                self.openLate(&state, report)
                if let fault = state.service?.fault, fault.canPass { state.service?.probe() }
                return Self.status(state)
            }
            report(.status(status))
        }
    }

    /// Waits for the request in hand, and closes the store.
    func close() {
        self.queue.sync {}
        self.state.withLock { $0 = State() }
    }

    // MARK: On the agent's thread

    /// States of trunks first: a trunk that is off stays off, whatever else cannot be read.
    private func open(_ state: inout State) -> ProvisionedState? {
        var found: ProvisionedState?
        do throws(StoreFault) {
            let service = ProvisioningService(store: try SQLiteStore(path: self.path)) {
                Int64(clamping: Clocks.wallMs)
            }
            let trunks = try service.trunkStates()
            found = ProvisionedState(trunks: trunks, migrations: [], unreadable: [])
            try service.load(self.tenants.apply)
            let (plans, unreadable) = try service.migrations()
            found = ProvisionedState(trunks: trunks, migrations: plans, unreadable: unreadable)
            state = State(service: service)
        } catch {
            state = State(fault: error)
        }
        return found
    }

    private func openLate(_ state: inout State, _ report: (Report) -> Void) {
        guard let fault = state.fault, fault.canPass, let found = self.open(&state),
            state.service != nil
        else { return }
        report(.opened(found))
    }

    private func perform(
        _ request: ProvisioningRequest, _ state: State
    ) -> ProvisioningOutcome {
        guard let service = state.service else {
            let fault = state.fault ?? StoreFault(.failed, "the store", "it is closed")
            return ProvisioningOutcome(answer: .failure(ProvisioningService.refusal(fault)))
        }
        var outcome = service.perform(request)
        for change in outcome.changes { self.tenants.apply(change) }
        // There may be a million of them: the loop has no use for them.
        outcome.changes = []
        return outcome
    }

    private static func status(_ state: State) -> ProvisioningStatus {
        ProvisioningStatus(
            fault: state.service?.fault ?? state.fault,
            totals: state.service?.totals ?? StoreTotals(accounts: 0, numbers: 0),
            counters: state.service?.counters ?? ProvisioningService.Counters())
    }
}

/// What a store has beside tenants and numbers.
struct ProvisionedState: Sendable {
    /// States of trunks that somebody has set.
    let trunks: [String: TrunkState]
    /// Plans of migrations.
    let migrations: [StoredMigration]
    /// Names of those that cannot be read.
    let unreadable: [String]
}

/// How the store is.
struct ProvisioningStatus: Sendable, Equatable {
    /// What keeps it from taking changes; nil: nothing does.
    var fault: StoreFault?
    /// How much it has.
    var totals = StoreTotals(accounts: 0, numbers: 0)
    /// What was asked of it.
    var counters = ProvisioningService.Counters()
}
