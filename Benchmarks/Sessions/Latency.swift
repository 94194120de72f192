// SPDX-License-Identifier: Apache-2.0

import CWakeControl
import CallControl
import FlowABI
import FlowProgramming
import NetworkAddress
import SessionDriver

/// Commands of calls, timed: one call's two at a time.
struct Latency {
    /// Long after a worker has gone to sleep behind a command.
    private static let sleepNs: UInt64 = 20_000_000
    /// Parts of such a pause.
    private static let pauses = 2
    private static let answerNs: UInt64 = 10_000_000_000
    /// Calls that are installed one after the other before they are removed likewise.
    private static let roundCalls = 256
    /// Calls by which CPU time is measured, apart from latency: reading its clock takes time too.
    private static let costCalls = 1024
    /// When answers are looked for there, so that polls find them.
    private static let costWaitNs: UInt64 = 200_000

    /// What was measured of one kind of command.
    private struct Figures {
        var latenciesNs: [UInt64] = []
        /// With `clockReads` readings of the clock in it.
        var cpuNs: UInt64 = 0
        var clockReads = 0
    }

    private let driver: SessionDriver
    private let set: CallSet
    private var stop: Stop
    /// What the calls are. The same ones come again: fresh ports would run out.
    private var intents: [MediaIntent] = []
    private var install = Figures()
    private var remove = Figures()
    /// With a worker asleep: a thread that is woken on its core.
    private var control: OpaquePointer?
    private var controlNs: [UInt64] = []
    private var calls = 0
    private var costed = 0

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
        // A worker sleeps only while it has no flow.
        let round = options.asleep ? 1 : Self.roundCalls
        try self.prepare(min(most, round))
        if options.asleep { self.control = self.startControl() }
        defer { tl_wake_control_stop(self.control) }
        let endNs = Clocks.monotonicNs + UInt64(options.seconds) * 1_000_000_000
        while self.calls < most, Clocks.monotonicNs < endNs {
            let isAsked =
                options.asleep ? self.isAskedForInPause() : self.stop.isAskedFor(within: 0)
            if isAsked { return }
            let count = min(round, most - self.calls)
            try self.round(count, UInt64(options.held), isCosted: false)
            self.calls += count
        }
        // Each call would ring there, as few do where calls are many.
        while !options.asleep, self.costed < Self.costCalls {
            try self.round(self.intents.count, UInt64(options.held), isCosted: true)
            self.costed += self.intents.count
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

    /// On the core of the worker that has the calls; nil where there is no such thread to be had.
    private func startControl() -> OpaquePointer? {
        guard let file = self.driver.programmer.fastPath,
            let port = self.intents.first?.a.local.rtp.port,
            let page = file.counters(file.geometry.worker(ofPort: port))
        else { return nil }
        return tl_wake_control_start(page.core)
    }

    /// Lies before each call, and wakes the control halfway; true when somebody wants the end.
    private mutating func isAskedForInPause() -> Bool {
        for part in 0..<Self.pauses {
            let endNs = Clocks.monotonicNs + Self.sleepNs / UInt64(Self.pauses)
            while Clocks.monotonicNs < endNs {
                self.driver.poll()
                if self.stop.isAskedFor(within: 10) { return true }
            }
            if part == 0, let control = self.control {
                self.controlNs.append(tl_wake_control_ring(control))
            }
        }
        return false
    }

    /// Installs calls one after the other, then removes them.
    private mutating func round(
        _ count: Int, _ first: UInt64, isCosted: Bool
    ) throws(Refusal) {
        let ports = self.driver.programmer.ports
        for place in 0..<count {
            let intent = self.intents[place]
            let startCPUNs = isCosted ? Clocks.threadCPUNs : 0
            guard ports.reserve(again: intent.a.local), ports.reserve(again: intent.b.local) else {
                throw Refusal(.unavailable, "the fast path has other realms than before")
            }
            try self.set.start(MediaSession(first + UInt64(place)), intent)
            try self.answers(&self.install, isCosted ? startCPUNs : nil)
        }
        guard !self.driver.hasFailed else { throw Refusal(.unavailable, "a call was refused") }
        for place in 0..<count {
            let startCPUNs = isCosted ? Clocks.threadCPUNs : 0
            self.driver.programmer.end(MediaSession(first + UInt64(place)))
            self.release(self.intents[place])
            try self.answers(&self.remove, isCosted ? startCPUNs : nil)
        }
    }

    /// Publishes what waits, and polls until all of it is answered: for latency as fast as can be,
    /// for CPU time (since `startCPUNs`) so that polls find something.
    private func answers(
        _ figures: inout Figures, _ startCPUNs: UInt64?
    ) throws(Refusal) {
        let startNs = Clocks.monotonicNs
        var pollCPUNs = startCPUNs
        repeat {
            let answered = self.driver.programmer.counters.latencyCount
            self.driver.poll()
            let nowNs = Clocks.monotonicNs
            if let started = pollCPUNs {
                figures.cpuNs += Clocks.threadCPUNs - started
                figures.clockReads += 1
                while Clocks.monotonicNs - nowNs < Self.costWaitNs {}
                pollCPUNs = Clocks.threadCPUNs
            } else {
                // What it found is as old as it is now.
                for _ in answered..<self.driver.programmer.counters.latencyCount {
                    figures.latenciesNs.append(nowNs - startNs)
                }
            }
            guard nowNs - startNs < Self.answerNs else {
                throw Refusal(.unavailable, "10 s without an answer")
            }
        } while self.driver.programmer.pending > 0
    }

    /// What one reading of the clock takes.
    private static func clockNs() -> Double {
        let reads = 1000
        let startNs = Clocks.threadCPUNs
        for _ in 1..<reads { _ = Clocks.threadCPUNs }
        return Double(Clocks.threadCPUNs - startNs) / Double(reads)
    }

    private func print(_ options: Options) {
        let clockNs = Self.clockNs()
        func cpuUs(_ figures: Figures) -> Double {
            let ns = Double(figures.cpuNs) - Double(figures.clockReads) * clockNs
            return ns / 1000 / Double(max(self.costed, 1))
        }
        let controlUs = self.controlNs.isEmpty ? "null" : Percentiles(self.controlNs).jsonUs
        say(
            "{\"calls\":\(self.calls),\"asleep\":\(options.asleep),\"held\":\(options.held),"
                + "\"install_us\":\(Percentiles(self.install.latenciesNs).jsonUs),"
                + "\"remove_us\":\(Percentiles(self.remove.latenciesNs).jsonUs),"
                + "\"control_us\":\(controlUs),"
                + "\"cpu_calls\":\(self.costed),\"cpu_clock_us\":\(clockNs / 1000),"
                + "\"install_cpu_us_per_call\":\(cpuUs(self.install)),"
                + "\"remove_cpu_us_per_call\":\(cpuUs(self.remove)),"
                + "\"commands\":\(self.driver.programmer.counters.commands)}")
    }
}
