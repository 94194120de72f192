// SPDX-License-Identifier: Apache-2.0

import SIPTransaction
import Testing

/// Every state against every event; what a table does not list must change nothing.
@Suite struct NonInviteServerTransactionTests {
    typealias Machine = NonInviteServerTransaction
    typealias Row = (state: Machine.State, actions: TransactionActions)

    enum Event: Hashable {
        case respond(Int)
        case timer(TransactionTimer)
        case request, transportFailed
    }

    static let events: [Event] =
        [99, 100, 180, 200, 404, 408, 699, 700].map(Event.respond)
        + TransactionTimer.allCases.map(Event.timer) + [.request, .transportFailed]

    static func apply(_ event: Event, to machine: inout Machine) -> TransactionActions {
        switch event {
        case .respond(let status): machine.respond(status: status)
        case .timer(let timer): machine.timerFired(timer)
        case .request: machine.receivedRequest()
        case .transportFailed: machine.transportFailed()
        }
    }

    static func machine(in state: Machine.State, isReliable: Bool) -> Machine {
        var machine = Machine(timing: TransactionTiming(), isReliable: isReliable)
        _ = machine.start()
        switch state {
        case .trying: break
        case .proceeding: _ = machine.timerFired(.lateTrying)
        case .completed: _ = machine.respond(status: 200)
        case .terminated: _ = machine.timerFired(.f)
        }
        return machine
    }

    static func expected(_ state: Machine.State, isReliable: Bool) -> [Event: Row] {
        let stops = TimerSet(.lateTrying, .f)
        let ended: Row = (.terminated, .init([.timeout, .terminated], stops: .init(.lateTrying)))
        switch state {
        case .trying, .proceeding:
            let final: Row =
                isReliable
                ? (.terminated, .init([.sendResponse, .terminated], stops: stops))
                : (.completed, .init(.sendResponse, starts: .init(.j), stops: stops))
            let silent: Row =
                isReliable
                ? (.terminated, .init(.terminated, stops: stops))
                : (.completed, .init(starts: .init(.j), stops: stops))
            var table: [Event: Row] = [
                .respond(200): final, .respond(404): final, .respond(699): final,
                .respond(408): silent, .timer(.f): ended,
            ]
            let trying: Row = (.proceeding, .init(.sendResponse, stops: .init(.lateTrying)))
            if state == .proceeding || isReliable { table[.respond(100)] = trying }
            if state == .trying { table[.timer(.lateTrying)] = (.proceeding, .init(.sendTrying)) }
            if state == .proceeding {
                table[.request] = (.proceeding, .init(.sendResponse))
                table[.transportFailed] = (
                    .terminated, .init([.transportFailed, .terminated], stops: .init(.j, .f))
                )
            }
            return table
        case .completed:
            return [
                .request: (.completed, .init(.sendResponse)),
                .timer(.j): (.terminated, .init(.terminated)),
                .transportFailed: (
                    .terminated, .init([.transportFailed, .terminated], stops: .init(.j, .f))
                ),
            ]
        case .terminated:
            return [:]
        }
    }

    @Test(arguments: Machine.State.allCases, [false, true])
    func rfc3261_17_2_2_everyStateAndEvent(_ state: Machine.State, isReliable: Bool) {
        if state == .completed, isReliable { return }  // Timer J is zero: section 17.2.2.
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

    @Test func rfc4320_4_1_noEarlyTryingOverUDP() {
        var machine = Self.machine(in: .trying, isReliable: false)
        #expect(machine.respond(status: 100) == .none)
        #expect(machine.timerFired(.lateTrying) == TransactionActions(.sendTrying))
        #expect(machine.respond(status: 180) == .none)
    }

    @Test func rfc4320_4_2_timeoutIsNeverAnswered() {
        var machine = Self.machine(in: .trying, isReliable: false)
        #expect(machine.respond(status: 408).effects.isEmpty)
        #expect(machine.receivedRequest() == .none)
        #expect(machine.respond(status: 200) == .none)
        #expect(machine.timerFired(.j) == TransactionActions(.terminated))
    }

    @Test func rfc4320_4_2_lateFinalResponseIsNotSent() {
        var machine = Self.machine(in: .trying, isReliable: false)
        #expect(machine.timerFired(.f).effects == [.timeout, .terminated])
        #expect(machine.respond(status: 200) == .none)
    }
}
