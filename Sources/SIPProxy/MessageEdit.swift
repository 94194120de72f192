// SPDX-License-Identifier: Apache-2.0

import SIPMessage

/// Writes a message out again with some lines changed. Every other octet stays as it came: order,
/// spelling, folds, white space and body are nobody's to touch (RFC 3261 section 16.6, 1).
struct MessageEdit {
    private struct Line {
        let name: HeaderName
        let spelling: [UInt8]
        /// As it came, at its indices in the message; empty for a line of ours.
        let value: ArraySlice<UInt8>
        /// Where all of the line is in the message.
        let place: Range<Int>
        /// What stands in its place; nil: it stays as it came.
        var text: [UInt8]?
    }

    private let message: SIPMessage
    private var startLine: [UInt8]
    private var lines: [Line] = []

    init(_ message: SIPMessage) {
        self.message = message
        let bytes = message.bytes
        let end = Self.headerEnd(message)
        let headers = message.spelledHeaders
        let start = bytes.firstIndex { $0 != 0x0d && $0 != 0x0a } ?? bytes.endIndex
        self.startLine = Array(bytes[start..<(headers.first?.name.startIndex ?? end)])
        self.lines.reserveCapacity(headers.count + 4)
        for (index, header) in headers.enumerated() {
            let next = index + 1 < headers.count ? headers[index + 1].name.startIndex : end
            self.lines.append(
                Line(
                    name: HeaderName(bytes: header.name), spelling: Array(header.name),
                    value: header.value, place: header.name.startIndex..<next))
        }
    }

    /// Where the last header line ends: before the empty line, which a datagram may lack.
    private static func headerEnd(_ message: SIPMessage) -> Int {
        let body = message.body.startIndex
        let hasEmptyLine =
            body >= 4 && message.bytes[(body - 4)..<body].elementsEqual([0x0d, 0x0a, 0x0d, 0x0a])
        return hasEmptyLine ? body - 2 : body
    }

    // MARK: Start line

    /// Another Request-URI.
    mutating func setRequestURI(_ uri: [UInt8]) {
        let method = self.message.method?.bytes ?? []
        self.startLine = method + [0x20] + uri + Array(" SIP/2.0\r\n".utf8)
    }

    /// Another status; the reason phrase is a token's letters and spaces.
    mutating func setStatus(_ status: UInt32, _ reason: String) {
        self.startLine =
            Array("SIP/2.0 ".utf8) + ASCII.digits(status) + Array(" \(reason)\r\n".utf8)
    }

    // MARK: Header lines

    /// One more line before the first of its name, or before all others.
    mutating func prepend(_ name: HeaderName, _ value: [UInt8]) {
        let place = self.lines.firstIndex { $0.name == name } ?? 0
        self.lines.insert(Self.line(name, name.bytes, value), at: place)
    }

    /// One more line behind all others.
    mutating func append(spelled name: [UInt8], _ value: [UInt8]) {
        self.lines.append(Self.line(HeaderName(bytes: name), name, value))
    }

    /// One line with this value in place of all of its name; false where there is none.
    @discardableResult
    mutating func set(_ name: HeaderName, _ value: [UInt8]) -> Bool {
        guard let first = self.lines.firstIndex(where: { $0.name == name }) else { return false }
        self.lines[first].text = Self.text(self.lines[first].spelling, value)
        self.lines.removeSubrange((first + 1)..., where: { $0.name == name })
        return true
    }

    /// No line of that name.
    mutating func remove(_ name: HeaderName) { self.lines.removeAll { $0.name == name } }

    /// Another first value of a list, or none: what follows it on its line stays as it came.
    mutating func setFirstValue(_ name: HeaderName, _ value: [UInt8]?) {
        guard let first = self.lines.firstIndex(where: { $0.name == name }) else { return }
        let line = self.lines[first]
        var values: [ArraySlice<UInt8>] = []
        CommaList.split(line.value, into: &values)
        var parts = value.map { [$0] } ?? []
        if values.count > 1 {
            parts.append(Array(self.message.bytes[values[1].startIndex..<line.value.endIndex]))
        }
        if parts.isEmpty {
            self.lines.remove(at: first)
        } else {
            self.lines[first].text = Self.text(
                line.spelling, Array(parts.joined(separator: [UInt8(ascii: ","), 0x20])))
        }
    }

    private static func line(_ name: HeaderName, _ spelling: [UInt8], _ value: [UInt8]) -> Line {
        Line(
            name: name, spelling: spelling, value: [], place: 0..<0,
            text: Self.text(spelling, value))
    }

    private static func text(_ spelling: [UInt8], _ value: [UInt8]) -> [UInt8] {
        spelling + [UInt8(ascii: ":"), 0x20] + value + [0x0d, 0x0a]
    }

    // MARK: Writing

    /// The message as it is now. A stream needs a length (RFC 3261 section 18.3), which a datagram
    /// may have come without.
    consuming func finish(forStream isStream: Bool) -> [UInt8] {
        if isStream, !self.lines.contains(where: { $0.name == .contentLength }) {
            let length = ASCII.digits(UInt32(clamping: self.message.body.count))
            self.append(spelled: HeaderName.contentLength.bytes, length)
        }
        var bytes = self.startLine
        bytes.reserveCapacity(self.message.bytes.count + 512)
        for line in self.lines { bytes += line.text ?? Array(self.message.bytes[line.place]) }
        bytes += [0x0d, 0x0a]
        bytes += self.message.bytes[self.message.body.startIndex...]
        return bytes
    }
}

extension Array {
    /// Removes the elements of a part that satisfy a condition.
    fileprivate mutating func removeSubrange(
        _ part: PartialRangeFrom<Int>, where condition: (Element) -> Bool
    ) {
        let kept = self[part].filter { !condition($0) }
        self.replaceSubrange(part, with: kept)
    }
}
