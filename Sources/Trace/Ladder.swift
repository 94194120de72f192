// SPDX-License-Identifier: Apache-2.0

internal import NetworkAddress

/// What happened to a call as a ladder of three lines: the caller's side, the box, the callee's.
///
///              carrier                       box                      service
///       0.000  |-- INVITE ------------------>|                           |
///              |  198.51.100.2:40000 PCMU sendrecv                       |
///       0.002  |                             |-- INVITE ---------------->|
///
/// Times are seconds since the first record. As wide as it is told, at least 60 columns.
public struct Ladder: Sendable {
    /// Lines above the ladder.
    public var title: [String]
    /// Names of the three columns.
    public var names: (a: String, box: String, b: String)
    private let records: [TraceRecord]
    private let span: Int

    private static let timeWidth = 10
    /// Narrower there is no room for words, wider the eye loses the line.
    private static let widths = 60...160

    /// Of records in order of time, already redacted.
    public init(
        _ records: [TraceRecord], title: [String], names: (a: String, box: String, b: String),
        width: Int
    ) {
        self.records = records
        self.title = title
        self.names = names
        let width = min(max(width, Self.widths.lowerBound), Self.widths.upperBound)
        self.span = (width - Self.timeWidth - 3) / 2
    }

    /// The whole ladder; `messages` prints each message below its arrow.
    public func text(messages: Bool = false) -> String {
        var lines = self.title + self.head
        let start = self.records.first?.monotonicNs ?? 0
        var seen: Set<TraceMessage> = []
        for record in self.records {
            let time = Self.time(record.monotonicNs &- start)
            switch record.content {
            case .message(let message):
                let isAgain = !seen.insert(message).inserted
                lines += self.arrow(message, record.side, time, isAgain: isAgain)
                if messages { lines += ["", Printable.lines(message.bytes), ""] }
            case .event(let event): lines += self.event(event, record.side, time)
            }
        }
        if self.records.isEmpty { lines.append("nothing is kept") }
        return lines.map(Self.trimmed).joined(separator: "\n")
    }

    // MARK: Parts

    private var head: [String] {
        let addresses = (a: self.address(.a), b: self.address(.b))
        let names = self.headLine(self.names.a, self.names.box, self.names.b)
        return [names, self.headLine(addresses.a ?? "", self.boxAddress, addresses.b ?? "")]
    }

    /// The first stands to the left, the second around the middle line, the last to the right.
    private func headLine(_ a: String, _ box: String, _ b: String) -> String {
        let width = 2 * self.span + 3
        let middle = Self.cut(box, self.span)
        let left = Self.cut(a, self.span - middle.count / 2)
        let right = Self.cut(b, self.span - (middle.count + 1) / 2)
        let beforeMiddle = max(self.span + 1 - middle.count / 2 - left.count, 1)
        let used = left.count + beforeMiddle + middle.count
        let beforeRight = max(width - used - right.count, 1)
        return Self.blanks(Self.timeWidth) + left + Self.blanks(beforeMiddle) + middle
            + Self.blanks(beforeRight) + right
    }

    /// Where the first message of a side came from or went to.
    private func address(_ side: TraceSide) -> String? {
        let first = self.records.first { $0.message != nil && Self.column($0.side) == side }
        return first?.message.map { "\($0.remote)" }
    }

    private var boxAddress: String {
        let first = self.records.first { $0.message != nil }
        return first?.message.map { "\($0.local) \($0.transport.name)" } ?? ""
    }

    /// A message of no leg stands to the left.
    private static func column(_ side: TraceSide) -> TraceSide { side == .b ? .b : .a }

    private func arrow(
        _ message: TraceMessage, _ side: TraceSide, _ time: String, isAgain: Bool
    ) -> [String] {
        let column = Self.column(side)
        let summary = MessageSummary(message.bytes)
        let isRightward = (column == .b) == message.isSent
        let label = Self.cut(summary.title + (isAgain ? " again" : ""), self.span - 6)
        let dashes = String(repeating: "-", count: max(self.span - label.count - 5, 0))
        let arrow = isRightward ? "-- \(label) \(dashes)>" : "<\(dashes) \(label) --"
        var lines = [time + self.row(arrow, column)]
        var notes = isAgain ? [] : summary.media
        if let reason = summary.reason, !isAgain { notes.append(reason) }
        if let head = self.address(column), head != "\(message.remote)" {
            notes.insert((message.isSent ? "to " : "from ") + "\(message.remote)", at: 0)
        }
        if message.bytes.count < message.length {
            notes.append("\(message.bytes.count) of \(message.length) bytes kept")
        }
        for note in notes { lines += self.notes(note, column) }
        return lines
    }

    private func notes(_ text: String, _ side: TraceSide) -> [String] {
        Self.wrapped(text, self.span - 3).map {
            Self.blanks(Self.timeWidth) + self.row("   " + $0, side)
        }
    }

    private func event(_ event: TraceEvent, _ side: TraceSide, _ time: String) -> [String] {
        let parts = [
            event.kind.words, event.address.map { "\($0)" } ?? "", Printable.text(event.text),
        ]
        let text = parts.filter { !$0.isEmpty }.joined(separator: " ")
        let width = side == .none ? 2 * self.span - 2 : self.span - 3
        let lines = Self.wrapped(text, width)
        return lines.enumerated().map { index, line in
            let marked = (index == 0 ? " * " : "   ") + line
            let row =
                side == .none
                ? "|" + Self.padded(marked, 2 * self.span + 1) + "|" : self.row(marked, side)
            return (index == 0 ? time : Self.blanks(Self.timeWidth)) + row
        }
    }

    /// One side filled, the other empty.
    private func row(_ text: String, _ side: TraceSide) -> String {
        let filled = Self.padded(text, self.span)
        let empty = Self.blanks(self.span)
        return side == .b ? "|\(empty)|\(filled)|" : "|\(filled)|\(empty)|"
    }

    // MARK: Text

    /// Seconds with three digits behind the point, right-aligned.
    static func time(_ ns: UInt64) -> String {
        let ms = ns / 1_000_000
        let text = "\(ms / 1000)." + WallTime.padded(Int(ms % 1000), 3)
        return self.blanks(self.timeWidth - 1 - text.count) + text + " "
    }

    private static func blanks(_ count: Int) -> String {
        String(repeating: " ", count: max(count, 0))
    }

    private static func padded(_ text: String, _ width: Int) -> String {
        let cut = self.cut(text, width)
        return cut + self.blanks(width - cut.count)
    }

    private static func cut(_ text: String, _ width: Int) -> String {
        text.count <= width ? text : String(text.prefix(max(width - 2, 0))) + ".."
    }

    private static func trimmed(_ line: String) -> String {
        var line = line
        while line.utf8.last == 0x20 { line.removeLast() }
        return line
    }

    /// Lines of at most a width, broken at spaces where there are some.
    private static func wrapped(_ text: String, _ width: Int) -> [String] {
        var lines: [String] = []
        var line = ""
        for word in text.split(separator: " ") {
            if !line.isEmpty, line.count + 1 + word.count > width {
                lines.append(line)
                line = ""
            }
            line += (line.isEmpty ? "" : " ") + word
        }
        return line.isEmpty ? lines : lines + [line]
    }
}
