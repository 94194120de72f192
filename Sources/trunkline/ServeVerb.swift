// SPDX-License-Identifier: Apache-2.0

import Node

extension Verb {
    static let serve = Verb(
        name: "serve", summary: "run the control plane",
        details: """
            Runs the control plane until SIGTERM or SIGINT, which drain: no new calls are taken, and
            the process ends when the last call has ended or a deadline has passed. SIGHUP reads the
            configuration again; a faulty one changes nothing and is shown by trunkline status.
            Prints one line when it serves, and messages to standard error.
            Exit status: 0 stopped by a signal, 1 it cannot run, 2 the configuration has faults.
            """,
        options: [.config]
    ) { (arguments) throws(Failure) in
        _ = try arguments.operands(0...0, "")
        let path = arguments["config"] ?? Place.configuration
        let configuration = try Configurations.load(path, checkingFiles: true)
        do {
            try Node.run(configuration, path: path)
            return .ok
        } catch {
            throw .no("\(error)")
        }
    }
}
