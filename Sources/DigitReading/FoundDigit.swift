// SPDX-License-Identifier: Apache-2.0

/// A digit in a recording or a capture.
public struct FoundDigit: Sendable, Equatable {
    /// What carried it.
    public enum Form: String, Sendable {
        /// A pair of tones in audio (ITU-T Q.23).
        case tone
        /// Packets of telephone-event (RFC 4733).
        case event
    }

    /// Event code: 0 to 9, `*` (10), `#` (11), A to D (12 to 15), flash (16).
    public let event: UInt8
    /// What carried it.
    public let form: Form
    /// Milliseconds from the first sample, or packet, of the file.
    public let startMs: Double
    /// Milliseconds.
    public let durationMs: Int
    /// dBm0: of an event as its packets say, of a tone that of the stronger of the two.
    public let level: Int
    /// dB of the high tone over the low one; nil of an event.
    public let twist: Int?
    /// Which RTP stream of a capture: "192.0.2.1:4000 > 192.0.2.2:5000 ssrc 1234abcd".
    public let stream: String?

    /// Its name: a character, or "flash".
    public var name: String { Self.names[Int(min(self.event, 16))] }

    private static let names = "0123456789*#ABCD".map { String($0) } + ["flash"]

    /// What was dialled, in order of time.
    public static func text(_ digits: [FoundDigit]) -> String {
        digits.map { $0.event < 16 ? $0.name : "(\($0.name))" }.joined()
    }
}
