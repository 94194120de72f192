// SPDX-License-Identifier: Apache-2.0

import Admission
import Configuration
import FlowABI
import Glibc
import Management
import Node

extension Verb {
    static let size = Verb(
        name: "size", summary: "how many calls this machine carries, and what limits it",
        details: """
            Reads the machine and the configuration, lets the workers relay frames made in the
            process for half a minute, and prints how many calls each resource allows: G.711 in
            packets of 20 ms, both directions. The smallest is what the node carries, and what it
            lets in unless limits.calls says something else.

            Measured is the worker's own work, with 1,000 calls and with 100,000 (fewer where memory
            is short). The self-load has no driver: what the driver costs is an allowance for each
            way to attach, and so are memory and signalling; the table names them. Without a
            configuration one worker is measured.
            With --save the figure is kept in the state directory, where trunkline serve finds it.
            Exit status: 0, or 1 if it cannot be measured (a fast path that runs here would lose
            packets to it), 2 if the configuration has faults.
            """,
        options: [
            .config, Option(name: "quick", help: "6 seconds instead of 30"),
            Option(name: "save", help: "keep the figure for trunkline serve"),
            Option(name: "binary", value: "PATH", help: "the fast path's program"),
        ]
    ) { (arguments) throws(Failure) in
        _ = try arguments.operands(0...0, "")
        var configuration: NodeConfiguration?
        if arguments.has("config") || access(Place.configuration, R_OK) == 0 {
            configuration = try Configurations.load(arguments["config"])
        }
        let machine = Machine.current()
        try Self.requireIdle(configuration?.node.runtimeDirectory ?? Place.runtimeDirectory)
        let cores = try Self.cores(configuration)
        let needsHuge = configuration?.fastPath.hugePages ?? true
        let load = SelfLoad(
            program: arguments["binary"] ?? FastPathProgram.path, cores: cores,
            hugePages: needsHuge && machine.freeHugePages * machine.hugePageKB >= 128 * 1024,
            machine: machine, isQuick: arguments.has("quick"))
        let (cost, memoryNs) = try load.run { line in
            if !arguments.wantsJSON { Terminal.error(line) }
        }
        let report = SizeReport(
            machine: machine, configuration: configuration, load: load, cost: cost,
            memoryNs: memoryNs)
        if arguments.has("save") {
            let directory = configuration?.node.stateDirectory ?? Place.stateDirectory
            do throws(NodeError) {
                try Calibration.save(cost, stateDirectory: directory, machine: machine)
            } catch {
                throw .no(error.description)
            }
        }
        if arguments.wantsJSON {
            Terminal.print(report.json)
        } else {
            Terminal.print(report.text)
        }
        return .ok
    }

    /// The loop would take the time of a running fast path's workers.
    private static func requireIdle(_ directory: String) throws(Failure) {
        guard let file = try? RunningNode(directory: directory).fastPath(),
            Diagnosis.isAlive(file)
        else { return }
        throw .no(
            "process \(file.processID) relays media on these cores and would lose packets; "
                + "stop trunkline-fastpath, or measure before it starts")
    }

    /// The configuration's, else the last that is allowed: the first one gets most interrupts.
    private static func cores(_ configuration: NodeConfiguration?) throws(Failure) -> [Int] {
        let allowed = FastPathProgram.cores
        guard let configuration else { return [allowed.last ?? 0] }
        if let absent = configuration.fastPath.cores.first(where: { !allowed.contains($0) }) {
            throw .no("core \(absent) of fastpath.cores is not here; trunkline doctor says more")
        }
        return configuration.fastPath.cores
    }
}
