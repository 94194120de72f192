// SPDX-License-Identifier: Apache-2.0

import Configuration
import Glibc
import Management

extension Verb {
    static let profile = Verb(
        name: "profile", operands: "list | show NAME... | diff NAME [OTHER] | VERB NAME [FILE]",
        summary: "say which profiles there are, and what they set",
        details: """
            profile list
                Names each profile, its file, and what it is for.
            profile show NAME...
                Prints each key of a profile with its value, and FILE:LINE where it stands. Of
                several names each lies over the one before it, as in `profile: [A, B]` of a trunk.
                With --all also the keys that are left at their default.
            profile diff NAME [OTHER]
                Compares a profile with another one, or with the shipped one of its name: lines of
                NAME begin with +, those of the other with -.
            profile add NAME FILE, profile change NAME FILE, profile remove NAME
                Puts a file among the operator's profiles, or takes it away, when the profile and
                the configuration with it have no faults. A running node takes it over at once.
            Profiles are looked for in node.profile-directory of --config, or in
            \(ProfileDirectories.usual), then among those that came with the program. No node has
            to run. A copy of a shipped profile in that directory takes its place.
            Exit status: 0; with diff 1 if there are differences; 2 if a profile has faults.
            """,
        options: ProvisioningAccess.options + [
            Option(name: "all", help: "with show: also keys that have their default"),
            ProvisioningAccess.dryRun,
        ],
        use: OptionUse(
            [
                ("list", []), ("show", ["all"]), ("diff", []), ("add", ["dry-run"]),
                ("change", ["dry-run"]), ("remove", ["dry-run"]),
            ], shared: ProvisioningAccess.options)
    ) { (arguments) throws(Failure) in
        let syntax = "list, show NAME..., diff NAME [OTHER], add or change NAME FILE, remove NAME"
        let operands = try arguments.operands(1...(1 + Profile.layersMax), syntax)
        let names = Array(operands.dropFirst())
        let directories = try Self.directories(arguments)
        switch (operands[0], names.count) {
        case ("list", 0): return try Self.list(directories, arguments)
        case ("show", 1...): return try Self.show(names, directories, arguments)
        case ("diff", 1...2): return try Self.diff(names, directories, arguments)
        case ("add", 2), ("change", 2):
            try ProfileEdit(directories, arguments).put(
                names[0], from: names[1], isNew: operands[0] == "add")
            return .ok
        case ("remove", 1):
            try ProfileEdit(directories, arguments).remove(names[0])
            return .ok
        default: throw .usage("\(syntax) is expected")
        }
    }

    private static func directories(_ arguments: Arguments) throws(Failure) -> ProfileDirectories {
        let path = arguments["config"] ?? Place.configuration
        guard arguments.has("config") || access(path, R_OK) == 0 else {
            return ProfileDirectories()
        }
        do throws(ConfigurationErrors) {
            return try ProfileDirectories(ofConfiguration: path)
        } catch {
            throw .usage("\(error)")
        }
    }

    private static func load(
        _ names: [String], _ directories: ProfileDirectories, shippedOnly: Bool = false
    ) throws(Failure) -> Profile {
        do throws(ConfigurationErrors) {
            return try Profile.load(names, in: directories, shippedOnly: shippedOnly)
        } catch {
            throw .usage("\(error)")
        }
    }

    private static func list(
        _ directories: ProfileDirectories, _ arguments: Arguments
    ) throws(Failure) -> ExitStatus {
        var table = Table(columns: ["NAME", "FILE", "FOR"])
        var rows: [JSONValue] = []
        var faults: [ConfigurationIssue] = []
        for name in directories.names {
            guard let path = directories.path(of: name) else { continue }
            var summary = "has faults"
            do throws(ConfigurationErrors) {
                summary = try Profile.load([name], in: directories).summary
            } catch {
                faults += error.issues
            }
            table.add([name, path, summary])
            rows.append([
                "name": .string(name), "file": .string(path), "summary": .string(summary),
            ])
        }
        if arguments.wantsJSON {
            Terminal.print(["profiles": .array(rows)])
        } else {
            Terminal.print(
                table.isEmpty
                    ? "there is no profile in \(directories.all.joined(separator: ", "))"
                    : table.text)
        }
        for fault in faults { Terminal.error(fault.description) }
        return faults.isEmpty ? .ok : .usage
    }

    private static func show(
        _ names: [String], _ directories: ProfileDirectories, _ arguments: Arguments
    ) throws(Failure) -> ExitStatus {
        let profile = try Self.load(names, directories)
        let settings = profile.settings(all: arguments.has("all"))
        guard !arguments.wantsJSON else {
            Terminal.print([
                "names": .array(names.map { .string($0) }), "summary": .string(profile.summary),
                "keys": .array(settings.map(Self.describe)),
            ])
            return .ok
        }
        var table = Table(columns: ["KEY", "VALUE", "FROM"])
        for setting in settings {
            table.add([setting.key, setting.value, setting.place ?? "default"])
        }
        Terminal.print(profile.summary + "\n\n" + table.text)
        return .ok
    }

    private static func describe(_ setting: Profile.Setting) -> JSONValue {
        [
            "key": .string(setting.key), "value": .string(setting.value),
            "from": .string(setting.place ?? "default"),
        ]
    }

    private static func diff(
        _ names: [String], _ directories: ProfileDirectories, _ arguments: Arguments
    ) throws(Failure) -> ExitStatus {
        let new = try Self.load([names[0]], directories)
        let old =
            names.count == 2
            ? try Self.load([names[1]], directories)
            : try Self.load(names, directories, shippedOnly: true)
        let differences = ProfileDifference.between(old.settings(), new.settings())
        if arguments.wantsJSON {
            Terminal.print([
                "differences": .array(
                    differences.map { difference in
                        var row: JSONObject = ["key": .string(difference.key)]
                        row["old"] = difference.old.map { .string($0) }
                        row["new"] = difference.new.map { .string($0) }
                        return .object(row)
                    })
            ])
        } else {
            for difference in differences {
                if let old = difference.old { Terminal.print("-\(difference.key): \(old)") }
                if let new = difference.new { Terminal.print("+\(difference.key): \(new)") }
            }
        }
        return differences.isEmpty ? .ok : .no
    }
}

/// A key that two profiles do not have alike.
struct ProfileDifference: Equatable {
    let key: String
    /// Nil: the one profile does not have it.
    var old: String?
    /// Nil: the other does not.
    var new: String?

    /// In the order of the new one's keys; what only the old one has comes last.
    static func between(_ old: [Profile.Setting], _ new: [Profile.Setting]) -> [ProfileDifference] {
        let before = Dictionary(uniqueKeysWithValues: old.map { ($0.key, $0.value) })
        let after = Dictionary(uniqueKeysWithValues: new.map { ($0.key, $0.value) })
        let changed = new.filter { before[$0.key] != $0.value }.map {
            ProfileDifference(key: $0.key, old: before[$0.key], new: $0.value)
        }
        let gone = old.filter { after[$0.key] == nil }.map {
            ProfileDifference(key: $0.key, old: $0.value, new: nil)
        }
        return changed + gone
    }
}
