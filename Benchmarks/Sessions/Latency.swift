// SPDX-License-Identifier: Apache-2.0

import CallControl
import FlowProgramming
import SessionDriver

/// One call after the other, timed.
struct Latency {
    /// Longer than a worker stays alert after a command.
    private static let sleepNs: UInt64 = 1_500_000_000
    private static let answerNs: UInt64 = 10_000_000_000

    /// Different calls, one after the other, so that their places in memory are not all warm.
    private static let variety = 256

    private let driver: SessionDriver
    private let set: CallSet
    private var stop: Stop
    /// What the calls are. The same ones come again: fresh ports would run out.
    private var intents: [MediaIntent] = []
    private var installNs: [UInt64] = []
    private var removeNs: [UInt64] = []
    private var installCPUNs: UInt64 = 0
    private var removeCPUNs: UInt64 = 0
    private var calls = 0

    static func run(_ options: Options) throws(Refusal) {
        let stop = Stop(watchesInput: false)
        let driver = SessionDriver(directory: options.directory, report: complain)
        try driver.attach()
        let set = CallSet(driver, options)
        try writePlan(set.install(options.held, first: 0), options.plan)
        var latency = Latency(driver: driver, set: set, stop: stop)
        try latency.measure(options)
        try driver.endAll((0..<UInt64(options.held)).map { MediaSession($0) })
        latency.print(options)
    }

    private init(driver: SessionDriver, set: CallSet, stop: Stop) {
        self.driver = driver
        self.set = set
        self.stop = stop
    }

    private mutating func measure(_ options: Options) throws(Refusal) {
        let most = options.calls ?? (options.asleep ? 20 : 10_000)
        try self.prepare(min(most, Self.variety))
        let endNs = Clocks.monotonicNs + UInt64(options.seconds) * 1_000_000_000
        while self.calls < most, Clocks.monotonicNs < endNs {
            if options.asleep { self.pause() }
            if self.stop.isAskedFor(within: 0) { return }
            try self.one(MediaSession(UInt64(options.held + self.calls)))
            self.calls += 1
        }
    }

    /// Makes calls whose ports are free again, though they have not rested.
    private mutating func prepare(_ count: Int) throws(Refusal) {
        while self.intents.count < count {
            guard let intent = try self.set.reserve() else {
                throw Refusal(.unavailable, "the fast path went away")
            }
            self.intents.append(intent)
        }
        for intent in self.intents { self.release(intent) }
    }

    private func release(_ intent: MediaIntent) {
        self.driver.programmer.ports.release(intent.a.local)
        self.driver.programmer.ports.release(intent.b.local)
    }

    private mutating func pause() {
        let endNs = Clocks.monotonicNs + Self.sleepNs
        while Clocks.monotonicNs < endNs {
            self.driver.poll()
            if self.stop.isAskedFor(within: 10) { return }
        }
    }

    private mutating func one(_ session: MediaSession) throws(Refusal) {
        let ports = self.driver.programmer.ports
        let intent = self.intents[self.calls % self.intents.count]
        let startCPUNs = Clocks.threadCPUNs
        guard ports.reserve(again: intent.a.local), ports.reserve(again: intent.b.local) else {
            throw Refusal(.unavailable, "the fast path has other realms than before")
        }
        try self.set.start(session, intent)
        let planCPUNs = Clocks.threadCPUNs - startCPUNs
        let installed = try self.answers()
        guard !self.driver.hasFailed else {
            throw Refusal(.unavailable, "call \(self.calls + 1) was refused")
        }
        self.installNs += installed.latenciesNs
        self.installCPUNs += planCPUNs + installed.cpuNs

        let endCPUNs = Clocks.threadCPUNs
        self.driver.programmer.end(session)
        self.release(intent)
        let unplanCPUNs = Clocks.threadCPUNs - endCPUNs
        let removed = try self.answers()
        self.removeNs += removed.latenciesNs
        self.removeCPUNs += unplanCPUNs + removed.cpuNs
    }

    /// Publishes what waits, and polls until all of it is answered. The CPU time of polls that
    /// found nothing is left out.
    private func answers() throws(Refusal) -> (latenciesNs: [UInt64], cpuNs: UInt64) {
        var latenciesNs: [UInt64] = []
        var cpuNs: UInt64 = 0
        let startNs = Clocks.monotonicNs
        var isWriting = true
        repeat {
            let answered = self.driver.programmer.counters.latencyCount
            let pollCPUNs = Clocks.threadCPUNs
            self.driver.poll()
            let nowNs = Clocks.monotonicNs
            let count = self.driver.programmer.counters.latencyCount - answered
            if isWriting || count > 0 { cpuNs += Clocks.threadCPUNs - pollCPUNs }
            isWriting = false
            for _ in 0..<count { latenciesNs.append(nowNs - startNs) }
            guard nowNs - startNs < Self.answerNs else {
                throw Refusal(.unavailable, "10 s without an answer")
            }
        } while self.driver.programmer.pending > 0
        return (latenciesNs, cpuNs)
    }

    private func print(_ options: Options) {
        func perCall(_ cpuNs: UInt64) -> Double {
            Double(cpuNs) / 1000 / Double(max(self.calls, 1))
        }
        say(
            "{\"calls\":\(self.calls),\"asleep\":\(options.asleep),\"held\":\(options.held),"
                + "\"install_us\":\(Percentiles(self.installNs).jsonUs),"
                + "\"remove_us\":\(Percentiles(self.removeNs).jsonUs),"
                + "\"install_cpu_us_per_call\":\(perCall(self.installCPUNs)),"
                + "\"remove_cpu_us_per_call\":\(perCall(self.removeCPUNs)),"
                + "\"commands\":\(self.driver.programmer.counters.commands)}")
    }
}
