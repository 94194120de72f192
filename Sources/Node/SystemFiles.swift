// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// Small files in which the kernel describes the machine.
public enum SystemFiles {
    /// The text of a file, at most 1 MB, without its last line end; nil where it is absent.
    public static func text(_ path: String) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65536)
        while bytes.count <= 1 << 20 {
            let count = read(descriptor, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                guard count == 0 else { return nil }
                if bytes.last == 0x0a { bytes.removeLast() }
                return String(decoding: bytes, as: UTF8.self)
            }
            bytes += chunk[..<count]
        }
        return nil
    }

    /// The lines `name: value` of a file; of equal names the last.
    public static func fields(
        _ path: String, separator: Character = ":"
    ) -> [String: String] {
        var fields: [String: String] = [:]
        for line in (self.text(path) ?? "").split(separator: "\n") {
            let parts = line.split(separator: separator, maxSplits: 1)
            guard parts.count == 2 else { continue }
            let name = parts[0].prefix { $0 != "\t" }
            fields[String(name)] = String(parts[1].drop { $0 == " " || $0 == "\t" })
        }
        return fields
    }

    /// The number that a text begins with; zero without one.
    public static func number(_ text: String?) -> Int {
        text.flatMap { Int($0.prefix { $0.isNumber }) } ?? 0
    }

    /// The numbers of a list such as "0-3,8", in its order.
    public static func list(_ text: String?) -> [Int] {
        (text ?? "").split(separator: ",").flatMap { part in
            let ends = part.split(separator: "-").map { self.number(String($0)) }
            guard let first = ends.first, let last = ends.last, first <= last, last < 1 << 20
            else { return [Int]() }
            return Array(first...last)
        }
    }

    /// The names in a directory, sorted; none where it is absent.
    public static func entries(_ path: String) -> [String] {
        guard let directory = opendir(path) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }
}
