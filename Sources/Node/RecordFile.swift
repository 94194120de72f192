// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// Lines appended to `calls.jsonl` in a directory, and what became of that file when it was full:
/// `calls-YYYYMMDDThhmmssZ.jsonl`. A value: whoever has it at the moment may write, on any thread.
///
/// A line that `append` counts as written is in the file whole and stays there whatever becomes of
/// the process. What a kill or a full disk leaves of a line is cut off before anything else is
/// written.
public struct RecordFile: Sendable {
    /// How large the files get, and how many stay.
    struct Limits: Sendable, Equatable {
        /// Bytes after which a file is set aside, at least 1.
        var fileBytes: Int
        /// Files set aside that are kept, at least 1.
        var files: Int

        /// From its parts.
        init(fileBytes: Int, files: Int) {
            self.fileBytes = max(fileBytes, 1)
            self.files = max(files, 1)
        }
    }

    /// What became of an attempt to write.
    struct Outcome: Sendable, Equatable {
        /// Bytes of whole lines that are in the file now.
        var bytes = 0
        /// Why there are not more, in words; nil: all are.
        var problem: String?
    }

    /// Where the files are.
    let directory: String
    private let limits: Limits
    private var descriptor: Int32 = -1
    private var size = 0

    static let name = "calls.jsonl"
    private static let mode: mode_t = 0o640
    private static let directoryMode: mode_t = 0o750
    private static let chunkBytes = 65_536

    /// Touches nothing yet.
    init(directory: String, limits: Limits) {
        self.directory = directory
        self.limits = limits
    }

    private var path: String { self.directory + "/" + Self.name }

    // MARK: Writing

    /// Appends whole lines, each with its end. `seconds` is the time, since 1970, for the name of a
    /// file that is set aside.
    mutating func append(_ lines: [UInt8], seconds: UInt64) -> Outcome {
        var outcome = Outcome()
        do throws(Failure) {
            try self.open()
            if self.size >= self.limits.fileBytes { try self.rotate(seconds) }
            while outcome.bytes < lines.count {
                let rest = outcome.bytes == 0 ? lines : Array(lines[outcome.bytes...])
                outcome.bytes += try self.write(rest)
            }
        } catch {
            outcome.problem = error.text
        }
        return outcome
    }

    /// Writes what there is room for, and says how much of that are whole lines.
    private mutating func write(_ lines: [UInt8]) throws(Failure) -> Int {
        var count = 0
        var code: Int32 = 0
        while count < lines.count, code == 0 {
            let rest = count == 0 ? lines : Array(lines[count...])
            let written = Glibc.write(self.descriptor, rest, rest.count)
            if written > 0 {
                count += written
            } else if errno != EINTR {
                code = written == 0 ? EIO : errno
            }
        }
        let whole = (lines[..<count].lastIndex(of: 0x0a) ?? -1) + 1
        self.size += whole
        if whole < count, ftruncate(self.descriptor, off_t(self.size)) != 0 {
            // The next opening cuts it off.
            self.close()
        }
        guard whole > 0 || code == 0 else { throw Self.error(self.path, code) }
        return whole
    }

    /// Lets go of the file; the next `append` opens it anew.
    mutating func close() {
        if self.descriptor >= 0 { _ = Glibc.close(self.descriptor) }
        self.descriptor = -1
    }

    /// The file under our name is ours, opened, and ends with a whole line. Somebody may have moved
    /// it away since the last time, or the directory.
    private mutating func open() throws(Failure) {
        var there = stat()
        var ours = stat()
        if self.descriptor >= 0, fstat(self.descriptor, &ours) == 0,
            stat(self.path, &there) == 0, there.st_ino == ours.st_ino,
            there.st_dev == ours.st_dev, Int(ours.st_size) == self.size
        {
            return
        }
        self.close()
        if mkdir(self.directory, Self.directoryMode) != 0, errno != EEXIST {
            throw Self.error(self.directory, errno)
        }
        let flags = O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK
        let descriptor = Glibc.open(self.path, flags, Self.mode)
        guard descriptor >= 0 else { throw Self.error(self.path, errno) }
        self.descriptor = descriptor
        do throws(Failure) {
            try self.takeUp()
        } catch {
            self.close()
            throw error
        }
    }

    private mutating func takeUp() throws(Failure) {
        var status = stat()
        guard fstat(self.descriptor, &status) == 0 else { throw Self.error(self.path, errno) }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw Failure(text: "\(self.path): it is no regular file")
        }
        guard flock(self.descriptor, LOCK_EX | LOCK_NB) == 0 else {
            throw Failure(text: "\(self.path): another process writes there")
        }
        // Whatever the process's mask is.
        _ = fchmod(self.descriptor, Self.mode)
        let size = Int(status.st_size)
        let whole = Self.endOfLines(self.descriptor, size)
        guard whole == size || ftruncate(self.descriptor, off_t(whole)) == 0 else {
            throw Self.error(self.path, errno)
        }
        self.size = whole
    }

    /// The size that a file has without the piece of a line at its end.
    private static func endOfLines(_ descriptor: Int32, _ size: Int) -> Int {
        var end = size
        var chunk = [UInt8](repeating: 0, count: Self.chunkBytes)
        while end > 0 {
            let start = max(end - chunk.count, 0)
            let count = pread(descriptor, &chunk, end - start, off_t(start))
            guard count == end - start else { return size }
            if let last = chunk[..<count].lastIndex(of: 0x0a) { return start + last + 1 }
            end = start
        }
        return 0
    }

    /// Why something could not be done.
    private struct Failure: Error {
        let text: String
    }

    private static func error(_ path: String, _ code: Int32) -> Failure {
        Failure(text: "\(path): \(String(cString: strerror(code)))")
    }

    // MARK: Files set aside

    /// Sets the file aside and begins another one. Where the name is taken, because the last file
    /// was full within the second, this one goes on for a while.
    private mutating func rotate(_ seconds: UInt64) throws(Failure) {
        let aside = self.directory + "/calls-" + Self.stamp(seconds) + ".jsonl"
        guard access(aside, F_OK) != 0 else { return }
        guard rename(self.path, aside) == 0 else { throw Self.error(aside, errno) }
        self.close()
        for name in Self.aside(self.directory).dropLast(self.limits.files) {
            unlink(self.directory + "/" + name)
        }
        try self.open()
    }

    /// 20261130T014200Z
    private static func stamp(_ seconds: UInt64) -> String {
        var time = time_t(seconds)
        var parts = tm()
        gmtime_r(&time, &parts)
        let numbers = [
            (parts.tm_year + 1900, 4), (parts.tm_mon + 1, 2), (parts.tm_mday, 2),
            (parts.tm_hour, 2), (parts.tm_min, 2), (parts.tm_sec, 2),
        ].map { number, width in
            let digits = String(number)
            return String(repeating: "0", count: max(width - digits.utf8.count, 0)) + digits
        }
        return numbers[..<3].joined() + "T" + numbers[3...].joined() + "Z"
    }

    /// Names of the files set aside, the oldest first.
    private static func aside(_ directory: String) -> [String] {
        SystemFiles.entries(directory).filter(self.isAside)
    }

    private static func isAside(_ name: String) -> Bool {
        let pattern = Array("calls-00000000T000000Z.jsonl".utf8)
        return name.utf8.count == pattern.count
            && zip(name.utf8, pattern).allSatisfy {
                $1 == 0x30 ? (0x30...0x39).contains($0) : $0 == $1
            }
    }

    // MARK: Reading

    /// Paths of all files in a directory, the newest first.
    static func files(in directory: String) -> [String] {
        ([Self.name] + Self.aside(directory).reversed()).map { directory + "/" + $0 }
    }

    /// Visits the whole lines in the last `bytes` of what was written, or a little more, without
    /// their ends; the newest file first, each from its end on, in pieces. Ends when `visit` says
    /// false.
    public static func visitTail(
        in directory: String, bytes: Int, _ visit: (ArraySlice<UInt8>) -> Bool
    ) {
        var left = bytes
        for path in self.files(in: directory) {
            guard let size = self.visitTail(of: path, bytes: left, visit) else { return }
            left -= size
            if left <= 0 { return }
        }
    }

    /// The same of one file; gives its size, nil where no more is wanted.
    private static func visitTail(
        of path: String, bytes: Int, _ visit: (ArraySlice<UInt8>) -> Bool
    ) -> Int? {
        let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard descriptor >= 0 else { return 0 }
        defer { _ = Glibc.close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return 0 }
        let size = Int(status.st_size)
        var end = Self.endOfLines(descriptor, size)
        var chunk = [UInt8](repeating: 0, count: Self.chunkBytes)
        // The beginning of a line whose end was visited last is the end of the next piece.
        while end > max(size - bytes, 0) {
            let start = max(end - chunk.count, 0)
            let count = pread(descriptor, &chunk, end - start, off_t(start))
            guard count == end - start else { return size }
            var first = 0
            if start > 0 {
                guard let before = chunk[..<(count - 1)].firstIndex(of: 0x0a) else { return size }
                first = before + 1
            }
            for line in chunk[first..<count].split(separator: 0x0a).reversed()
            where !visit(line) { return nil }
            end = start + first
        }
        return size
    }
}
