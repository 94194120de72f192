// SPDX-License-Identifier: Apache-2.0

import Glibc
import Management
import NetworkAddress
import Node
import SDP
import Trace

/// What the node keeps of one call, for a terminal, a script or a file.
struct TraceView {
    static let options = [
        Option(name: "ladder", help: "what happened: messages and media events as a ladder"),
        Option(name: "messages", help: "the ladder with every message whole"),
        Option(
            name: "pcapng", value: "FILE",
            help: "write the messages to a capture file for Wireshark or sngrep"),
        Option(name: "raw", help: "with the secrets, after trunkline trace unlock"),
    ]

    /// One of them is given.
    static func isWanted(_ arguments: Arguments) -> Bool {
        ["ladder", "messages", "pcapng", "raw"].contains { arguments.has($0) }
    }

    let answer: JSONValue
    let records: [TraceRecord]

    /// Asks for a call by its identifier, or by a Call-ID.
    init(_ name: String, _ arguments: Arguments) throws(Failure) {
        let isIdentifier =
            name.utf8.count == 16
            && name.utf8.allSatisfy {
                (0x30...0x39).contains($0) || (0x61...0x66).contains($0 | 0x20)
            }
        var request: JSONObject = [(isIdentifier ? "id" : "call_id"): .string(name)]
        if arguments.has("raw") { request["raw"] = true }
        self.answer = try RunningNode(arguments).ask("trace", request)
        self.records = (self.answer["records"]?.array ?? []).compactMap(Self.record)
    }

    /// Does what the options say.
    func show(_ arguments: Arguments) throws(Failure) {
        if let path = arguments["pcapng"] {
            let file = Pcapng.file(self.records, application: "trunkline \(Version.text)")
            try Files.write(file, to: path)
            guard !arguments.wantsJSON else {
                return Terminal.print([
                    "file": .string(path), "messages": JSONValue(self.messageCount),
                    "bytes": JSONValue(file.count),
                ])
            }
            Terminal.print("\(path): \(Terminal.count(self.messageCount, "message"))")
        } else if arguments.wantsJSON {
            Terminal.print(self.answer)
        } else {
            let ladder = self.ladder(width: Terminal.width ?? Self.usualWidth)
            Terminal.print(ladder.text(messages: arguments.has("messages")))
        }
    }

    /// Where no terminal says how wide it is.
    private static let usualWidth = 100

    private var messageCount: Int { self.records.count { $0.message != nil } }

    func ladder(width: Int) -> Ladder {
        let from = self.answer["from"]?.string ?? "caller"
        let to = self.answer["to"]?.string
        let id = self.answer["id"]?.string
        var title: [String] = []
        let first = self.records.first { $0.message != nil }?.message
        let summary = first.map { MessageSummary($0.bytes) }
        let what = id.map { "call \($0)" } ?? "messages of no call"
        let who = summary.map { ", \($0.from) to \($0.to)" } ?? ""
        title.append(what + who)
        if let start = self.records.first, let end = self.records.last {
            let ms = (end.monotonicNs &- start.monotonicNs) / 1_000_000
            title.append(
                "\(WallTime.text(us: start.wallUs)) UTC, "
                    + "\(Terminal.count(self.messageCount, "message")) in \(ms) ms")
        }
        if self.answer["complete"]?.bool == false {
            title.append("the beginning is not kept any more: newer calls took its place")
        }
        if self.answer["raw"]?.bool == true { title.append("WITH SECRETS") }
        for other in self.answer["others"]?.array ?? [] {
            title.append("the Call-ID is also that of call \(other.string ?? "?")")
        }
        return Ladder(
            self.records, title: title + [""],
            names: (a: from, box: "trunkline", b: to ?? (id == nil ? "" : "callee")), width: width)
    }

    // MARK: Reading

    /// Nil for what this version does not know.
    static func record(_ value: JSONValue) -> TraceRecord? {
        guard let us = value["us"]?.integer, let ns = value["ns"]?.integer else { return nil }
        let side: TraceSide =
            switch value["side"]?.string {
            case "a": .a
            case "b": .b
            default: .none
            }
        guard let content = self.message(value) ?? self.event(value) else { return nil }
        return TraceRecord(
            wallUs: UInt64(clamping: us), monotonicNs: UInt64(clamping: ns), side: side, content)
    }

    private static func message(_ value: JSONValue) -> TraceRecord.Content? {
        guard let text = value["message"]?.string,
            let bytes = Base64.decode(Array(text.utf8)[...]),
            let local = value["local"]?.string.flatMap(self.address),
            let remote = value["remote"]?.string.flatMap(self.address),
            let transport = TraceTransport.allCases.first(where: {
                $0.name == value["transport"]?.string
            })
        else { return nil }
        var message = TraceMessage(
            isSent: value["direction"]?.string == "out", transport: transport, local: local,
            remote: remote, bytes: bytes)
        message.length = Int(value["length"]?.integer ?? Int64(bytes.count))
        return .message(message)
    }

    private static func event(_ value: JSONValue) -> TraceRecord.Content? {
        guard let name = value["event"]?.string,
            let kind = TraceEventKind.allCases.first(where: { $0.name == name })
        else { return nil }
        return .event(
            TraceEvent(
                kind, address: value["address"]?.string.flatMap(self.address),
                text: Array((value["text"]?.string ?? "").utf8)))
    }

    /// ADDRESS:PORT, IPv6 in brackets.
    private static func address(_ text: String) -> SocketAddress? {
        guard let colon = text.lastIndex(of: ":"),
            let port = UInt16(text[text.index(after: colon)...])
        else { return nil }
        let host = text[..<colon].filter { $0 != "[" && $0 != "]" }
        return IPAddress(String(host)).map { SocketAddress(address: $0, port: port) }
    }
}

extension Terminal {
    /// Columns of the terminal, or what COLUMNS says; nil where there is none.
    static var width: Int? {
        if let text = getenv("COLUMNS"), let width = Int(String(cString: text)), width > 0 {
            return width
        }
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else {
            return nil
        }
        return Int(size.ws_col)
    }
}
