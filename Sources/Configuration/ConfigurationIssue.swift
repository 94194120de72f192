// SPDX-License-Identifier: Apache-2.0

/// One thing wrong in a configuration file.
public struct ConfigurationIssue: Sendable, Hashable, CustomStringConvertible {
    /// The file as it was named.
    public let file: String
    /// Line from 1; 0 where the file as a whole is at fault.
    public let line: Int
    /// Path of the key, as `trunks[0].peer`; empty where none is concerned.
    public let key: String
    /// What is wrong.
    public let problem: String
    /// What to write instead.
    public let fix: String

    /// `file:line: key: what is wrong; what to write instead`.
    public var description: String {
        let place = self.line > 0 ? "\(self.file):\(self.line): " : "\(self.file): "
        return place + (self.key.isEmpty ? "" : self.key + ": ") + self.problem + "; " + self.fix
    }
}

/// Everything wrong in a configuration file, in the order of its lines; at most
/// `ConfigurationErrors.limit`.
public struct ConfigurationErrors: Error, Sendable, Hashable, CustomStringConvertible {
    /// Issues that one reading reports at most.
    public static let limit = 100

    /// At least one.
    public let issues: [ConfigurationIssue]

    /// One issue a line.
    public var description: String {
        self.issues.map(\.description).joined(separator: "\n")
    }
}

/// Collects issues while a file is read.
final class IssueList {
    let file: String
    private(set) var issues: [ConfigurationIssue] = []
    /// Files that the configuration names are looked at too: only their user can.
    let checksFiles: Bool
    /// And certificates have to be valid at this time, seconds since 1970; nil: whenever.
    let now: Int64?

    init(file: String, checksFiles: Bool = false, now: Int64? = nil) {
        self.file = file
        self.checksFiles = checksFiles
        self.now = now
    }

    func add(_ line: SourceLine, _ key: String, _ problem: String, _ fix: String) {
        guard self.issues.count < ConfigurationErrors.limit else { return }
        self.issues.append(
            ConfigurationIssue(
                file: line.file ?? self.file, line: line.number, key: key, problem: problem,
                fix: fix))
    }

    func add(_ place: some Placed, _ problem: String, _ fix: String) {
        self.add(place.line, place.key, problem, fix)
    }

    /// The path of a file that a file names: beside it, where it is not absolute.
    func path(of name: Located<String>) -> String {
        let file = name.line.file ?? self.file
        guard !name.value.hasPrefix("/"), let slash = file.lastIndex(of: "/") else {
            return name.value
        }
        return String(file[...slash]) + name.value
    }

    /// Takes over what was found in another file.
    func take(_ others: IssueList) {
        let room = ConfigurationErrors.limit - self.issues.count
        self.issues += others.issues.prefix(max(room, 0))
    }

    /// Sorted by file, this one first, and by line: cross-checks find theirs after everything was
    /// read.
    var errors: ConfigurationErrors {
        func place(_ issue: ConfigurationIssue) -> (Int, String, Int) {
            (issue.file == self.file ? 0 : 1, issue.file, issue.line)
        }
        return ConfigurationErrors(issues: self.issues.sorted { place($0) < place($1) })
    }
}

/// Something that has a place in the file.
protocol Placed {
    var line: SourceLine { get }
    var key: String { get }
}

/// A value with its place in the file.
struct Located<Value>: Placed {
    var value: Value
    var line: SourceLine
    var key: String

    func map<Other>(_ transform: (Value) -> Other) -> Located<Other> {
        Located<Other>(value: transform(self.value), line: self.line, key: self.key)
    }
}
