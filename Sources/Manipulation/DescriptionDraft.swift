// SPDX-License-Identifier: Apache-2.0

import SIPMessage

/// The lines of a session description (RFC 8866), each as it stands, in sections.
struct DescriptionDraft {
    private struct Line {
        var text: [UInt8]
        /// 0 for what stands before the first m line, 1 for the first stream, and so on.
        let section: Int
    }

    private var lines: [Line] = []
    /// The kind of each stream.
    private var kinds: [[UInt8]] = []
    /// Lines end with CR LF, as they should.
    private let endsWithCR: Bool

    /// Nil for a message whose body is no description.
    init?(_ message: SIPMessage) {
        guard !message.body.isEmpty, let type = try? message.contentType(),
            type.matches("application", "sdp"), message.first(.contentEncoding) == nil
        else { return nil }
        self.endsWithCR = message.body.contains(0x0d)
        var section = 0
        for piece in message.body.split(separator: 0x0a) {
            let text = piece.last == 0x0d ? Array(piece.dropLast()) : Array(piece)
            if text.starts(with: "m=".utf8) {
                section += 1
                self.kinds.append(Array(text.dropFirst(2).prefix { $0 != 0x20 }))
            }
            self.lines.append(Line(text: text, section: section))
        }
    }

    private func isMeant(_ line: Line, _ section: SDPSection) -> Bool {
        self.isMeant(line.section, section)
    }

    private func isMeant(_ number: Int, _ section: SDPSection) -> Bool {
        switch section {
        case .all: true
        case .session: number == 0
        case .media(let kind): number > 0 && self.kinds[number - 1] == kind
        }
    }

    func lines(of section: SDPSection) -> [[UInt8]] {
        self.lines.filter { self.isMeant($0, section) }.map(\.text)
    }

    /// Adds a line at the end of each section that is meant; true if there is one.
    mutating func add(_ text: [UInt8], to section: SDPSection) -> Bool {
        var numbers: [Int] = []
        for number in 0...self.kinds.count where self.isMeant(number, section) {
            // "sdp" alone means the session here: an attribute for all streams stands there.
            if section == .all, number > 0 { break }
            numbers.append(number)
        }
        for number in numbers.reversed() {
            let last = self.lines.lastIndex { $0.section == number }
            self.lines.insert(
                Line(text: text, section: number), at: last.map { $0 + 1 } ?? self.lines.endIndex)
        }
        return !numbers.isEmpty
    }

    /// Changes lines. Those that the box itself answers for stay. True if something changed.
    mutating func change(
        _ section: SDPSection, _ new: (ArraySlice<UInt8>) -> PartChange
    ) -> Bool {
        var kept: [Line] = []
        var isChanged = false
        for line in self.lines {
            let isOurs =
                self.isMeant(line, section) && ProtectedParts.mayChange(sdpLine: line.text)
            switch isOurs ? new(line.text[...]) : .keep {
            case .keep: kept.append(line)
            case .remove: isChanged = true
            case .write(let text):
                isChanged = isChanged || text != line.text
                kept.append(Line(text: text, section: line.section))
            }
        }
        self.lines = kept
        return isChanged
    }

    /// Lines that the box answers for, in order: what a change must leave alone.
    var protected: [[UInt8]] {
        self.lines.map(\.text).filter { !ProtectedParts.mayChange(sdpLine: $0) }
    }

    func serialise() -> [UInt8] {
        let end: [UInt8] = self.endsWithCR ? [0x0d, 0x0a] : [0x0a]
        return self.lines.flatMap { $0.text + end }
    }
}
