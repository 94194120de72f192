// SPDX-License-Identifier: Apache-2.0

import Configuration
import Glibc
import Management
import Provisioning

/// Where requests about tenants and numbers go: to the process, or where none runs to the store's
/// file itself, whose lock keeps two of them apart.
struct ProvisioningAccess {
    static let options =
        RunningNode.options + [
            Option(
                name: "store", value: "FILE",
                help: "the store where no process runs (store.path)")
        ]
    static let dryRun = Option(
        name: "dry-run", help: "say what would happen, and change nothing")

    private let node: RunningNode?
    private let store: LocalStore?
    /// What the configuration says of trunks, where no process runs.
    private var facts = NodeFacts()

    /// A change that waits for a slow disk is waited for.
    private static let timeoutMilliseconds = 60_000

    init(_ arguments: Arguments) throws(Failure) {
        let node = try RunningNode(arguments)
        let answer = try node.answer("status", [:], timeoutMilliseconds: Self.timeoutMilliseconds)
        if case .failure(let error) = answer, error.code == ControlClient.notRunning {
            self.node = nil
            self.store = LocalStore(path: try Self.path(arguments))
            if let file = try? Configurations.load(arguments["config"]) {
                self.facts.trunkNames = file.trunks.map(\.name)
                self.facts.trunks = file.carrierTrunks
            }
        } else {
            self.node = node
            self.store = nil
        }
    }

    /// On a service, for tests.
    init(_ service: ProvisioningService) {
        self.node = nil
        self.store = LocalStore(service)
    }

    private static func path(_ arguments: Arguments) throws(Failure) -> String {
        if let path = arguments["store"] { return path }
        if arguments.has("config") || access(Place.configuration, R_OK) == 0 {
            return try Configurations.places(arguments["config"]).store.path
        }
        return "\(Place.stateDirectory)/\(StoreConfiguration.fileName)"
    }

    /// What a request gets; a refusal is an answer as well.
    func answer(_ verb: String, _ arguments: JSONObject) throws(Failure) -> ControlAnswer {
        if let store {
            return try store.service(for: verb).perform(
                ProvisioningRequest(verb, arguments, user: getuid(), node: self.facts)
            ).answer
        }
        guard let node else { return .failure(ControlError(.noAnswer, "nobody is there")) }
        return try node.answer(verb, arguments, timeoutMilliseconds: Self.timeoutMilliseconds)
    }

    /// Has the process read its files again; what it could not take over, null where none runs.
    func reload() throws(Failure) -> JSONValue {
        guard let node else { return .null }
        switch try node.answer("reload", [:], timeoutMilliseconds: Self.timeoutMilliseconds) {
        case .success(let value): return value
        case .failure(let error): throw .no("the file is written; the node says: \(error.text)")
        }
    }

    /// What a change of a file led to, and what the process has against it.
    static func tell(
        _ subject: String, _ answer: JSONObject, _ arguments: Arguments
    ) {
        Verb.tell(subject, .object(answer), nil, arguments)
        guard !arguments.wantsJSON else { return }
        for refused in answer["node"]?["refused"]?.array ?? [] {
            Terminal.print("the running node: \(Render.cell(refused))")
        }
    }

    /// What a request gives; a refusal is printed where JSON is wanted, and ends the verb.
    func ask(
        _ verb: String, _ request: JSONObject, _ arguments: Arguments
    ) throws(Failure) -> JSONValue {
        switch try self.answer(verb, request) {
        case .success(let value): return value
        case .failure(let error):
            if arguments.wantsJSON { Terminal.print(["error": error.json]) }
            throw .no(Self.sentence(error))
        }
    }

    /// A refusal for people.
    static func sentence(_ error: ControlError) -> String {
        error.text + (error.details["more"]?.string.map { " (more: \($0))" } ?? "")
    }
}

extension Arguments {
    /// What the options say of fields, as members of a request.
    func members(_ fields: [ProvisionedField]) -> JSONObject {
        var members: JSONObject = [:]
        for field in fields {
            if let value = self[field.name] { members[field.name] = .string(value) }
        }
        return members
    }

    /// The members that these options are, as they are spelled.
    func texts(_ names: [String]) -> JSONObject {
        var members: JSONObject = [:]
        for name in names { if let value = self[name] { members[name] = .string(value) } }
        return members
    }
}

extension Option {
    /// The option of a field.
    init(_ field: ProvisionedField) {
        let standard = field.standard.map { " (\($0))" } ?? ""
        let clause = field.meaning.prefix { ![";", ":", "."].contains($0) }
        let meaning = clause.prefix(1).lowercased() + clause.dropFirst()
        self.init(name: field.name, value: field.placeholder, help: meaning + standard)
    }
}

/// Says on a terminal how far something is that takes longer than two seconds.
struct Progress {
    private let began = Self.seconds()
    private var shown = Self.seconds()
    private let isShown = isatty(STDERR_FILENO) != 0
    private static let quietSeconds = 2

    private static func seconds() -> Int {
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        return now.tv_sec
    }

    /// At most once a second.
    mutating func show(_ text: () -> String) {
        let now = Self.seconds()
        guard self.isShown, now - self.began >= Self.quietSeconds, now > self.shown else { return }
        self.shown = now
        Terminal.progress(text())
    }

    /// Takes the line away.
    func end() {
        if self.shown > self.began { Terminal.progress("") }
    }
}
