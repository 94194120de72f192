// SPDX-License-Identifier: Apache-2.0

import Configuration
import Glibc
import Management

/// The operator's profiles, changed: one that has faults, or that the configuration does not go
/// with, is not left in its place.
struct ProfileEdit {
    private let directories: ProfileDirectories
    private let configuration: String
    private let arguments: Arguments

    init(_ directories: ProfileDirectories, _ arguments: Arguments) {
        self.directories = directories
        self.configuration = arguments["config"] ?? Place.configuration
        self.arguments = arguments
    }

    /// Puts a file into the place of a profile.
    func put(_ name: String, from file: String, isNew: Bool) throws(Failure) {
        let path = try self.path(name)
        let isThere = access(path, F_OK) == 0
        guard isNew != isThere else {
            throw .no(
                isThere
                    ? "profile \(name) is there; trunkline profile change takes another file"
                    : "profile \(name) is none of \(self.directories.own)")
        }
        try self.change(name, path, file, isNew ? "added" : "changed")
    }

    func remove(_ name: String) throws(Failure) {
        let path = try self.path(name)
        guard access(path, F_OK) == 0 else {
            throw .no("profile \(name) is none of \(self.directories.own)")
        }
        try self.change(name, path, nil, "removed")
    }

    private func path(_ name: String) throws(Failure) -> String {
        guard TrunkFiles.isName(name) else {
            throw .usage("\(name): a name has letters, digits, '-', '_' and '.'")
        }
        return "\(self.directories.own)/\(name).yaml"
    }

    private func change(
        _ name: String, _ path: String, _ file: String?, _ state: String
    ) throws(Failure) {
        let provisioning = try ProvisioningAccess(self.arguments)
        var request: JSONObject = ["kind": "profile", "name": .string(name)]
        if file == nil || state == "changed" {
            request["before"] = try? self.settings(name, self.directories)
        }
        if let file {
            var directories = self.directories
            directories.drafts = [name: file]
            request["after"] = try self.settings(name, directories)
        }
        if self.faults([:]) == nil, let faults = self.faults([name: file]) {
            throw .no("nothing was changed:\n\(faults)")
        }
        var answer: JSONObject = [
            "profile": .string(name), "state": .string(state), "file": .string(path),
        ]
        if self.arguments.has("dry-run") {
            answer["dry-run"] = true
        } else {
            let isConfigured = access(self.configuration, F_OK) == 0
            let bytes = try file.map { (file) throws(Failure) in
                try Files.read(file, limit: Profile.fileLimit)
            }
            try SafeFile.replace(
                path, like: isConfigured ? self.configuration : "/etc/passwd", with: bytes
            ) { () throws(Failure) in
                _ = try provisioning.ask("file-written", request, self.arguments)
            }
            answer["node"] = try provisioning.reload()
        }
        ProvisioningAccess.tell("profile \(name)", answer, self.arguments)
    }

    /// What is wrong with the configuration, with a file in place of a profile; nil: nothing, or
    /// there is no configuration.
    private func faults(_ profiles: [String: String?]) -> ConfigurationErrors? {
        guard access(self.configuration, F_OK) == 0 else { return nil }
        do throws(ConfigurationErrors) {
            _ = try NodeConfiguration.load(path: self.configuration, profiles: profiles)
            return nil
        } catch {
            return error
        }
    }

    /// The keys of a profile.
    private func settings(
        _ name: String, _ directories: ProfileDirectories
    ) throws(Failure) -> JSONValue {
        do throws(ConfigurationErrors) {
            var object: JSONObject = [:]
            for setting in try Profile.load([name], in: directories).settings() {
                object[setting.key] = .string(setting.value)
            }
            return .object(object)
        } catch {
            throw .no("nothing was changed:\n\(error)")
        }
    }
}
