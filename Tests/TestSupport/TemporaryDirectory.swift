// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc

/// An empty directory of one test; it goes with what is in it.
public final class TemporaryDirectory: Sendable {
    /// Where it is.
    public let path: String

    /// It could not be made: why, in the system's words.
    public struct Failure: Error { public let text: String }

    /// Makes one. `inMemory`: where that can be had; what is forced to a disk takes its time.
    public init(_ name: String, inMemory: Bool = false) throws {
        let place = inMemory && access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp"
        var template = Array("\(place)/trunkline-\(name)-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw Failure(text: String(cString: strerror(errno)))
        }
        self.path = String(
            decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit { try? FileManager.default.removeItem(atPath: self.path) }
}
