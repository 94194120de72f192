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
    /// Telephone-events, where the list does not decide.
    public var events = TelephoneEvents.asIs

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
                guard let rate = ASCII.number(parts[1], upTo: 192_000), rate > 0 else { return nil }
                entry.clockRate = UInt32(rate)
            }
            if parts.count > 2 {
                guard let count = ASCII.number(parts[2], upTo: 255), count > 0 else { return nil }
                entry.channels = UInt8(count)
            }
            entries.append(entry)
        }
        self.entries = entries
    }

    /// True if the format is on the list.
    public func allows(_ format: RTPFormat) -> Bool {
        if self.events != .asIs, format.isTelephoneEvent { return self.events == .always }
        return self.rank(of: format) < self.entries?.count ?? .max
    }

    /// Its place on the list; that behind the last one if it is not there, 0 without a list.
    func rank(of format: RTPFormat) -> Int {
        guard let entries = self.entries else { return 0 }
        let index = entries.firstIndex { entry in
            entry.name.equalsIgnoringCase(format.name)
                && entry.clockRate ?? format.clockRate == format.clockRate
                && entry.channels ?? format.channels == format.channels
        }
        return index ?? entries.count
    }

    /// What the list names, as an offer of our own has it: formats with a number of their own by
    /// that, the others from 96 upwards. Names without a clock rate that RFC 3551 does not know are
    /// left out.
    public var ownFormats: [RTPFormat] {
        let names = self.entries ?? ["PCMU", "PCMA", "telephone-event"].map { Entry(name: $0) }
        var result: [RTPFormat] = []
        var dynamic: UInt8 = 96
        for entry in names where result.count < AudioStream.formatLimit {
            let fixed = (UInt8(0)...34).lazy.compactMap(RTPFormat.fixed).first { format in
                CodecFilter(entries: [entry]).allows(format)
            }
            if let fixed {
                result.append(fixed)
                continue
            }
            let isEvent = entry.name.equalsIgnoringCase("telephone-event")
            guard let rate = entry.clockRate ?? (isEvent ? 8000 : nil) else { continue }
            var number = dynamic
            if isEvent, !result.contains(where: { $0.payloadType == 101 }) {
                number = 101
            } else {
                dynamic += dynamic == 100 ? 2 : 1
            }
            var format = RTPFormat(
                payloadType: number, name: entry.name, clockRate: rate,
                channels: entry.channels ?? 1)
            if isEvent { format.parameters = "0-16" }
            result.append(format)
        }
        switch self.events {
        case .asIs: return result
        case .always: return result.withEvents()
        case .never: return result.filter { !$0.isTelephoneEvent }
        }
    }
}
