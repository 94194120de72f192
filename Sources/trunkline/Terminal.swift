// SPDX-License-Identifier: Apache-2.0

import Glibc
import Management

/// Standard output and error, whole writes.
enum Terminal {
    static func print(_ text: String) { self.write(Array(text.utf8) + [0x0a], to: STDOUT_FILENO) }

    static func print(_ value: JSONValue) {
        self.write(value.encoded(pretty: isatty(STDOUT_FILENO) != 0) + [0x0a], to: STDOUT_FILENO)
    }

    static func error(_ text: String) { self.write(Array(text.utf8) + [0x0a], to: STDERR_FILENO) }

    /// "1 call", "2 calls".
    static func count(_ number: Int, _ noun: String) -> String {
        "\(number) \(noun)\(number == 1 ? "" : "s")"
    }

    /// A line on standard error that the next one takes the place of.
    static func progress(_ text: String) {
        self.write(Array("\r\(text)\u{1b}[K".utf8), to: STDERR_FILENO)
    }

    /// Standard output, as it stands.
    static func write(_ bytes: [UInt8]) { self.write(bytes, to: STDOUT_FILENO) }

    private static func write(_ bytes: [UInt8], to descriptor: Int32) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }
}

/// Where things are unless the arguments say otherwise.
enum Place {
    static let configuration = "/etc/trunkline/trunkline.yaml"
    static let runtimeDirectory = "/run/trunkline"
    static let stateDirectory = "/var/lib/trunkline"
}

/// Files, without Foundation.
enum Files {
    /// The bytes of a file of at most `limit`.
    static func read(_ path: String, limit: Int) throws(Failure) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .usage("\(path): \(String(cString: strerror(errno)))") }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65536)
        while bytes.count <= limit {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .usage("\(path): \(String(cString: strerror(errno)))") }
            if count == 0 { return bytes }
            bytes += chunk[..<count]
        }
        throw .usage("\(path): longer than \(limit) bytes")
    }

    static func requireReadable(_ path: String) throws(Failure) {
        guard access(path, R_OK) == 0 else {
            throw .usage("\(path): \(String(cString: strerror(errno)))")
        }
    }

    /// Makes an empty file in /tmp; its path.
    static func makeTemporary() throws(Failure) -> String {
        var template = Array("/tmp/trunkline-XXXXXX".utf8CString)
        let descriptor = mkstemp(&template)
        guard descriptor >= 0 else { throw .no("/tmp: \(String(cString: strerror(errno)))") }
        close(descriptor)
        return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    static func write(_ bytes: [UInt8], to path: String) throws(Failure) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .no("\(path): \(String(cString: strerror(errno)))") }
        defer { close(descriptor) }
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { throw .no("\(path): \(String(cString: strerror(errno)))") }
            rest = rest.dropFirst(count)
        }
    }
}
