// SPDX-License-Identifier: Apache-2.0

/// Why the provisioning store could not do something.
public struct StoreFault: Error, Sendable, Hashable, CustomStringConvertible {
    /// What it is for whoever asked.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        /// Another process holds it.
        case locked
        /// The file system has no room.
        case full
        /// It is damaged, or no store of ours.
        case corrupt
        /// A newer version of the program made it.
        case newer
        /// A constraint of the store refused what the checks before it let pass.
        case constraint
        /// One part of it cannot be read by this program; the rest can.
        case unreadable
        /// Anything else: rights, a directory that is missing, a disk that fails.
        case failed
    }

    /// What it is.
    public let kind: Kind
    /// Which store: the path of its file.
    public let place: String
    /// What is wrong, in words.
    public let problem: String

    /// From its parts.
    public init(_ kind: Kind, _ place: String, _ problem: String) {
        self.kind = kind
        self.place = place
        self.problem = problem
    }

    /// It may be over without anybody's doing, or with what is done outside of the program.
    public var canPass: Bool {
        switch self.kind {
        case .locked, .full, .failed: true
        case .corrupt, .newer, .constraint, .unreadable: false
        }
    }

    /// What to do about it.
    public var advice: String {
        switch self.kind {
        case .locked: "Let the other process end; changes are taken again by themselves then"
        case .full: "Make room on its file system; changes are taken again by themselves then"
        case .corrupt:
            "Stop the node, put a copy of the file in its place and start again "
                + "(appliance/docs/tenants.md#damage); the file is left as it is"
        case .newer: "Install that version of trunkline, or put a copy from before it in its place"
        case .constraint: "Tell the makers what was asked for; nothing was changed"
        case .unreadable: "Remove that part; nothing else is concerned"
        case .failed: "See to it that the file can be read and written; it is tried again"
        }
    }

    /// Two sentences.
    public var description: String { "\(self.place): \(self.problem). \(self.advice)" }
}
