// SPDX-License-Identifier: Apache-2.0

import SIPTransaction
import Testing

/// Every state against every event; what a table does not list must change nothing.
@Suite struct InviteServerTransactionTests {
    typealias Machine = InviteServerTransaction
    typealias Row = (state: Machine.State, actions: TransactionActions)

    enum Event: Hashable {
        case respond(Int)
        case timer(TransactionTimer)
        case request, ack, transportFailed
    }

    static let events: [Event] =
        [99, 100, 183, 200, 300, 487, 699, 700].map(Event.respond)
        + TransactionTimer.allCases.map(Event.timer) + [.request, .ack, .transportFailed]

    static func apply(_ event: Event, to machine: inout Machine) -> TransactionActions {
        switch event {
        case .respond(let status): machine.respond(status: status)
        case .timer(let timer): machine.timerFired(timer)
        case .request: machine.receivedRequest()
        case .ack: machine.receivedAck()
        case .transportFailed: machine.transportFailed()
        }
    }

    static func machine(in state: Machine.State, isReliable: Bool) -> Machine {
        var machine = Machine(timing: TransactionTiming(), isReliable: isReliable)
        _ = machine.start()
        switch state {
        case .proceeding: break
        case .completed: _ = machine.respond(status: 486)
        case .confirmed:
            _ = machine.respond(status: 486)
            _ = machine.receivedAck()
        case .accepted: _ = machine.respond(status: 200)
        case .terminated:
            _ = machine.respond(status: 486)
            _ = machine.timerFired(.h)
        }
        return machine
    }

    static func expected(_ state: Machine.State, isReliable: Bool) -> [Event: Row] {
        let failed = TransactionActions(.transportFailed)
        let ended: Row = (.terminated, .init(.terminated))
        switch state {
        case .proceeding:
            let provisional: Row = (.proceeding, .init(.sendResponse, stops: .init(.trying)))
            let failure: Row = (
                .completed,
                .init(
                    .sendResponse, starts: isReliable ? .init(.h) : .init(.g, .h),
                    stops: .init(.trying), retransmitMilliseconds: isReliable ? 0 : 500)
            )
            return [
                .respond(100): provisional, .respond(183): provisional,
                .respond(200): (
                    .accepted, .init(.sendResponse, starts: .init(.l), stops: .init(.trying))
                ),
                .respond(300): failure, .respond(487): failure, .respond(699): failure,
                .timer(.trying): (.proceeding, .init(.sendTrying)),
                .transportFailed: (.proceeding, failed),
            ]
        case .completed:
            return [
                .request: (.completed, .init(.sendResponse)),
                .ack: isReliable
                    ? (.terminated, .init(.terminated, stops: .init(.g, .h)))
                    : (.confirmed, .init(starts: .init(.i), stops: .init(.g, .h))),
                .timer(.g): (
                    .completed,
                    .init(.sendResponse, starts: .init(.g), retransmitMilliseconds: 1000)
                ),
                .timer(.h): (.terminated, .init([.timeout, .terminated], stops: .init(.g))),
                .transportFailed: (.completed, failed),
            ]
        case .confirmed:
            return [.timer(.i): ended]
        case .accepted:
            return [
                .respond(200): (.accepted, .init(.sendResponse)),
                .ack: (.accepted, .init(.deliver)), .timer(.l): ended,
                .transportFailed: (.accepted, failed),
            ]
        case .terminated:
            return [:]
        }
    }

    @Test(arguments: Machine.State.allCases, [false, true])
    func rfc3261_17_2_1_everyStateAndEvent(_ state: Machine.State, isReliable: Bool) {
        if state == .confirmed, isReliable { return }  // Timer I is zero: section 17.2.1.
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

    @Test func rfc3261_17_2_1_startPassesTheRequestAndArmsTrying() {
        var machine = Machine(timing: TransactionTiming(), isReliable: false)
        #expect(machine.start() == TransactionActions(.deliver, starts: .init(.trying)))
    }

    @Test func rfc3261_17_2_1_repeatedInviteGetsTheLastProvisional() {
        var machine = Self.machine(in: .proceeding, isReliable: false)
        #expect(machine.receivedRequest() == .none)
        #expect(machine.timerFired(.trying) == TransactionActions(.sendTrying))
        #expect(machine.receivedRequest() == TransactionActions(.sendResponse))
        #expect(machine.timerFired(.trying) == .none)
    }

    @Test func rfc3261_17_2_1_timerGDoublesUpToT2() {
        var machine = Self.machine(in: .completed, isReliable: false)
        let intervals = (0..<6).map { _ in machine.timerFired(.g).retransmitMilliseconds }
        #expect(intervals == [1000, 2000, 4000, 4000, 4000, 4000])
    }

    @Test func rfc6026_7_1_repeatedInviteInAcceptedIsAbsorbed() {
        var machine = Self.machine(in: .accepted, isReliable: false)
        #expect(machine.receivedRequest() == .none)
        #expect(machine.state == .accepted)
    }
}
