// SPDX-License-Identifier: Apache-2.0

import Configuration
import Glibc
import Management
import Provisioning

/// Trunks in files of their own, changed: the whole configuration is checked with the change in it,
/// then the audit has it, then the file is there, whole or not at all, and the node takes it over.
struct TrunkEdit {
    /// The files beside the configuration.
    let files: TrunkFiles
    private let configuration: String
    private let access: ProvisioningAccess
    private let arguments: Arguments

    private static let importBytesMax = 16 << 20

    init(_ access: ProvisioningAccess, _ arguments: Arguments) {
        self.access = access
        self.arguments = arguments
        self.configuration = arguments["config"] ?? Place.configuration
        self.files = TrunkFiles(beside: self.configuration)
    }

    /// The keys of a trunk, each with its value as it is written; nil where it has no file.
    func keys(of name: String) throws(Failure) -> JSONObject? {
        do throws(ConfigurationErrors) {
            guard let keys = try self.files.keys(of: name) else { return nil }
            var object: JSONObject = [:]
            for (key, value) in keys { object[key] = .string(value) }
            return object
        } catch {
            throw .no("\(error)")
        }
    }

    // MARK: One trunk

    func add(_ name: String, _ words: [String]) throws(Failure) {
        let lock = self.locked()
        defer { withExtendedLifetime(lock) {} }
        guard try self.keys(of: name) == nil else {
            throw .no("trunk \(name) is there; trunkline trunk change changes it")
        }
        try self.tell(name, try self.put(name, try Self.merged([:], words)))
    }

    func change(_ name: String, _ words: [String]) throws(Failure) {
        let lock = self.locked()
        defer { withExtendedLifetime(lock) {} }
        try self.tell(name, try self.put(name, try Self.merged(try self.there(name), words)))
    }

    func remove(_ name: String) throws(Failure) {
        let lock = self.locked()
        defer { withExtendedLifetime(lock) {} }
        // One that cannot be read can go, too.
        if Glibc.access(self.files.path(of: name), F_OK) != 0 { _ = try self.there(name) }
        try self.tell(name, try self.put(name, nil))
    }

    /// Of the configuration's directory: that of the files may not be there yet.
    private func locked() -> DirectoryLock? {
        let slash = self.configuration.lastIndex(of: "/")
        return DirectoryLock(slash.map { String(self.configuration[...$0]) } ?? ".")
    }

    private func there(_ name: String) throws(Failure) -> JSONObject {
        if let keys = try self.keys(of: name) { return keys }
        throw .no(
            "trunk \(name) has no file in \(self.files.directory); what is in "
                + "\(self.configuration) is changed there")
    }

    private static func merged(
        _ keys: JSONObject, _ words: [String]
    ) throws(Failure) -> JSONObject {
        var keys = keys
        for word in words {
            let parts = word.split(
                separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, !parts[0].isEmpty else {
                throw .usage("\(word): KEY=VALUE is expected, as max-calls=100")
            }
            let (key, value) = (String(parts[0]), String(parts[1]))
            try Self.check(key, value)
            keys[key] = value.isEmpty ? nil : .string(value)
        }
        return keys
    }

    /// Values stand on one line, and secrets neither on command lines nor in the audit.
    private static func check(_ key: String, _ value: String) throws(Failure) {
        guard !value.utf8.contains(where: { $0 < 0x20 || $0 == 0x7f }) else {
            throw .no("\(key): a value stands on one line")
        }
        guard key != "password" else {
            throw .no(
                "password: write password-file, the name of a file that has it: what is given "
                    + "here is seen in lists of processes")
        }
    }

    private func tell(_ name: String, _ state: PutState) throws(Failure) {
        var answer: JSONObject = [
            "trunk": .string(name), "state": .string(state.rawValue),
            "file": .string(self.files.path(of: name)),
        ]
        if self.arguments.has("dry-run") {
            answer["dry-run"] = true
        } else if state != .unchanged {
            answer["node"] = try self.access.reload()
        }
        ProvisioningAccess.tell("trunk \(name)", answer, self.arguments)
    }

    // MARK: Writing

    /// What became of a trunk.
    enum PutState: String { case added, changed, unchanged, removed }

    /// Writes the file of a trunk, or removes it.
    private func put(_ name: String, _ keys: JSONObject?) throws(Failure) -> PutState {
        guard TrunkFiles.isName(name) else {
            throw .usage("\(name): a name has letters, digits, '-', '_' and '.'")
        }
        let before = keys == nil ? try? self.keys(of: name) : try self.keys(of: name)
        guard keys == nil || keys != before else { return .unchanged }
        let text = keys.map(Self.text)
        let next: NodeConfiguration
        do throws(ConfigurationErrors) {
            next = try NodeConfiguration.load(
                path: self.configuration, checkingFiles: true, drafts: [name: text])
        } catch {
            throw .no("nothing was changed:\n\(error)")
        }
        // Two trunks without routes have each other's calls; three would have nobody's.
        let now = try? NodeConfiguration.load(path: self.configuration)
        guard !next.routes.isEmpty || now?.routes.isEmpty != false else {
            throw .no(
                "nothing was changed: two trunks without routes have each other's calls, and "
                    + "another number of trunks has none; write routes into "
                    + "\(self.configuration) first")
        }
        let state: PutState = keys == nil ? .removed : before == nil ? .added : .changed
        guard !self.arguments.has("dry-run") else { return state }
        var request: JSONObject = ["kind": "trunk", "name": .string(name)]
        request["before"] = before.map { .object($0) } ?? (text == nil ? "unreadable" : nil)
        request["after"] = keys.map { .object($0) }
        try SafeFile.replace(
            self.files.path(of: name), like: self.configuration, with: text
        ) { () throws(Failure) in
            _ = try self.access.ask("file-written", request, self.arguments)
        }
        return state
    }

    private static func text(_ keys: JSONObject) -> [UInt8] {
        let lines = keys.members.map { name, value in "\(name): \(value.string ?? "")\n" }
        return Array(lines.joined().utf8)
    }

    // MARK: CSV

    /// A column for each key that one of them has.
    func export() throws(Failure) {
        var rows: [(name: String, keys: JSONObject)] = []
        for name in self.files.names {
            if let keys = try self.keys(of: name) { rows.append((name, keys)) }
        }
        let columns = TrunkFiles.keyNames.filter { key in
            rows.contains { $0.keys[key] != nil } && key != "password"
        }
        Terminal.write(CSVWriter.record(["trunk"] + columns))
        for (name, keys) in rows {
            Terminal.write(
                CSVWriter.record([name] + columns.map { keys[$0]?.string ?? "" }))
        }
    }

    /// Each line is a trunk; a column that is missing leaves its key as it is.
    func takeFile(_ path: String) throws(Failure) -> ExitStatus {
        let bytes = try Files.read(path, limit: Self.importBytesMax)
        var reader = CSVReader()
        var records = reader.read(bytes)
        if let last = reader.finish() { records.append(last) }
        guard let header = records.first, header.fields.first == "trunk" else {
            let problem = records.first?.problem.map { " (it \($0))" } ?? ""
            throw .usage(
                "\(path): the first line has to name the columns, the first one trunk\(problem)")
        }
        Terminal.write(CSVWriter.record(["line", "trunk", "state", "reason"]))
        let lock = self.locked()
        defer { withExtendedLifetime(lock) {} }
        var isGood = true
        var hasChanged = false
        for record in records.dropFirst() {
            let name = record.fields.first ?? ""
            var row = [String(record.line), name, "refused", record.problem ?? ""]
            if record.problem == nil {
                do throws(Failure) {
                    let state = try self.put(name, try self.merged(record, header))
                    hasChanged = hasChanged || state != .unchanged
                    row[2] = state.rawValue
                } catch {
                    row[3] = error.text.split(whereSeparator: \.isNewline).joined(separator: " ")
                }
            }
            isGood = isGood && row[2] != "refused"
            Terminal.write(CSVWriter.record(row.map(Table.printable)))
        }
        if hasChanged, !self.arguments.has("dry-run") {
            for refused in try self.access.reload()["refused"]?.array ?? [] {
                Terminal.error("the running node: \(Render.cell(refused))")
            }
        }
        return isGood ? .ok : .no
    }

    private func merged(
        _ record: CSVReader.Record, _ header: CSVReader.Record
    ) throws(Failure) -> JSONObject {
        guard record.fields.count == header.fields.count else {
            throw .no("has \(record.fields.count) fields of \(header.fields.count)")
        }
        var keys = try self.keys(of: record.fields.first ?? "") ?? [:]
        for (key, value) in zip(header.fields, record.fields).dropFirst() {
            try Self.check(key, value)
            keys[key] = value.isEmpty ? nil : .string(value)
        }
        return keys
    }
}
