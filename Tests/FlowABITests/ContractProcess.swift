// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// One of the two sides as a process. Its lines are read as they come; it is killed with the value.
final class ContractProcess {
    let process = Process()
    private let input = Pipe()
    private let output = Pipe()
    private let errors = Pipe()
    private var buffered: [UInt8] = []
    private(set) var lines: [String] = []

    /// Tells when the products are not beside the tests.
    static func path(_ name: String) -> String {
        let tests = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
        return tests.appendingPathComponent(name).path
    }

    init(_ name: String, _ arguments: [String]) throws {
        self.process.executableURL = URL(fileURLWithPath: Self.path(name))
        self.process.arguments = arguments
        self.process.standardInput = self.input
        self.process.standardOutput = self.output
        self.process.standardError = self.errors
        try self.process.run()
    }

    deinit {
        self.kill(SIGKILL)
        self.process.waitUntilExit()
    }

    func kill(_ signal: Int32) {
        if self.process.isRunning { Foundation.kill(self.process.processIdentifier, signal) }
    }

    func send(_ line: String) {
        let bytes = Array((line + "\n").utf8)
        _ = write(self.input.fileHandleForWriting.fileDescriptor, bytes, bytes.count)
    }

    func closeInput() { try? self.input.fileHandleForWriting.close() }

    /// The next line that begins with `prefix`; nil at the end of the output.
    func line(_ prefix: String) -> String? {
        while true {
            while let end = self.buffered.firstIndex(of: 10) {
                let line = String(decoding: self.buffered[..<end], as: UTF8.self)
                self.buffered.removeFirst(end + 1)
                self.lines.append(line)
                if line.hasPrefix(prefix) { return line }
            }
            var bytes = [UInt8](repeating: 0, count: 4096)
            let count = read(self.output.fileHandleForReading.fileDescriptor, &bytes, 4096)
            if count <= 0 { return nil }
            self.buffered += bytes.prefix(count)
        }
    }

    /// Waits for the end: exit code, or minus the number of the signal.
    func end() -> Int32 {
        while self.line("\u{0}") != nil {}
        self.process.waitUntilExit()
        let status = self.process.terminationStatus
        return self.process.terminationReason == .uncaughtSignal ? -status : status
    }

    var errorText: String {
        String(
            decoding: self.errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    }
}

/// A directory with its two sides.
struct ContractPair {
    let scratch: Scratch

    init() throws {
        self.scratch = try Scratch()
        signal(SIGPIPE, SIG_IGN)
    }

    func peer(_ options: String...) throws -> ContractProcess {
        let peer = try ContractProcess("contract-peer", ["serve", self.scratch.path] + options)
        return peer
    }

    func control(_ calls: Int, _ options: String...) throws -> ContractProcess {
        try ContractProcess(
            "contract-control", ["run", self.scratch.path, "\(calls)"] + options + ["polls=50000"])
    }
}
