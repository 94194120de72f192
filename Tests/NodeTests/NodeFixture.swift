// SPDX-License-Identifier: Apache-2.0

import Configuration
import FlowProgramming
import Foundation
import Management
import NetworkAddress
import SIPTransport
import Synchronization
import Testing
import TestSupport

@testable import Node

/// A directory for one node, removed afterwards.
final class NodeDirectory {
    let path: String
    /// Nil: somebody else has it.
    private let own: TemporaryDirectory?

    init() throws {
        let own = try TemporaryDirectory("node")
        self.path = own.path
        self.own = own
    }

    /// One that somebody else removes.
    init(of other: String) {
        self.path = other
        self.own = nil
    }
}

/// Addresses that nobody else on this machine uses at the moment: tests run side by side, and all
/// of 127.0.0.0/8 is ours.
struct NodeAddresses {
    private static let last = Mutex<UInt32>(0)

    let box: String
    let carrier: String
    let service: String
    let stranger: String

    init() {
        let number = Self.last.withLock { last in
            last += 1
            return last
        }
        let process = UInt32(getpid())
        // More fixtures than one net has room for can live at a time on a slow machine.
        let net = "127.\(64 + process % 64).\((process / 64 + number / 62 * 37) % 256)"
        let first = number % 62 * 4 + 1
        self.box = "\(net).\(first)"
        self.carrier = "\(net).\(first + 1)"
        self.service = "\(net).\(first + 2)"
        self.stranger = "\(net).\(first + 3)"
    }
}

/// A shard in the test's thread: two trunks at one address, UDP and TCP. With a fast path that is
/// the contract's peer process (it answers commands and moves no packet), or without one.
final class NodeFixture {
    let directory: NodeDirectory
    let addresses = NodeAddresses()
    let shard: Shard
    let configurationPath: String
    private var fastPath: Process?

    /// How long anything is waited for, milliseconds; what is waited for is there in a few.
    static let patience: UInt64 = 30_000

    /// `runtime` is where the node keeps its files, if that is not the fixture's directory; `peer`
    /// are options of the contract's peer process, `change` is done to the configuration.
    init(
        fastPath: Bool = false, runtime: String? = nil, directory: NodeDirectory? = nil,
        peer: [String] = [], change: (String) -> String = { $0 }
    ) throws {
        self.directory = try directory ?? NodeDirectory()
        self.configurationPath = self.directory.path + "/node.yaml"
        let text = Self.configuration(self.addresses, runtime ?? self.directory.path)
        try change(text).write(toFile: self.configurationPath, atomically: true, encoding: .utf8)
        let file = try NodeConfiguration.load(path: self.configurationPath)
        if fastPath { self.fastPath = try Self.startFastPath(file.node.runtimeDirectory, peer) }
        self.shard = try Shard(file, path: self.configurationPath)
        try self.shard.open()
        if fastPath {
            try #require(self.run { $0.programmer.state == .matched }, "no fast path")
        }
    }

    deinit {
        self.shard.close()
        self.signalFastPath(SIGCONT)
        self.fastPath?.terminate()
        self.fastPath?.waitUntilExit()
    }

    static func configuration(_ addresses: NodeAddresses, _ runtime: String) -> String {
        """
        node: { name: test, runtime-directory: \(runtime), state-directory: \(runtime) }
        fastpath: { cores: [0], huge-pages: false }
        realms:
          - { name: outside, attach: packet, interface: out0, addresses: [192.0.2.1] }
          - { name: inside, attach: packet, interface: in0, addresses: [192.0.2.2] }
        listeners:
          - { name: udp, transport: udp, address: "\(addresses.box):5060" }
          - { name: tcp, transport: tcp, address: "\(addresses.box):5060" }
        trunks:
          - { name: carrier, listener: udp, realm: outside, peer: "sip:\(addresses.carrier)" }
          - { name: service, listener: udp, realm: inside, peer: "sip:\(addresses.service)" }
        routes:
          - { prefix: "+1", to: service }

        """
    }

    /// The contract's peer process in a directory: for who keeps it while nodes come and go.
    static func startFastPath(
        _ directory: String, _ options: [String] = []
    ) throws -> Process {
        let tests = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
        let output = Pipe()
        let process = Process()
        process.executableURL = tests.appendingPathComponent("contract-peer")
        process.arguments = ["serve", directory] + options
        process.standardOutput = output
        try process.run()
        // It is there once it has said its first line.
        _ = output.fileHandleForReading.availableData
        return process
    }

    /// Sends a signal to the fast path.
    func signalFastPath(_ number: Int32) {
        if let process = self.fastPath { kill(process.processIdentifier, number) }
    }

    /// Runs the shard until something holds; false if it never does.
    func run(until condition: (Shard) -> Bool) -> Bool {
        self.shard.loop.run(for: Self.patience) { condition(self.shard) }
    }

    /// Lets some turns pass, to see that nothing happens.
    func settle() { _ = self.shard.loop.run(for: 100) { false } }

    /// Asks the control socket as the command line does: from another thread.
    func ask(_ verb: String, _ arguments: JSONObject = [:]) -> ControlAnswer {
        let answer = Box<ControlAnswer>()
        let path = self.directory.path + "/control.sock"
        let request = ControlRequest(verb: verb, arguments: arguments)
        Thread.detachNewThread {
            let result = ControlClient.ask(
                request, path: path, timeoutMilliseconds: Int(Self.patience))
            answer.value.withLock { $0 = result }
        }
        _ = self.run { _ in answer.value.withLock { $0 != nil } }
        return answer.value.withLock { $0 } ?? .failure(ControlError(.noAnswer, "nothing"))
    }

    /// The result of a verb that must be done.
    func result(_ verb: String, _ arguments: JSONObject = [:]) throws -> JSONValue {
        try self.ask(verb, arguments).get()
    }

    /// The records in the file, the oldest first.
    func records() -> [JSONValue] { Self.records(in: self.directory.path + "/records") }

    /// The records in the current file of a directory. Every line is one.
    static func records(in directory: String) -> [JSONValue] {
        let text = (try? String(contentsOfFile: directory + "/calls.jsonl", encoding: .utf8)) ?? ""
        return text.split(separator: "\n").compactMap {
            do {
                return try JSONValue(parsing: Array($0.utf8))
            } catch {
                Issue.record("no record: \($0)")
                return nil
            }
        }
    }

    /// Writes the configuration file anew, changed.
    func edit(_ text: String, to replacement: String) throws {
        let before = try String(contentsOfFile: self.configurationPath, encoding: .utf8)
        try #require(before.contains(text))
        try before.replacingOccurrences(of: text, with: replacement)
            .write(toFile: self.configurationPath, atomically: true, encoding: .utf8)
    }
}

final class Box<Value: Sendable>: Sendable {
    let value = Mutex<Value?>(nil)
}
