// SPDX-License-Identifier: Apache-2.0

/// Why a file cannot be read.
public struct RecordingError: Error, Equatable, CustomStringConvertible {
    /// Where in the file.
    public let offset: Int
    /// What is wrong, and what would be right.
    public let problem: String

    public var description: String { "at octet \(self.offset): \(self.problem)" }
}

/// Whole numbers in bytes that nobody vouches for.
extension [UInt8] {
    /// `count` bytes, 1 to 4, from `offset` on; nil when they are not all there.
    func number(_ offset: Int, _ count: Int, bigEndian: Bool) -> UInt32? {
        guard offset >= 0, count <= self.count, offset <= self.count - count else { return nil }
        var value: UInt32 = 0
        for place in 0..<count {
            let byte = self[bigEndian ? offset + place : offset + count - 1 - place]
            value = value << 8 | UInt32(byte)
        }
        return value
    }

    /// Four characters.
    func name(_ offset: Int) -> String? {
        guard offset >= 0, offset <= self.count - 4 else { return nil }
        return String(decoding: self[offset..<offset + 4], as: UTF8.self)
    }
}
