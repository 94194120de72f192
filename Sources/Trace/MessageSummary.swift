// SPDX-License-Identifier: Apache-2.0

/// A message in a few words, for a line of a ladder. Made from bytes that are redacted or not;
/// needs no well-formed message.
public struct MessageSummary: Sendable, Hashable {
    /// "INVITE", "200 OK", "202 Accepted (REFER)".
    public let title: String
    /// Method of a request; nil for a response.
    public let method: String?
    /// Status of a response; nil for a request.
    public let status: Int?
    /// The CSeq value.
    public let cseq: String
    /// The Call-ID.
    public let callID: String
    /// User parts of From and To, for an INVITE also of the Request-URI.
    public let from: String
    public let to: String
    /// Why: the text of a Reason or Warning header, short.
    public let reason: String?
    /// Each audio stream of a session description: address and port, codecs, direction.
    public let media: [String]

    /// From the bytes of a message.
    public init(_ bytes: [UInt8]) {
        let lines = TextLines(bytes)
        let head = lines.head
        let first = head.first ?? ""
        let cseq = Self.header(["cseq"], head) ?? ""
        self.cseq = cseq
        self.callID = Self.header(["call-id", "i"], head) ?? ""
        let words = first.split(separator: " ", maxSplits: 2).map(String.init)
        if words.first == "SIP/2.0", words.count >= 2 {
            let method = cseq.split(separator: " ").last.map(String.init) ?? ""
            self.method = nil
            self.status = Int(words[1])
            let reason = words.count > 2 ? " " + words[2] : ""
            self.title = words[1] + reason + (["INVITE", ""].contains(method) ? "" : " (\(method))")
        } else {
            self.method = words.first
            self.status = nil
            self.title = words.first ?? "(empty)"
        }
        let uri = words.count > 1 && self.method != nil ? Self.user(words[1]) : ""
        self.from = Self.user(Self.header(["from", "f"], head) ?? "")
        self.to = uri.isEmpty ? Self.user(Self.header(["to", "t"], head) ?? "") : uri
        self.reason = Self.reason(head)
        self.media = SDPNote.notes(lines.body)
    }

    private static func header(_ names: [String], _ head: [String]) -> String? {
        for line in head.dropFirst() {
            guard let colon = line.utf8.firstIndex(of: 0x3a) else { continue }
            let name = TextLines.lowered(TextLines.trimmed(line[..<colon]))
            if names.contains(name) {
                return TextLines.trimmed(line[line.utf8.index(after: colon)...])
            }
        }
        return nil
    }

    private static func reason(_ head: [String]) -> String? {
        if let value = self.header(["reason"], head) {
            let parts = value.split(separator: ";").map { TextLines.trimmed($0) }
            let text = parts.first { $0.hasPrefix("text=") }?.dropFirst(5)
            let cause = parts.first { $0.hasPrefix("cause=") }?.dropFirst(6) ?? ""
            return ([parts.first ?? "", String(cause)] + [text.map(self.unquoted) ?? ""])
                .filter { !$0.isEmpty }.joined(separator: " ")
        }
        guard let value = self.header(["warning"], head) else { return nil }
        return value.split(separator: " ", maxSplits: 2).last.map(self.unquoted)
    }

    private static func unquoted(_ text: Substring) -> String {
        var text = text
        if text.first == "\"" { text.removeFirst() }
        if text.last == "\"" { text.removeLast() }
        return String(text)
    }

    /// The user part of the first URI in a value, or the host where there is none.
    static func user(_ value: String) -> String {
        let schemes = ["sip:", "sips:", "tel:"]
        var rest = Substring(value)
        while !rest.isEmpty, !schemes.contains(where: { rest.hasPrefix($0) }) { rest.removeFirst() }
        guard let colon = rest.firstIndex(of: ":") else { return "" }
        let isTelephone = rest.hasPrefix("tel:")
        let uri = rest[rest.index(after: colon)...].prefix { !" <>\"?".contains($0) }
        if !isTelephone, let at = uri.firstIndex(of: "@") {
            return String(uri[..<at].prefix { $0 != ";" && $0 != ":" })
        }
        return String(uri.prefix { $0 != ";" })
    }
}

/// A message as lines of printable text.
struct TextLines {
    let head: [String]
    let body: [String]

    init(_ bytes: [UInt8]) {
        let all = bytes.split(separator: 0x0a, omittingEmptySubsequences: false).map { line in
            Printable.text(line.last == 0x0d ? line.dropLast() : line)
        }
        let end = all.firstIndex(of: "") ?? all.count
        self.head = Array(all[..<end])
        self.body = end < all.count ? Array(all[(end + 1)...]) : []
    }

    static func lowered(_ text: String) -> String {
        String(decoding: text.utf8.map(ASCIIText.lowered), as: UTF8.self)
    }

    static func trimmed(_ text: Substring) -> String {
        var text = text
        while let byte = text.utf8.first, ASCIIText.isSpace(byte) { text.removeFirst() }
        while let byte = text.utf8.last, ASCIIText.isSpace(byte) { text.removeLast() }
        return String(text)
    }
}

/// What came from the network must not steer the terminal.
public enum Printable {
    /// Bytes as text; control characters, and what is not UTF-8, become a mark. Tabs become a
    /// space.
    public static func text(_ bytes: some Collection<UInt8>) -> String {
        var text = String.UnicodeScalarView()
        for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars {
            switch scalar.value {
            case 0x09: text.append(" ")
            case 0..<0x20, 0x7f..<0xa0, 0x202a...0x202e, 0x2066...0x2069: text.append("\u{fffd}")
            default: text.append(scalar)
            }
        }
        return String(text)
    }

    /// A whole message: its line ends stay.
    public static func lines(_ bytes: [UInt8]) -> String {
        bytes.split(separator: 0x0a, omittingEmptySubsequences: false).map { line in
            self.text(line.last == 0x0d ? line.dropLast() : line)
        }.joined(separator: "\n")
    }
}
