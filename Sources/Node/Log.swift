// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// Lines on standard error, for the journal. Never per message or per packet.
enum Log {
    /// Writes one line.
    static func line(_ text: String) {
        let bytes = Array((text + "\n").utf8)
        _ = write(2, bytes, bytes.count)
    }
}
