// SPDX-License-Identifier: Apache-2.0

/// Which audio encodings a trunk takes: all, or a list of names as a configuration writes them:
/// `PCMU`, or with clock rate `L16/16000`, or with channels `opus/48000/2`.
public struct CodecFilter: Sendable, Hashable {
    private struct Entry: Sendable, Hashable {
        var name: SDPText
        var clockRate: UInt32?
        var channels: UInt8?
    }

    private var entries: [Entry]?

    /// Everything.
    public static let all = CodecFilter(entries: nil)

    private init(entries: [Entry]?) { self.entries = entries }

    /// From names; nil if one of them is not `name[/clock[/channels]]`.
    public init?(names: [String]) {
        var entries: [Entry] = []
        for name in names {
            let parts = Array(name.utf8).split(
                separator: ASCII.slash, omittingEmptySubsequences: false)
            guard (1...3).contains(parts.count), let text = SDPText(parts[0]), !text.isEmpty,
                !text.bytes.contains(ASCII.space)
            else { return nil }
            var entry = Entry(name: text)
            if parts.count > 1 {
                guard let rate = ASCII.number(parts[1], upTo: 192_000) else { return nil }
                entry.clockRate = UInt32(rate)
            }
            if parts.count > 2 {
                guard let count = ASCII.number(parts[2], upTo: 255) else { return nil }
                entry.channels = UInt8(count)
            }
            entries.append(entry)
        }
        self.entries = entries
    }

    /// True if the format is on the list.
    public func allows(_ format: RTPFormat) -> Bool {
        guard let entries = self.entries else { return true }
        return entries.contains { entry in
            entry.name.equalsIgnoringCase(format.name)
                && entry.clockRate ?? format.clockRate == format.clockRate
                && entry.channels ?? format.channels == format.channels
        }
    }
}
