// SPDX-License-Identifier: Apache-2.0

/// What the process says to the script that started it.
enum ExitStatus: Int32 {
    /// Done; the answer is yes.
    case ok = 0
    /// The answer is no, or it failed.
    case no = 1
    /// The arguments or the configuration are wrong.
    case usage = 2
    /// No process runs that could answer.
    case notRunning = 3
}

/// A reason to stop, with the sentence to print and the status to leave behind.
struct Failure: Error, Equatable {
    let status: ExitStatus
    let text: String

    static func usage(_ text: String) -> Failure { Failure(status: .usage, text: text) }
    static func no(_ text: String) -> Failure { Failure(status: .no, text: text) }
}

/// One thing that the command line can do.
struct Verb: Sendable {
    /// What is typed.
    let name: String
    /// What follows it, besides options: "FILE...".
    var operands = ""
    /// One line for the list of verbs.
    let summary: String
    /// What a newcomer wants to know, in paragraphs.
    let details: String
    /// Besides --json and --help.
    var options: [Option] = []
    /// Which of them go with which first operand; nil: all go with whatever there is.
    var use: OptionUse?
    /// Does it.
    let run: @Sendable (Arguments) throws(Failure) -> ExitStatus

    static let all: [Verb] = [
        .serve, .fastpath, .check, .profile, .status, .calls, .call, .route, .records, .trace,
        .peers, .peer, .registrations, .flows, .drops, .cert, .doctor, .drain, .tenant, .number,
        .trunk, .migration, .teams, .deployment, .audit, .rules, .message, .dtmf, .replay, .size,
        .version,
    ]
}

enum CommandLineTool {
    static func run(_ words: [String]) -> ExitStatus {
        guard let name = words.first else {
            Terminal.error(self.overview)
            return .usage
        }
        if ["--help", "-h", "help"].contains(name) {
            guard name == "help", let subject = words.dropFirst().first else {
                Terminal.print(self.overview)
                return .ok
            }
            return self.run(named: subject, ["--help"])
        }
        return self.run(named: name == "--version" ? "version" : name, Array(words.dropFirst()))
    }

    private static func run(named name: String, _ words: [String]) -> ExitStatus {
        guard let verb = Verb.all.first(where: { $0.name == name }) else {
            Terminal.error("trunkline: there is no verb \"\(name)\"; trunkline --help lists them")
            return .usage
        }
        return self.run(verb, words)
    }

    private static func run(_ verb: Verb, _ words: [String]) -> ExitStatus {
        do throws(Failure) {
            let arguments = try Arguments(parsing: words, options: verb.options + Option.common)
            if arguments.has("help") {
                Terminal.print(verb.help)
                return .ok
            }
            try verb.use?.check(arguments, of: verb.name)
            return try verb.run(arguments)
        } catch {
            Terminal.error("trunkline \(verb.name): \(error.text)")
            return error.status
        }
    }

    static var overview: String {
        var table = Table(columns: ["", ""], hasTitles: false)
        for verb in Verb.all {
            table.add([
                "  " + verb.name + (verb.operands.isEmpty ? "" : " " + verb.operands), verb.summary,
            ])
        }
        return """
            usage: trunkline VERB [options]

            Trunkline carries telephone calls between networks: this program does the signalling,
            trunkline-fastpath relays the media.

            \(table.text)

            trunkline VERB --help explains a verb. Exit status: 0 done, 1 the answer is no or it
            failed, 2 wrong arguments or configuration, 3 no process is running.
            """
    }
}

extension Verb {
    var help: String {
        var table = Table(columns: ["", ""], hasTitles: false)
        for option in self.options + Option.common {
            table.add(["  " + option.syntax, option.help])
        }
        let operands = self.operands.isEmpty ? "" : " " + self.operands
        return """
            usage: trunkline \(self.name)\(operands) [options]

            \(self.details)

            options:
            \(table.text)
            """
    }
}
