// SPDX-License-Identifier: Apache-2.0

import Glibc
import Management
import Node

/// The fast path's program.
enum FastPathProgram {
    static let name = "trunkline-fastpath"

    /// Beside this program, else a name for PATH.
    static var path: String {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink("/proc/self/exe", &buffer, buffer.count - 1)
        guard count > 0 else { return self.name }
        let own = String(
            decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let beside = own.prefix(through: own.lastIndex(of: "/") ?? own.startIndex) + self.name
        return access(String(beside), X_OK) == 0 ? String(beside) : self.name
    }

    /// Replaces this process; returns only why it could not.
    static func become(_ words: [String]) -> Failure {
        withArguments(words) { arguments in
            _ = execvp(words[0], arguments)
            return .no("\(words[0]): \(String(cString: strerror(errno)))")
        }
    }

    /// Runs the program with its errors on our standard error. Returns its exit status and what
    /// it printed.
    static func run(_ words: [String]) throws(Failure) -> (status: Int32, output: [UInt8]) {
        var pipe: [Int32] = [0, 0]
        guard Glibc.pipe(&pipe) == 0 else { throw .no("no pipe") }
        // The child must not hold the reading end; its writing end is a copy.
        for descriptor in pipe { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, pipe[1], STDOUT_FILENO)
        var child: pid_t = 0
        let status = withArguments(words) {
            posix_spawnp(&child, words[0], &actions, nil, $0, environ)
        }
        close(pipe[1])
        defer { close(pipe[0]) }
        guard status == 0 else { throw .no("\(words[0]): \(String(cString: strerror(status)))") }
        var output: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = read(pipe[0], &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            if output.count < 1 << 20 { output += chunk[..<count] }
        }
        var result: Int32 = 0
        while waitpid(child, &result, 0) < 0, errno == EINTR {}
        // As the macros of sys/wait.h: the low seven bits are the signal that ended it.
        let signal = result & 0x7f
        return (signal == 0 ? result >> 8 & 0xff : 128 + signal, output)
    }

    private static func withArguments<Result>(
        _ words: [String],
        _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Result
    ) -> Result {
        var pointers: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        defer { pointers.forEach { free($0) } }
        return pointers.withUnsafeMutableBufferPointer { buffer in
            guard let base = buffer.baseAddress else { preconditionFailure("never empty") }
            return body(base)
        }
    }

    // MARK: What a run for one answer needs

    /// The lines that are JSON objects; libraries may print between them.
    static func objects(in output: [UInt8]) -> [JSONValue] {
        output.split(separator: 0x0a).compactMap { line in
            (try? JSONValue(parsing: Array(line))).flatMap { $0.object == nil ? nil : $0 }
        }
    }

    /// Cores that this process may run on, ascending.
    static var cores: [Int] {
        SystemFiles.list(SystemFiles.fields("/proc/self/status")["Cpus_allowed_list"])
    }
}
