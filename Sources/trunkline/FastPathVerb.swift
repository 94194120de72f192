// SPDX-License-Identifier: Apache-2.0

import Configuration
import Glibc
import Management

extension Verb {
    static let fastpath = Verb(
        name: "fastpath", summary: "run the media plane with the same configuration",
        details: """
            Checks the configuration and becomes trunkline-fastpath with the arguments that it
            means. The program is looked for beside this one, then in PATH. With --json nothing is
            started: the command line is printed.
            """,
        options: [
            .config,
            Option(name: "binary", value: "PATH", help: "the program to become"),
        ]
    ) { (arguments) throws(Failure) in
        _ = try arguments.operands(0...0, "")
        let configuration = try Configurations.load(arguments["config"])
        let program = arguments["binary"] ?? FastPathProgram.path
        let words = [program] + configuration.fastPathArguments()
        if arguments.wantsJSON {
            Terminal.print(.array(words.map { .string($0) }))
            return .ok
        }
        mkdir(configuration.node.runtimeDirectory, 0o770)
        throw FastPathProgram.become(words)
    }
}
