// SPDX-License-Identifier: Apache-2.0

import Configuration
import FlowABI
import Glibc
import Management

/// The node that a verb is about: finds its runtime directory and talks to its process.
struct RunningNode {
    static let options = [
        Option(
            name: "directory", value: "DIR",
            help: "runtime directory (TRUNKLINE_DIRECTORY, or \(Place.runtimeDirectory))"),
        Option(
            name: "config", value: "FILE", help: "take the runtime directory from this file"),
    ]

    let directory: String

    init(directory: String) {
        self.directory = directory
    }

    /// Precedence: --directory, then --config, then TRUNKLINE_DIRECTORY, then the default.
    init(_ arguments: Arguments) throws(Failure) {
        if let directory = arguments["directory"] {
            self.directory = directory
        } else if let path = arguments["config"] {
            self.directory = try Configurations.places(path).node.runtimeDirectory
        } else {
            self.directory = Self.directoryOfEnvironment ?? Place.runtimeDirectory
        }
    }

    /// TRUNKLINE_DIRECTORY, if it is set.
    static var directoryOfEnvironment: String? {
        getenv("TRUNKLINE_DIRECTORY").map { String(cString: $0) }
    }

    /// Asks the process; `timeoutMilliseconds` for each step.
    func ask(
        _ verb: String, _ arguments: JSONObject = [:], timeoutMilliseconds: Int = 10_000
    ) throws(Failure) -> JSONValue {
        switch try self.answer(verb, arguments, timeoutMilliseconds: timeoutMilliseconds) {
        case .success(let value): return value
        case .failure(let error) where error.code == ControlClient.notRunning:
            throw Failure(
                status: .notRunning,
                text: "no process is running in \(self.directory) (\(error.text)). "
                    + "Start trunkline serve, or name another --directory")
        case .failure(let error) where error.code == .badArgument:
            throw .usage(error.text)
        case .failure(let error):
            throw .no(error.text)
        }
    }

    /// What the process answers, a refusal as well.
    func answer(
        _ verb: String, _ arguments: JSONObject, timeoutMilliseconds: Int
    ) throws(Failure) -> ControlAnswer {
        let path = self.directory + "/control.sock"
        try self.requireAllowed(path, R_OK | W_OK)
        return ControlClient.ask(
            ControlRequest(verb: verb, arguments: arguments), path: path,
            timeoutMilliseconds: timeoutMilliseconds)
    }

    /// The fast path's file, for what can be read without the control plane.
    func fastPath() throws(Failure) -> FastPathFile {
        guardSharedFiles()
        let path = self.directory + "/fastpath.shm"
        try self.requireAllowed(path, R_OK)
        do {
            return try FastPathFile(attaching: path)
        } catch {
            guard error == .absent else { throw .no("\(path): \(error)") }
            throw Failure(
                status: .notRunning,
                text: "no fast path has run in \(self.directory): there is no \(path). "
                    + "Start trunkline fastpath, or name another --directory")
        }
    }

    private func requireAllowed(_ path: String, _ mode: Int32) throws(Failure) {
        guard access(path, mode) != 0, errno == EACCES else { return }
        throw .no("\(path): permission denied; ask as root or as a member of its group, trunkline")
    }
}

enum Configurations {
    /// A configuration for the sake of where things are: faults of trunks in files of their own
    /// keep nobody from mending them.
    static func places(_ path: String?) throws(Failure) -> NodeConfiguration {
        do throws(Failure) {
            return try self.load(path)
        } catch {
            let path = path ?? Place.configuration
            let files = Dictionary(
                TrunkFiles(beside: path).names.map { ($0, [UInt8]?.none) },
                uniquingKeysWith: { first, _ in first })
            guard let rest = try? NodeConfiguration.load(path: path, drafts: files) else {
                throw error
            }
            return rest
        }
    }

    /// Reads a configuration, or fails with everything that is wrong in it.
    static func load(
        _ path: String?, checkingFiles: Bool = false
    ) throws(Failure) -> NodeConfiguration {
        do {
            return try NodeConfiguration.load(
                path: path ?? Place.configuration, checkingFiles: checkingFiles)
        } catch {
            let isOne = error.issues.count == 1
            throw .usage((isOne ? "" : "the configuration has faults\n") + "\(error)")
        }
    }
}
