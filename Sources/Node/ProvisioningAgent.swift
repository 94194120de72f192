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
/// disk may take long, and reports to the loop. One request is done after the other.
final class ProvisioningAgent: Sendable {
    /// Where committed changes go, in the order of the commits.
    typealias ChangeSink = @Sendable (DirectoryChange) -> Void

    /// What the loop hears.
    enum Report: Sendable {
        /// A request was done: its token, what it led to, and how the store is since.
        case done(UInt64, ProvisioningOutcome, ProvisioningStatus)
        /// Part of what a store has that was opened late.
        case loaded([DirectoryChange])
        /// How the store is since it was looked after.
        case status(ProvisioningStatus)
    }

    private struct State {
        var service: ProvisioningService?
        /// Why there is no service.
        var fault: StoreFault?
    }

    private let path: String
    private let queue = DispatchQueue(label: "trunkline.provisioning")
    private let state = Mutex(State())
    /// Changes of one report when a store is opened late.
    private static let loadedMax = 10_000

    init(path: String) { self.path = path }

    /// Opens the store and gives all that it has to the sink, on this thread. A store that cannot
    /// be opened, or read to its end, is a condition and keeps nobody from calling.
    func open(_ sink: ChangeSink) -> ProvisioningStatus {
        self.state.withLock { state in
            Self.open(&state, self.path, sink)
            return Self.status(state)
        }
    }

    /// Does a request; `report` is called on the agent's thread.
    func perform(
        _ request: ProvisioningRequest, _ token: UInt64,
        report: @escaping @Sendable (Report) -> Void
    ) {
        self.queue.async {
            let (outcome, status) = self.state.withLock { state in
                Self.openLate(&state, self.path, report)
                return (Self.perform(request, state), Self.status(state))
            }
            report(.done(token, outcome, status))
        }
    }

    /// Tries whether a store that could not be opened, or takes no changes, is well again.
    func lookAfter(report: @escaping @Sendable (Report) -> Void) {
        self.queue.async {
            let status = self.state.withLock { state in
                Self.openLate(&state, self.path, report)
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

    private static func open(
        _ state: inout State, _ path: String, _ sink: (DirectoryChange) -> Void
    ) {
        do throws(StoreFault) {
            let service = ProvisioningService(store: try SQLiteStore(path: path)) {
                Int64(clamping: Clocks.wallMs)
            }
            try service.load(sink)
            state = State(service: service)
        } catch {
            state = State(fault: error)
        }
    }

    private static func openLate(
        _ state: inout State, _ path: String, _ report: (Report) -> Void
    ) {
        guard let fault = state.fault, fault.canPass else { return }
        var changes: [DirectoryChange] = []
        Self.open(&state, path) { change in
            changes.append(change)
            guard changes.count == Self.loadedMax else { return }
            report(.loaded(changes))
            changes = []
        }
        report(.loaded(changes))
    }

    private static func perform(
        _ request: ProvisioningRequest, _ state: State
    ) -> ProvisioningOutcome {
        guard let service = state.service else {
            let fault = state.fault ?? StoreFault(.failed, "the store", "it is closed")
            return ProvisioningOutcome(
                answer: .failure(ProvisioningService.refusal(fault)), changes: [])
        }
        return service.perform(request)
    }

    private static func status(_ state: State) -> ProvisioningStatus {
        ProvisioningStatus(
            fault: state.service?.fault ?? state.fault,
            totals: state.service?.totals ?? StoreTotals(accounts: 0, numbers: 0),
            counters: state.service?.counters ?? ProvisioningService.Counters())
    }
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
