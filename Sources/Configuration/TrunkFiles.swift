// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Trunks in files of their own: in the directory `trunks` beside a configuration, `NAME.yaml` has
/// the keys of the trunk NAME, but for its name. They follow those of the configuration, in the
/// order of their names, and are read and checked as if they stood there.
public struct TrunkFiles: Sendable {
    /// Files that are read at most.
    public static let filesMax = Schema.trunkLimit

    /// Every key that a file can have, in the order of the manual.
    public static let keyNames = Schema.trunks.keys.map(\.name).filter { $0 != TrunkKeys.name.name }

    /// Where they are.
    public let directory: String

    /// Beside a configuration.
    public init(beside configuration: String) {
        let slash = configuration.lastIndex(of: "/")
        self.directory = (slash.map { String(configuration[...$0]) } ?? "") + "trunks"
    }

    /// Letters, digits, '-', '_' and '.': what a file and a trunk may be called.
    public static func isName(_ name: String) -> Bool { ProfileDirectories.isName(name) }

    /// The file of a trunk, whether it is there or not.
    public func path(of name: String) -> String { "\(self.directory)/\(name).yaml" }

    /// The trunks that have files, in order.
    public var names: [String] { ProfileDirectories.names(in: self.directory).sorted() }

    /// The keys of a trunk, each with its value in YAML on one line, in the order of the file; nil
    /// where there is no file. Throws where it cannot be read.
    public func keys(
        of name: String
    ) throws(ConfigurationErrors) -> [(key: String, value: String)]? {
        let path = self.path(of: name)
        guard access(path, F_OK) == 0 else { return nil }
        let issues = IssueList(file: path)
        let bytes = FileBytes.read(path, limit: Profile.fileLimit, issues)
        guard let bytes, let node = Self.read(bytes, path, issues),
            case .mapping(let entries) = node.content
        else { throw issues.errors }
        return entries.map { ($0.key, $0.value.flow) }
    }

    /// The items of the list `trunks` that they are. `drafts` stand for the files of their names:
    /// what such a file would have, or nil where it would go.
    func items(_ drafts: [String: [UInt8]?], _ issues: IssueList) -> [YAMLNode] {
        let names = Set(self.names).union(drafts.keys).sorted()
        return names.compactMap { name in
            let path = self.path(of: name)
            let bytes: [UInt8]?
            if let draft = drafts[name] {
                bytes = draft
            } else {
                let own = IssueList(file: path)
                bytes = FileBytes.read(path, limit: Profile.fileLimit, own)
                issues.take(own)
            }
            guard let bytes, let node = Self.read(bytes, path, issues),
                case .mapping(var entries) = node.content
            else { return nil }
            let value = YAMLNode(line: node.line, content: .scalar(name, plain: false))
            entries.insert(.init(key: TrunkKeys.name.name, line: node.line, value: value), at: 0)
            return YAMLNode(line: node.line, content: .mapping(entries))
        }
    }

    /// Nil where an issue says why.
    private static func read(
        _ bytes: [UInt8], _ path: String, _ issues: IssueList
    ) -> YAMLNode? {
        let whole = SourceLine(0, file: path)
        guard bytes.count <= Profile.fileLimit else {
            issues.add(
                whole, "", "has more than \(Profile.fileLimit) bytes",
                "shorten it: it has keys of a trunk")
            return nil
        }
        do {
            guard let root = try YAMLReader.read(bytes, file: path), !root.isNull else {
                issues.add(whole, "", "is empty", "write keys of a trunk, as `peer: sip:192.0.2.1`")
                return nil
            }
            guard case .mapping = root.content else {
                issues.add(
                    root.line, "", "is \(root.kindName)",
                    "write keys of a trunk, as `peer: sip:192.0.2.1`")
                return nil
            }
            return root
        } catch {
            issues.add(error.line, "", error.problem, error.fix)
            return nil
        }
    }
}

extension YAMLNode {
    /// The same document with more items in its list `trunks`. What stands there in place of a list
    /// stays, and is an issue of whoever reads it.
    func addingTrunks(_ items: [YAMLNode]) -> YAMLNode {
        guard !items.isEmpty, case .mapping(var entries) = self.content else { return self }
        let name = Schema.trunks.name
        guard let position = entries.firstIndex(where: { $0.key == name }) else {
            let list = YAMLNode(line: self.line, content: .sequence(items))
            entries.append(.init(key: name, line: self.line, value: list))
            return YAMLNode(line: self.line, content: .mapping(entries))
        }
        var own: [YAMLNode] = []
        if case .sequence(let list) = entries[position].value.content {
            own = list
        } else if !entries[position].value.isNull {
            return self
        }
        entries[position].value.content = .sequence(own + items)
        return YAMLNode(line: self.line, content: .mapping(entries))
    }
}
