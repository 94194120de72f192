// SPDX-License-Identifier: Apache-2.0

import Configuration
import FlowABI
import Glibc
import Management
import Node

extension Verb {
    static let doctor = Verb(
        name: "doctor", summary: "say what is not as it should be, and why",
        details: """
            Looks at the machine, the configuration and the running processes, and says one sentence
            about each matter: how each media interface is attached and why no better way is in
            force, huge pages, cores, privileges, the kernel, and whether both planes run. Works
            without a running process.
            Exit status: 0 without a fault, 1 with one, 2 if the configuration has faults.
            """,
        options: [.config, RunningNode.options[0]]
    ) { (arguments) throws(Failure) in
        _ = try arguments.operands(0...0, "")
        let host = Host.current()
        var diagnosis = Diagnosis()
        diagnosis.add(
            host.kernel >= (5, 15) ? .good : .note, "kernel",
            "Linux \(host.kernel.major).\(host.kernel.minor)"
                + (host.kernel >= (5, 15) ? "" : ", older than what is tested (5.15)"))
        let missing = Host.Capability.allCases.filter { !host.has($0) }.map(\.name)
        diagnosis.add(
            missing.isEmpty ? .good : .note, "privileges",
            missing.isEmpty
                ? "this user has every capability that an attach mode needs"
                : "this user lacks \(missing.joined(separator: ", ")); the service may have them")
        let path = arguments["config"] ?? Place.configuration
        var directory = arguments["directory"]
        var limit: CallLimit?
        if directory == nil, !arguments.has("config") {
            directory = RunningNode.directoryOfEnvironment
        }
        if arguments.has("config") || access(path, R_OK) == 0 {
            let configuration = try Configurations.load(path)
            directory = directory ?? configuration.node.runtimeDirectory
            let node = RunningNode(directory: directory ?? Place.runtimeDirectory)
            diagnosis.judge(configuration, on: host, inForce: .init(node))
            limit = CallLimit(configuration, host.machine)
        } else {
            diagnosis.add(.note, "configuration", "there is no \(path); name one with --config")
        }
        diagnosis.look(
            at: RunningNode(directory: directory ?? Place.runtimeDirectory), limit: limit)
        if arguments.wantsJSON {
            Terminal.print(diagnosis.json)
        } else {
            Terminal.print(diagnosis.text)
        }
        return diagnosis.isGood ? .ok : .no
    }
}

extension Diagnosis.InForce {
    init(_ node: RunningNode) {
        guard let file = try? node.fastPath(), Diagnosis.isAlive(file) else { return }
        self.isRunning = true
        for realm in file.realms { self.attach[realm.name] = realm.attach }
    }
}

extension Diagnosis {
    /// Says how many calls are let in.
    mutating func judgeLimit(_ calls: String, _ reason: String, _ advice: String?) {
        self.add(
            advice == nil ? .good : .note, "calls",
            "at most \(calls) at a time: \(reason)" + (advice.map { "; \($0)" } ?? ""))
    }

    /// Says how both processes are. `limit` is what a control plane would let in that does not run.
    mutating func look(at node: RunningNode, limit: CallLimit?) {
        do throws(Failure) {
            let file = try node.fastPath()
            self.look(at: file)
        } catch {
            self.add(.fault, "fast path", error.text)
        }
        do throws(Failure) {
            let status = try node.ask("status")
            let conditions = status["conditions"]?.array ?? []
            for condition in conditions {
                self.add(.fault, "control plane", Render.cell(condition))
            }
            if conditions.isEmpty {
                let state = Render.cell(status["state"])
                let calls = Render.cell(status["calls"]?["active"])
                self.add(.good, "control plane", "it is \(state); calls: \(calls)")
            }
            let limit = status["limit"]
            self.judgeLimit(
                Render.cell(limit?["calls"]), Render.cell(limit?["reason"]),
                limit?["advice"]?.string)
        } catch {
            self.add(.fault, "control plane", error.text)
            if let limit { self.judgeLimit("\(limit.calls)", limit.reason, limit.advice) }
        }
    }

    /// A heartbeat older than this means that nobody writes it.
    private static let heartbeatNsMax: UInt64 = 2_000_000_000

    /// A process stands behind the file.
    static func isAlive(_ file: FastPathFile) -> Bool {
        let now = Clocks.monotonicNs
        let age = now &- min(file.heartbeatNs, now)
        return age < Self.heartbeatNsMax && file.state != .stopped
    }

    private mutating func look(at file: FastPathFile) {
        guard Self.isAlive(file) else {
            self.add(.fault, "fast path", "it does not run; its file is left from an earlier one")
            return
        }
        self.add(
            .good, "fast path",
            "process \(file.processID) runs with "
                + Terminal.count(Int(file.geometry.workers), "worker"))
        for realm in file.realms {
            self.add(
                realm.linkUp ? .good : .fault, "realm \(realm.name)",
                "in force: attach \(realm.attach) on \(realm.interface), "
                    + (realm.linkUp ? "the link is up" : "which has no link"))
        }
    }
}
