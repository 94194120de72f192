// SPDX-License-Identifier: Apache-2.0

import CallControl
import FlowABI
import FlowProgramming
import SessionDriver

extension CallSet {
    convenience init(_ driver: SessionDriver, _ options: Options) {
        self.init(
            driver, a: PartyAddresses(options.parties),
            b: options.partiesB.isEmpty ? nil : PartyAddresses(options.partiesB),
            budgets: options.opensBudgets ? .open : .codec, suite: options.suite,
            convertsDigits: options.convertsDigits)
    }
}

/// Writes the plan of installed calls, if one is wanted.
func writePlan(_ intents: [MediaIntent], _ path: String?) throws(Refusal) {
    guard let path else { return }
    var plan = PlanFile()
    for intent in intents { plan.add(intent) }
    try plan.write(to: path)
}

/// Polls without hurry until somebody wants the end: a hundred times a second is enough to read
/// what workers say, and disturbs nobody on a machine that is being measured.
func rest(_ driver: SessionDriver, _ stop: inout Stop) {
    while true {
        driver.poll()
        let isBusy = driver.programmer.pending > 0 || driver.programmer.state != .matched
        if stop.isAskedFor(within: isBusy ? 1 : 10) { return }
    }
}

func hold(_ options: Options) throws(Refusal) {
    var stop = Stop(watchesInput: true)
    let driver = SessionDriver(directory: options.directory, report: complain)
    try driver.attach()
    let calls = options.calls ?? 1
    let (startNs, startCPUNs) = (Clocks.monotonicNs, Clocks.processCPUNs)
    let intents = try CallSet(driver, options).install(calls, first: 0)
    let cpuUs = Double(Clocks.processCPUNs - startCPUNs) / 1000
    let seconds = Double(Clocks.monotonicNs - startNs) / 1e9
    try writePlan(intents, options.plan)
    say(
        "{\"calls\":\(calls),\"flows\":\(2 * calls),\"install_seconds\":\(seconds),"
            + "\"cpu_us_per_call\":\(cpuUs / Double(calls)),"
            + "\"commands\":\(driver.programmer.counters.commands)}")
    rest(driver, &stop)
    try driver.endAll((0..<UInt64(calls)).map { MediaSession($0) })
}
