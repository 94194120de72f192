// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Where profiles are looked for: the first directory that has a file of the name is taken.
public struct ProfileDirectories: Sendable, Hashable {
    /// The operator's, where the configuration names none.
    public static let usual = "/etc/trunkline/profiles"
    /// Files that are listed of one directory at most.
    public static let filesMax = 1000

    /// `node.profile-directory`
    public var own: String
    /// Those that came with the program.
    public var shipped: [String]
    /// Files that stand for those of their names in the operator's directory; nil: none does.
    public var drafts: [String: String?] = [:]

    /// With those that belong to the program which runs.
    public init(own: String = Self.usual) { self.init(own: own, shipped: Self.ofProgram()) }

    /// From their paths.
    public init(own: String, shipped: [String]) {
        self.own = own
        self.shipped = shipped
    }

    /// All of them, in order.
    public var all: [String] { [self.own] + self.shipped }

    /// The file of a profile; nil where no directory has one.
    public func path(of name: String, shippedOnly: Bool = false) -> String? {
        guard Self.isName(name) else { return nil }
        if !shippedOnly, let draft = self.drafts[name] {
            return draft ?? self.path(of: name, shippedOnly: true)
        }
        return (shippedOnly ? self.shipped : self.all).map { "\($0)/\(name).yaml" }
            .first { access($0, F_OK) == 0 }
    }

    /// The names that there are, sorted.
    public var names: [String] {
        Set(self.all.flatMap(Self.names)).sorted()
    }

    /// Letters, digits, '-', '_' and '.', the first no '.': a name never leads out of a directory.
    static func isName(_ name: String) -> Bool {
        let allowed = name.utf8.allSatisfy {
            switch $0 {
            case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x2d, 0x2e, 0x5f: true
            default: false
            }
        }
        return allowed && (1...63).contains(name.utf8.count) && name.utf8.first != 0x2e
    }

    static func names(in directory: String) -> [String] {
        guard let stream = opendir(directory) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while names.count < self.filesMax, let entry = readdir(stream) {
            let file = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard file.hasSuffix(".yaml") else { continue }
            let name = String(file.dropLast(".yaml".count))
            if self.isName(name) { names.append(name) }
        }
        return names
    }

    /// Of an installation `../share/trunkline/profiles` beside the program's directory; of a
    /// program that stands where it was built, those of its checkout.
    private static func ofProgram() -> [String] {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink("/proc/self/exe", &buffer, buffer.count)
        guard count > 0 else { return [] }
        let path = buffer[..<count].map { UInt8(bitPattern: $0) }
        let parts = String(decoding: path, as: UTF8.self).split(separator: "/")
        if let build = parts.lastIndex(of: ".build") {
            return ["/" + parts[..<build].joined(separator: "/") + "/appliance/profiles"]
        }
        return ["/" + parts.dropLast(2).joined(separator: "/") + "/share/trunkline/profiles"]
    }
}

extension ProfileDirectories {
    /// Those of a configuration, whatever else is wrong in it. Throws where the file cannot be read
    /// or is no YAML.
    public init(ofConfiguration path: String) throws(ConfigurationErrors) {
        let issues = IssueList(file: path)
        guard let bytes = FileBytes.read(path, limit: NodeConfiguration.fileLimit, issues) else {
            throw issues.errors
        }
        var own = Self.usual
        do {
            let root = try YAMLReader.read(bytes)
            if let directory = root?["node"]?[NodeKeys.profileDirectory.name],
                case .scalar(let text, _) = directory.content, !directory.isNull
            {
                own = text
            }
        } catch {
            issues.add(error.line, "", error.problem, error.fix)
            throw issues.errors
        }
        self.init(own: own)
    }
}

extension YAMLNode {
    /// The value of a key of a section; nil where it is none, or has no such key.
    fileprivate subscript(_ key: String) -> YAMLNode? {
        guard case .mapping(let entries) = self.content else { return nil }
        return entries.first { $0.key == key }?.value
    }
}
