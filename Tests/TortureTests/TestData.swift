// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Data of third parties that is not in the repository. Where it is absent, tests pass and print
/// what they left out.
enum TestData {
    /// TRUNKLINE_TESTDATA, or `shared/testdata` beside the package.
    static let root: URL = {
        if let path = ProcessInfo.processInfo.environment["TRUNKLINE_TESTDATA"] {
            return URL(fileURLWithPath: path)
        }
        let package = URL(fileURLWithPath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        return package.deletingLastPathComponent().appendingPathComponent("shared/testdata")
    }()

    /// Files of a folder by name, sorted; empty where the folder is absent.
    static func files(_ folder: String, ext: String) -> [URL] {
        let url = self.root.appendingPathComponent(folder)
        let names = (try? FileManager.default.contentsOfDirectory(atPath: url.path)) ?? []
        return names.filter { $0.hasSuffix("." + ext) }.sorted().map(url.appendingPathComponent)
    }

    /// The octets of a file; nil where it is absent.
    static func bytes(_ path: String) -> [UInt8]? {
        self.bytes(self.root.appendingPathComponent(path))
    }

    static func bytes(_ url: URL) -> [UInt8]? {
        (try? Data(contentsOf: url)).map { [UInt8]($0) }
    }

    static func leftOut(_ count: Int, _ what: String) {
        print("left out: \(count) cases (no test data): \(what)")
    }

    /// With CRLF for every line end, as it was before a file system changed it.
    static func withCRLF(_ bytes: [UInt8]) -> [UInt8] {
        bytes.filter { $0 != 0x0d }.flatMap { $0 == 0x0a ? [0x0d, 0x0a] : [$0] }
    }
}
