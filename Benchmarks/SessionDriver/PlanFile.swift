// SPDX-License-Identifier: Apache-2.0

public import CallControl
import Glibc

/// What the generator is told of the calls: `trunkline-plan 1`, then a line a call with party A,
/// our side towards it, party B, our side towards that; where B speaks SRTP also the number of the
/// suite, the key that B seals with and ours.
public struct PlanFile {
    private var lines: [String] = ["trunkline-plan 1"]

    /// A plan without calls.
    public init() {}

    /// Adds a call. A leg whose party is not known is none that a generator could play.
    public mutating func add(_ intent: MediaIntent) {
        guard let a = intent.a.remote, let b = intent.b.remote else { return }
        var line = "\(a) \(intent.a.local.rtp) \(b) \(intent.b.local.rtp)"
        if let keys = intent.b.security {
            line += " \(keys.send.suite) \(Self.hex(keys.receive)) \(Self.hex(keys.send))"
        }
        self.lines.append(line)
    }

    /// Master key and master salt.
    private static func hex(_ key: SRTPKey) -> String {
        (key.key + key.salt).map { byte in
            let digits = String(byte, radix: 16)
            return digits.count == 1 ? "0" + digits : digits
        }.joined()
    }

    /// The whole file.
    public var text: String { self.lines.joined(separator: "\n") + "\n" }

    /// Puts the file at `path` in one step, so that a reader finds all of it or none.
    /// Throws a `Refusal` that names the file.
    public func write(to path: String) throws(Refusal) {
        let draft = path + ".new"
        func refusal() -> Refusal {
            Refusal(.unavailable, "\(path) cannot be written: \(String(cString: strerror(errno)))")
        }
        guard let file = fopen(draft, "w") else { throw refusal() }
        let bytes = Array(self.text.utf8)
        let isWritten = fwrite(bytes, 1, bytes.count, file) == bytes.count
        guard fclose(file) == 0, isWritten, rename(draft, path) == 0 else {
            let refusal = refusal()
            unlink(draft)
            throw refusal
        }
    }
}
