// SPDX-License-Identifier: Apache-2.0

import SIPTransaction
import Testing

/// Every state against every event; what a table does not list must change nothing.
@Suite struct InviteClientTransactionTests {
    typealias Machine = InviteClientTransaction
    typealias Row = (state: Machine.State, actions: TransactionActions)

    enum Event: Hashable {
        case status(Int)
        case timer(TransactionTimer)
        case cancel, transportFailed
    }

    static let events: [Event] =
        [99, 100, 180, 200, 202, 300, 486, 699, 700].map(Event.status)
        + TransactionTimer.allCases.map(Event.timer) + [.cancel, .transportFailed]

    static func apply(_ event: Event, to machine: inout Machine) -> TransactionActions {
        switch event {
        case .status(let status): machine.received(status: status)
        case .timer(let timer): machine.timerFired(timer)
        case .cancel: machine.cancel()
        case .transportFailed: machine.transportFailed()
        }
    }

    static func machine(in state: Machine.State, isReliable: Bool) -> Machine {
        var machine = Machine(timing: TransactionTiming(), isReliable: isReliable)
        _ = machine.start()
        switch state {
        case .calling: break
        case .proceeding: _ = machine.received(status: 100)
        case .completed: _ = machine.received(status: 486)
        case .accepted: _ = machine.received(status: 200)
        case .terminated: _ = machine.timerFired(.b)
        }
        return machine
    }

    static func expected(_ state: Machine.State, isReliable: Bool) -> [Event: Row] {
        let afterFailure: Row =
            isReliable
            ? (
                .terminated,
                .init([.sendAck, .deliver, .terminated], stops: .init(.a, .b, .c, .cancelled))
            )
            : (
                .completed,
                .init(
                    [.sendAck, .deliver], starts: .init(.d), stops: .init(.a, .b, .c, .cancelled))
            )
        let afterSuccess: Row = (
            .accepted, .init(.deliver, starts: .init(.m), stops: .init(.a, .b, .c, .cancelled))
        )
        let finals: [Event: Row] = [
            .status(200): afterSuccess, .status(202): afterSuccess, .status(300): afterFailure,
            .status(486): afterFailure, .status(699): afterFailure,
        ]
        let ended: Row = (.terminated, .init(.terminated))
        switch state {
        case .calling:
            let first: Row = (
                .proceeding, .init(.deliver, starts: .init(.c), stops: .init(.a, .b))
            )
            return finals.merging([
                .status(100): first, .status(180): first,
                .timer(.a): (
                    .calling,
                    .init(.sendRequest, starts: .init(.a), retransmitMilliseconds: 1000)
                ),
                .timer(.b): (.terminated, .init([.timeout, .terminated], stops: .init(.a))),
                .transportFailed: (
                    .terminated, .init([.transportFailed, .terminated], stops: .init(.a, .b, .d))
                ),
            ]) { _, new in new }
        case .proceeding:
            let cancel: Row = (
                .proceeding, .init(.sendCancel, starts: .init(.cancelled), stops: .init(.c))
            )
            return finals.merging([
                .status(100): (.proceeding, .init(.deliver)),
                .status(180): (.proceeding, .init(.deliver, starts: .init(.c))),
                .timer(.c): cancel, .cancel: cancel,
                .timer(.cancelled): (
                    .terminated, .init([.timeout, .terminated], stops: .init(.a))
                ),
            ]) { _, new in new }
        case .completed:
            let again: Row = (.completed, .init(.sendAck))
            return [
                .status(300): again, .status(486): again, .status(699): again, .timer(.d): ended,
                .transportFailed: (
                    .terminated, .init([.transportFailed, .terminated], stops: .init(.a, .b, .d))
                ),
            ]
        case .accepted:
            let again: Row = (.accepted, .init(.deliver))
            return [.status(200): again, .status(202): again, .timer(.m): ended]
        case .terminated:
            return [:]
        }
    }

    @Test(arguments: Machine.State.allCases, [false, true])
    func rfc3261_17_1_1_2_everyStateAndEvent(_ state: Machine.State, isReliable: Bool) {
        if state == .completed, isReliable { return }  // Timer D is zero: section 17.1.1.2.
        let table = Self.expected(state, isReliable: isReliable)
        #expect(Set(table.keys).isSubset(of: Self.events))
        for event in Self.events {
            var machine = Self.machine(in: state, isReliable: isReliable)
            #expect(machine.state == state)
            let actions = Self.apply(event, to: &machine)
            let row = table[event] ?? (state, .none)
            #expect(machine.state == row.state, "\(state) \(event)")
            #expect(actions == row.actions, "\(state) \(event)")
        }
    }

    @Test func rfc3261_17_1_1_2_startOverUDPRunsTimersAAndB() {
        var machine = Machine(timing: TransactionTiming(), isReliable: false)
        let expected = TransactionActions(
            .sendRequest, starts: .init(.a, .b), retransmitMilliseconds: 500)
        #expect(machine.start() == expected)
    }

    @Test func rfc3261_17_1_1_2_startOverTCPRunsTimerBOnly() {
        var machine = Machine(timing: TransactionTiming(), isReliable: true)
        #expect(machine.start() == TransactionActions(.sendRequest, starts: .init(.b)))
    }

    @Test func rfc3261_17_1_1_2_timerADoublesWithoutT2() {
        var machine = Self.machine(in: .calling, isReliable: false)
        let intervals = (0..<6).map { _ in machine.timerFired(.a).retransmitMilliseconds }
        #expect(intervals == [1000, 2000, 4000, 8000, 16000, 32000])
    }

    @Test func rfc3261_17_1_1_2_timerAStaysBoundedForEver() {
        var machine = Self.machine(in: .calling, isReliable: false)
        for _ in 0..<100 { _ = machine.timerFired(.a) }
        #expect(machine.timerFired(.a).retransmitMilliseconds == 1 << 24)
    }

    @Test func rfc3261_9_1_cancelWaitsForProvisional() {
        var machine = Self.machine(in: .calling, isReliable: false)
        #expect(machine.cancel() == .none)
        let expected = TransactionActions(
            [.sendCancel, .deliver], starts: .init(.cancelled), stops: .init(.a, .b))
        #expect(machine.received(status: 180) == expected)
        #expect(machine.cancel() == .none)
        // Timer C runs no more: the wait of section 9.1 took its place.
        #expect(machine.received(status: 183) == TransactionActions(.deliver))
        #expect(machine.timerFired(.c) == .none)
    }

    @Test func rfc6026_7_2_furtherSuccessesReachTheUserUntilTimerM() {
        var machine = Self.machine(in: .accepted, isReliable: false)
        #expect(machine.received(status: 200) == TransactionActions(.deliver))
        #expect(machine.received(status: 486) == .none)
        #expect(machine.timerFired(.m) == TransactionActions(.terminated))
        #expect(machine.received(status: 200) == .none)
    }
}
