// SPDX-License-Identifier: Apache-2.0

import Admission
import Management
import Node

/// The calibrated loop: the workers' real functions on frames made in the process, with few calls
/// and with many, in turns, so that what else the machine does meets both.
struct SelfLoad {
    /// The fast path's program.
    let program: String
    /// Cores of the workers.
    let cores: [Int]
    let hugePages: Bool
    /// Calls of each worker, few and many.
    let calls: [Int]
    /// How often each is measured; the median counts.
    let rounds: Int
    /// How long each time.
    let seconds: Int

    /// What a run needs beside its calls, and for each of them, KB.
    private static let fixedKB = 200_000
    private static let perCallKB = 3
    /// As many calls as 64 addresses have ports for.
    private static let callsMax = 700_000
    private static let callsOfAddress = 12_000

    /// For these cores, with as many calls as half of the memory allows, at most 100,000 a worker.
    init(program: String, cores: [Int], hugePages: Bool, machine: Machine, isQuick: Bool) {
        self.program = program
        self.cores = cores
        self.hugePages = hugePages
        let fitting = max(machine.availableKB / 2 - Self.fixedKB, 0) / Self.perCallKB
        let most = min(fitting, Self.callsMax) / max(cores.count, 1)
        self.calls = [1000, min(max(most, 1000), 100_000)]
        self.rounds = isQuick ? 1 : 3
        self.seconds = isQuick ? 2 : 4
    }

    /// Arguments of one measurement.
    func words(calls: Int) -> [String] {
        let all = calls * self.cores.count
        let addresses = min(max(all / Self.callsOfAddress + 1, 8), 64)
        return [
            self.program, "--cores", self.cores.map { "\($0)" }.joined(separator: ","), "--json",
            "--self-load",
            "sessions=\(all),seconds=\(self.seconds),addresses=\(addresses)",
        ] + (self.hugePages ? [] : ["--no-huge"])
    }

    /// What a packet costs, and the bare memory loop beside it, by number of calls. `progress` is
    /// told what is measured.
    func run(
        _ progress: (String) -> Void
    ) throws(Failure) -> (cost: WorkerCost, memoryNs: [Double]) {
        var measured: [[(worker: Double, memory: Double)]] = self.calls.map { _ in [] }
        for round in 0..<self.rounds {
            for (place, calls) in self.calls.enumerated() {
                let number = round * self.calls.count + place + 1
                progress(
                    "measuring \(number) of \(self.rounds * self.calls.count): "
                        + "\(calls) calls a worker, \(self.seconds) s")
                measured[place].append(try self.measure(calls))
            }
        }
        let medians = measured.map { results in
            results.sorted { $0.worker < $1.worker }[results.count / 2]
        }
        let samples = zip(self.calls, medians).map {
            WorkerCost.Sample(calls: $0, nsPerPacket: $1.worker)
        }
        guard let cost = WorkerCost(samples) else {
            throw .no("the self-load's figures make no sense: \(samples)")
        }
        return (cost, medians.map(\.memory))
    }

    /// The slowest worker counts.
    private func measure(_ calls: Int) throws(Failure) -> (worker: Double, memory: Double) {
        let (status, output) = try FastPathProgram.run(self.words(calls: calls))
        let workers = FastPathProgram.objects(in: output).compactMap { line in
            line["ns_per_packet"]?.double.map { ($0, line["memory_ns_per_packet"]?.double ?? 0) }
        }
        guard status == 0, workers.count == self.cores.count,
            let slowest = workers.max(by: { $0.0 < $1.0 })
        else { throw .no("the self-load ended with status \(status)") }
        return slowest
    }
}
