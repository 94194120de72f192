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
        guard try self.keys(of: name) == nil else {
            throw .no("trunk \(name) is there; trunkline trunk change changes it")
        }
        try self.tell(name, try self.put(name, try Self.merged([:], words)))
    }

    func change(_ name: String, _ words: [String]) throws(Failure) {
        try self.tell(name, try self.put(name, try Self.merged(try self.there(name), words)))
    }

    func remove(_ name: String) throws(Failure) {
        _ = try self.there(name)
        try self.tell(name, try self.put(name, nil))
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
            keys[String(parts[0])] = parts[1].isEmpty ? nil : .string(String(parts[1]))
        }
        return keys
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
        let before = try self.keys(of: name)
        guard keys != before else { return .unchanged }
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
        request["before"] = before.map { .object($0) }
        request["after"] = keys.map { .object($0) }
        let path = self.files.path(of: name)
        if let text {
            let draft = try SafeFile(path, like: self.configuration, text)
            _ = try self.access.ask("file-written", request, self.arguments)
            try draft.keep()
        } else {
            _ = try self.access.ask("file-written", request, self.arguments)
            guard unlink(path) == 0 else {
                throw .no("\(path): \(String(cString: strerror(errno)))")
            }
        }
        return state
    }

    private static func text(_ keys: JSONObject) -> [UInt8] {
        let lines = keys.members.map { name, value in "\(name): \(value.string ?? "")\n" }
        return Array(lines.joined().utf8)
    }

    // MARK: CSV

    func export() throws(Failure) {
        Terminal.write(CSVWriter.record(["trunk"] + TrunkFiles.keyNames))
        for name in self.files.names {
            guard let keys = try self.keys(of: name) else { continue }
            Terminal.write(
                CSVWriter.record([name] + TrunkFiles.keyNames.map { keys[$0]?.string ?? "" }))
        }
    }

    /// Each line is a trunk, with all its keys.
    func takeFile(_ path: String) throws(Failure) -> ExitStatus {
        let bytes = try Files.read(path, limit: Self.importBytesMax)
        var reader = CSVReader()
        var records = reader.read(bytes)
        if let last = reader.finish() { records.append(last) }
        guard let header = records.first, header.fields.first == "trunk" else {
            throw .usage("\(path): the first line has to name the columns, the first one trunk")
        }
        Terminal.write(CSVWriter.record(["line", "trunk", "state", "reason"]))
        var isGood = true
        var hasChanged = false
        for record in records.dropFirst() {
            let name = record.fields.first ?? ""
            var row = [String(record.line), name, "refused", record.problem ?? ""]
            if record.problem == nil {
                do throws(Failure) {
                    let state = try self.put(name, try Self.keys(record, header))
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

    private static func keys(
        _ record: CSVReader.Record, _ header: CSVReader.Record
    ) throws(Failure) -> JSONObject {
        guard record.fields.count == header.fields.count else {
            throw .no("has \(record.fields.count) fields of \(header.fields.count)")
        }
        var keys: JSONObject = [:]
        for (key, value) in zip(header.fields, record.fields).dropFirst() where !value.isEmpty {
            keys[key] = .string(value)
        }
        return keys
    }
}
