// SPDX-License-Identifier: Apache-2.0

/// A SIP message as the model reads it: with a reader of its own, so that a fault of the product's
/// cannot hide from it.
final class ModelMessage {
    let bytes: [UInt8]
    /// Of a request, or of the request that a response answers.
    private(set) var method = ""
    /// Zero for a request.
    private(set) var status = 0
    private(set) var callID = ""
    /// From, To and Via as they stand; a response has to bring them back.
    private(set) var from = ""
    private(set) var to = ""
    private(set) var via = ""
    private(set) var branch = ""
    private(set) var fromTag = ""
    private(set) var toTag = ""
    private(set) var sequence = 0
    /// The URI of Contact.
    private(set) var contact: String?
    private(set) var allow: String?
    /// Supported or Require names 100rel.
    private(set) var knowsReliable = false
    /// Require names 100rel.
    private(set) var isReliable = false
    private(set) var rseq: Int?
    private(set) var rack: [Substring] = []
    private(set) var description: ModelDescription?
    private(set) var hasBody = false

    /// Of its transaction.
    var key: String { self.branch + self.method }

    var isRequest: Bool { self.status == 0 }

    /// Nil for what is no message.
    init?(_ bytes: [UInt8]) {
        self.bytes = bytes
        var place = 0
        var isFirst = true
        while true {
            guard let end = bytes[place...].firstIndex(of: 13) else { return nil }
            if end == place { break }
            let line = bytes[place..<end]
            if isFirst {
                self.start(String(decoding: line, as: UTF8.self))
                isFirst = false
            } else if let colon = line.firstIndex(of: 58) {
                let name = String(decoding: line[..<colon], as: UTF8.self).lowercased()
                self.field(name, line[(colon + 1)...])
            }
            place = end + 2
            guard place < bytes.count else { return nil }
        }
        let body = bytes[min(place + 2, bytes.count)...]
        self.hasBody = !body.isEmpty
        if body.starts(with: "v=0".utf8) { self.description = ModelDescription(body) }
        guard !self.callID.isEmpty, !self.branch.isEmpty, self.sequence >= 0 else { return nil }
    }

    private func start(_ line: String) {
        let words = line.split(separator: " ", maxSplits: 2)
        if line.hasPrefix("SIP/2.0 ") {
            self.status = words.count > 1 ? Int(words[1]) ?? 0 : 0
        } else {
            self.method = String(words.first ?? "")
        }
    }

    private func field(_ name: String, _ raw: ArraySlice<UInt8>) {
        var raw = raw
        while raw.first == 32 { raw.removeFirst() }
        var value: String { String(decoding: raw, as: UTF8.self) }
        switch name {
        case "via" where self.via.isEmpty:
            self.via = value
            self.branch = Self.parameter("branch", self.via)
        case "from":
            self.from = value
            self.fromTag = Self.parameter("tag", self.from)
        case "to":
            self.to = value
            self.toTag = Self.parameter("tag", self.to)
        case "call-id": self.callID = value
        case "cseq":
            let words = value.split(separator: " ")
            self.sequence = words.first.flatMap { Int($0) } ?? -1
            if self.status != 0 { self.method = words.last.map(String.init) ?? "" }
        case "contact":
            let text = value
            guard let open = text.firstIndex(of: "<"), let close = text.firstIndex(of: ">") else {
                break
            }
            self.contact = String(text[text.index(after: open)..<close])
        case "allow": self.allow = value
        case "supported": if value.contains("100rel") { self.knowsReliable = true }
        case "require":
            if value.contains("100rel") {
                self.knowsReliable = true
                self.isReliable = true
            }
        case "rseq": self.rseq = Int(value)
        case "rack": self.rack = value.split(separator: " ")
        default: break
        }
    }

    private static func parameter(_ name: String, _ text: String) -> String {
        let outside = text.lastIndex(of: ">").map { text[$0...] } ?? text[...]
        for part in outside.split(separator: ";").dropFirst(outside.first == ";" ? 0 : 1) {
            if part.hasPrefix(name), part.dropFirst(name.count).first == "=" {
                return String(part.dropFirst(name.count + 1))
            }
        }
        return ""
    }

    /// For logs.
    var line: String {
        let what = self.isRequest ? self.method : "\(self.status) \(self.method)"
        let sdp = self.description.map { " sdp v\($0.version) \($0.flow) \($0.types)" } ?? ""
        let tags = "f=\(self.fromTag.suffix(5)) t=\(self.toTag.suffix(5))"
        return "\(what) \(self.sequence)\(self.rseq.map { " rseq \($0)" } ?? "")"
            + "\(sdp) [\(self.callID.prefix(8)) \(tags)]"
    }
}

/// Which way media goes, as the one who says it sees it.
struct ModelFlow: Equatable, CustomStringConvertible {
    var sends = true
    var receives = true

    init(_ sends: Bool, _ receives: Bool) {
        self.sends = sends
        self.receives = receives
    }

    var reversed: ModelFlow { ModelFlow(self.receives, self.sends) }
    func and(_ other: ModelFlow) -> ModelFlow {
        ModelFlow(self.sends && other.sends, self.receives && other.receives)
    }
    var description: String {
        self.sends
            ? self.receives ? "sendrecv" : "sendonly" : self.receives ? "recvonly" : "inactive"
    }
}

/// A session description as far as the model needs it: one audio stream.
struct ModelDescription {
    var version = 0
    /// All but the version.
    var rest: [UInt8] = []
    var address = ""
    var port = 0
    var types: [Int] = []
    /// Encoding names by payload type.
    var names: [Int: String] = [0: "PCMU", 8: "PCMA"]
    var flow = ModelFlow(true, true)
    var mediaCount = 0

    init(_ body: ArraySlice<UInt8>) {
        for line in body.split(separator: 10) {
            let line = line.last == 13 ? line.dropLast() : line
            let text = String(decoding: line, as: UTF8.self)
            guard !text.hasPrefix("o=") else {
                var words = text.split(separator: " ")
                if words.count == 6 {
                    self.version = Int(words[2]) ?? -1
                    words[2] = "-"
                }
                self.rest += Array(words.joined(separator: " ").utf8)
                continue
            }
            self.rest += line + [10]
            self.take(text)
        }
    }

    private mutating func take(_ text: String) {
        if text.hasPrefix("c=IN IP4 ") {
            self.address = String(text.dropFirst(9))
        } else if text.hasPrefix("m=") {
            self.mediaCount += 1
            guard self.mediaCount == 1 else { return }
            let words = text.split(separator: " ")
            self.port = words.count > 1 ? Int(words[1]) ?? 0 : 0
            self.types = words.dropFirst(3).compactMap { Int($0) }
        } else if text.hasPrefix("a=rtpmap:") {
            let words = text.dropFirst(9).split(separator: " ")
            guard words.count == 2, let type = Int(words[0]) else { return }
            self.names[type] = words[1].split(separator: "/").first.map { $0.uppercased() }
        } else {
            switch text {
            case "a=sendonly": self.flow = ModelFlow(true, false)
            case "a=recvonly": self.flow = ModelFlow(false, true)
            case "a=inactive": self.flow = ModelFlow(false, false)
            default: break
            }
        }
    }

    /// Names of what it takes, events left out.
    var codecs: [String] {
        self.types.compactMap { self.names[$0] }.filter { $0 != "TELEPHONE-EVENT" }
    }
}
