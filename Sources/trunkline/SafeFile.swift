// SPDX-License-Identifier: Apache-2.0

import Glibc

/// A file that is there whole or not at all: written beside its place, and then put into it.
final class SafeFile {
    private let path: String
    /// What will be there, beside its place.
    let draft: String
    private var isKept = false

    /// Writes the draft, which belongs to whom the other file or directory belongs to, and is
    /// readable by whom that one is readable by, or as `mode` has it.
    init(
        _ path: String, like other: String, _ bytes: [UInt8], mode: mode_t? = nil
    ) throws(Failure) {
        self.path = path
        self.draft = "\(path).new.\(getpid())"
        let directory = String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
        var about = stat()
        guard stat(other, &about) == 0 else { throw Self.failure(other) }
        if !directory.isEmpty, mkdir(directory, 0o755) != 0, errno != EEXIST {
            throw Self.failure(directory)
        }
        // Left by a process of this number that was killed.
        unlink(self.draft)
        let flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW
        let descriptor = open(self.draft, flags, 0o600)
        guard descriptor >= 0 else { throw Self.failure(self.draft) }
        defer { close(descriptor) }
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw Self.failure(self.draft) }
            rest = rest.dropFirst(count)
        }
        // Only root can give a file away; whoever else writes it has it.
        _ = fchown(descriptor, about.st_uid, about.st_gid)
        guard fchmod(descriptor, mode ?? about.st_mode & 0o777) == 0, fsync(descriptor) == 0 else {
            throw Self.failure(self.draft)
        }
    }

    /// Has a file with these bytes, or none, at a path, after something else was done: where that
    /// fails nothing is changed.
    static func replace(
        _ path: String, like other: String, with bytes: [UInt8]?,
        after: () throws(Failure) -> Void
    ) throws(Failure) {
        guard let bytes else {
            try after()
            guard unlink(path) == 0 else { throw self.failure(path) }
            return
        }
        let draft = try SafeFile(path, like: other, bytes)
        try after()
        try draft.keep()
    }

    /// Puts it into its place.
    func keep() throws(Failure) {
        guard rename(self.draft, self.path) == 0 else { throw Self.failure(self.path) }
        self.isKept = true
        Self.force(String(self.path[..<(self.path.lastIndex(of: "/") ?? self.path.startIndex)]))
    }

    /// The directory is on the disk as well.
    private static func force(_ directory: String) {
        let descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        close(descriptor)
    }

    deinit { if !self.isKept { unlink(self.draft) } }

    private static func failure(_ path: String) -> Failure {
        .no("\(path): \(String(cString: strerror(errno)))")
    }
}

/// One command at a time changes files of a directory; who comes second waits.
final class DirectoryLock {
    private let descriptor: Int32

    /// Nil where there is no such directory.
    init?(_ directory: String) {
        self.descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard self.descriptor >= 0 else { return nil }
        while flock(self.descriptor, LOCK_EX) != 0, errno == EINTR {}
    }

    deinit { close(self.descriptor) }
}
