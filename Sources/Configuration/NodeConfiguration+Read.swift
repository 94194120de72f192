// SPDX-License-Identifier: Apache-2.0

import Glibc

extension NodeConfiguration {
    /// Bytes of a configuration file at most.
    public static let fileLimit = 1 << 20

    /// Reads and checks a file; with `checkingFiles` the certificates and keys too that it names,
    /// which the user of the control plane alone may read, and which have to be valid at `now`
    /// (seconds since 1970; nil: whenever). Trunks in files beside it (`TrunkFiles`) belong to it;
    /// `drafts` stand for the files of their names, nil for one that goes, and files of `profiles`
    /// for the operator's profiles. Throws everything that is wrong.
    public static func load(
        path: String, checkingFiles: Bool = false, now: Int64? = nil,
        drafts: [String: [UInt8]?] = [:], profiles: [String: String?] = [:]
    ) throws(ConfigurationErrors) -> NodeConfiguration {
        let issues = IssueList(file: path, checksFiles: checkingFiles, now: now)
        guard let bytes = FileBytes.read(path, limit: self.fileLimit, issues) else {
            throw issues.errors
        }
        return try self.parse(
            bytes, issues, more: TrunkFiles(beside: path).items(drafts, issues),
            profiles: profiles)
    }

    /// Reads and checks the bytes of a file; `file` is its name in messages.
    public static func parse(
        _ bytes: [UInt8], file: String
    ) throws(ConfigurationErrors) -> NodeConfiguration {
        try self.parse(bytes, IssueList(file: file))
    }

    private static func parse(
        _ bytes: [UInt8], _ issues: IssueList, more trunks: [YAMLNode] = [],
        profiles: [String: String?] = [:]
    ) throws(ConfigurationErrors) -> NodeConfiguration {
        guard bytes.count <= self.fileLimit else {
            issues.add(
                0, "", "has more than \(self.fileLimit) bytes", "shorten it to what one node needs")
            throw issues.errors
        }
        do {
            if let root = try YAMLReader.read(bytes) {
                let configuration = ConfigurationReader(issues, profiles).read(
                    root.addingTrunks(trunks))
                if let configuration, issues.issues.isEmpty { return configuration }
            } else {
                issues.add(0, "", "is empty", "begin with the example file")
            }
        } catch {
            issues.add(error.line, "", error.problem, error.fix)
        }
        throw issues.errors
    }
}

/// Files without Foundation.
enum FileBytes {
    /// The bytes of a regular file; nil and an issue if it cannot be read. Of one that is longer
    /// than `limit` a little more than that. Never waits, as a pipe would have it.
    static func read(_ path: String, limit: Int, _ issues: IssueList) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            let reason = String(cString: strerror(errno))
            issues.add(
                0, "", "cannot be opened: \(reason)", "name a file that this user can read")
            return nil
        }
        defer { close(descriptor) }
        var about = stat()
        guard fstat(descriptor, &about) == 0, about.st_mode & S_IFMT == S_IFREG else {
            issues.add(0, "", "is no regular file", "name a regular file")
            return nil
        }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else {
                let reason = String(cString: strerror(errno))
                issues.add(0, "", "cannot be read: \(reason)", "name a regular file")
                return nil
            }
            if count == 0 { return bytes }
            bytes += chunk[..<count]
            // One byte more than allowed is enough for the caller to say so.
            if bytes.count > limit { return bytes }
        }
    }
}
