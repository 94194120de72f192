// SPDX-License-Identifier: Apache-2.0

import SIPTransaction
import Testing

/// Every state against every event; what a table does not list must change nothing.
@Suite struct NonInviteClientTransactionTests {
    typealias Machine = NonInviteClientTransaction
    typealias Row = (state: Machine.State, actions: TransactionActions)

    enum Event: Hashable {
        case status(Int)
        case timer(TransactionTimer)
        case transportFailed
    }

    static let events: [Event] =
        [99, 100, 199, 200, 300, 699, 700].map(Event.status)
        + TransactionTimer.allCases.map(Event.timer) + [.transportFailed]

    static func apply(_ event: Event, to machine: inout Machine) -> TransactionActions {
        switch event {
        case .status(let status): machine.received(status: status)
        case .timer(let timer): machine.timerFired(timer)
        case .transportFailed: machine.transportFailed()
        }
    }

    static func machine(in state: Machine.State, isReliable: Bool) -> Machine {
        var machine = Machine(timing: TransactionTiming(), isReliable: isReliable)
        _ = machine.start()
        switch state {
        case .trying: break
        case .proceeding: _ = machine.received(status: 100)
        case .completed: _ = machine.received(status: 200)
        case .terminated: _ = machine.timerFired(.f)
        }
        return machine
    }

    static func expected(_ state: Machine.State, isReliable: Bool) -> [Event: Row] {
        switch state {
        case .trying, .proceeding:
            let final: Row =
                isReliable
                ? (.terminated, .init([.deliver, .terminated], stops: .init(.e, .f)))
                : (.completed, .init(.deliver, starts: .init(.k), stops: .init(.e, .f)))
            return [
                .status(100): (.proceeding, .init(.deliver)),
                .status(199): (.proceeding, .init(.deliver)),
                .status(200): final, .status(300): final, .status(699): final,
                .timer(.e): (
                    state,
                    .init(
                        .sendRequest, starts: .init(.e),
                        retransmitMilliseconds: state == .trying ? 1000 : 4000)
                ),
                .timer(.f): (.terminated, .init([.timeout, .terminated], stops: .init(.e))),
                .transportFailed: (
                    .terminated, .init([.transportFailed, .terminated], stops: .init(.e, .f))
                ),
            ]
        case .completed:
            return [.timer(.k): (.terminated, .init(.terminated))]
        case .terminated:
            return [:]
        }
    }

    @Test(arguments: Machine.State.allCases, [false, true])
    func rfc3261_17_1_2_2_everyStateAndEvent(_ state: Machine.State, isReliable: Bool) {
        if state == .completed, isReliable { return }  // Timer K is zero: section 17.1.2.2.
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

    @Test func rfc3261_17_1_2_2_timersAtTheStart() {
        var datagrams = Machine(timing: TransactionTiming(), isReliable: false)
        let expected = TransactionActions(
            .sendRequest, starts: .init(.e, .f), retransmitMilliseconds: 500)
        #expect(datagrams.start() == expected)
        var stream = Machine(timing: TransactionTiming(), isReliable: true)
        #expect(stream.start() == TransactionActions(.sendRequest, starts: .init(.f)))
    }

    @Test func rfc3261_17_1_2_2_timerEDoublesUpToT2() {
        var machine = Self.machine(in: .trying, isReliable: false)
        let intervals = (0..<6).map { _ in machine.timerFired(.e).retransmitMilliseconds }
        #expect(intervals == [1000, 2000, 4000, 4000, 4000, 4000])
    }
}
