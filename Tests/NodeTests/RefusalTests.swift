// SPDX-License-Identifier: Apache-2.0

import Admission
import CallControl
import Foundation
import Management
import SIPMessage
import Testing

@testable import Node

/// What each class of request gets that is well-formed and refused all the same. The rows are sent
/// to a node one by one, and are part of `appliance/docs/faults.md`.
struct RefusalRow: Sendable {
    enum Sender: Sendable { case carrier, stranger }

    /// The class, for the document.
    let what: String
    /// The status; nil: silence.
    let status: Int?
    var from = Sender.carrier
    /// Changes of the configuration.
    var change: @Sendable (String) -> String = { $0 }
    /// The messages to send, of which the last is the one in question.
    let messages: @Sendable (SIPPeer) -> [String]

    private static func plain(
        _ method: String, _ lines: String = "", to number: String = "+15550100"
    ) -> @Sendable (SIPPeer) -> [String] {
        { peer in
            let request = peer.request(method, to: number)
            let end = "Content-Length"
            return [request.replacingOccurrences(of: end, with: lines + end)]
        }
    }

    private static func limits(_ text: String) -> @Sendable (String) -> String {
        { $0 + "limits: { \(text) }\n" }
    }

    /// More keys of the sender's trunk.
    private static func trunk(_ text: String) -> @Sendable (String) -> String {
        { $0.replacingOccurrences(of: "name: carrier, ", with: "name: carrier, \(text), ") }
    }

    static let all: [RefusalRow] = [
        .init(
            what: "a request from an address that is no trunk's source", status: 403,
            from: .stranger, messages: plain("INVITE")),
        .init(
            what: "the same with `unknown-sources: drop`", status: nil, from: .stranger,
            change: limits("unknown-sources: drop"), messages: plain("INVITE")),
        .init(
            what: "such a request that names a scanner", status: nil, from: .stranger,
            messages: plain("OPTIONS", "User-Agent: friendly-scanner\r\n")),
        .init(what: "a call without a route", status: 404, messages: plain("INVITE", to: "+4930")),
        .init(what: "REGISTER and others", status: 405, messages: plain("REGISTER")),
        .init(what: "a method that nobody knows", status: 501, messages: plain("FETCH")),
        .init(what: "BYE, INFO without a call", status: 481, messages: plain("BYE")),
        .init(
            what: "CANCEL without its INVITE", status: 481,
            messages: { [$0.request("CANCEL")] }),
        .init(what: "ACK without its INVITE", status: nil, messages: plain("ACK")),
        .init(
            what: "a response to nothing of ours", status: nil,
            messages: { [$0.response("200 OK", to: $0.request("INVITE"))] }),
        .init(
            what: "an INVITE whose Max-Forwards is used up", status: 483,
            messages: { peer in
                [
                    peer.request("INVITE").replacingOccurrences(
                        of: "Max-Forwards: 70", with: "Max-Forwards: 0")
                ]
            }),
        .init(
            what: "a request that came by two ways (RFC 3261 section 8.2.2.2)", status: 482,
            messages: { [$0.request("OPTIONS"), $0.request("OPTIONS")] }),
        .init(
            what: "an INVITE without Contact", status: 400,
            messages: { peer in
                [
                    peer.request("INVITE").replacingOccurrences(
                        of: "Contact: <sip:\(peer.address):5060>\r\n", with: "")
                ]
            }),
        .init(
            what: "a Request-URI that is no sip, sips or tel URI", status: 416,
            messages: { peer in
                [
                    peer.request("INVITE").replacingOccurrences(
                        of: "INVITE sip:+15550100@\(peer.boxAddress)",
                        with: "INVITE urn:service:sos")
                ]
            }),
        .init(
            what: "an extension in Require that is not supported", status: 420,
            messages: plain("OPTIONS", "Require: nothing-known\r\n")),
        .init(
            what: "a Request-URI above `uri-bytes`", status: 414,
            change: limits("uri-bytes: 256"),
            messages: { peer in
                let long = String(repeating: "5", count: 300)
                return [
                    peer.request("OPTIONS").replacingOccurrences(
                        of: "sip:+1555", with: "sip:\(long)")
                ]
            }),
        .init(
            what: "a message above `message-bytes`", status: 513,
            change: limits("message-bytes: 4096"),
            messages: plain(
                "OPTIONS",
                String(repeating: "X-P: \(String(repeating: "x", count: 90))\r\n", count: 50))),
        .init(
            what: "a header line above `header-bytes`", status: 400,
            change: limits("header-bytes: 512"),
            messages: plain("OPTIONS", "Subject: \(String(repeating: "s", count: 600))\r\n")),
        .init(
            what: "a message above `limits-message-bytes` of its trunk", status: 513,
            change: trunk("limits-message-bytes: 1024"),
            messages: plain(
                "OPTIONS", "Subject: \(String(repeating: "s", count: 1024))\r\n")),
        .init(
            what: "a Request-URI above `limits-uri-bytes`", status: 414,
            change: trunk("limits-uri-bytes: 64"),
            messages: { peer in
                let long = String(repeating: "5", count: 50)
                return [
                    peer.request("OPTIONS").replacingOccurrences(
                        of: "OPTIONS sip:+1555", with: "OPTIONS sip:\(long)")
                ]
            }),
        .init(
            what: "a Contact, or a user part of a URI, above `limits-uri-bytes`", status: 400,
            change: trunk("limits-uri-bytes: 64"),
            messages: plain(
                "OPTIONS", "Contact: <sip:\(String(repeating: "c", count: 60))@x.example>\r\n")),
        .init(
            what: "a host of From above `limits-from-domain-bytes`", status: 400,
            change: trunk("limits-from-domain-bytes: 16"),
            messages: { peer in
                let from = "From: <sip:a@\(String(repeating: "f", count: 17))>;tag=x\r\nTo:"
                return [
                    peer.request("OPTIONS").components(separatedBy: "\r\n")
                        .filter { !$0.hasPrefix("From:") }.joined(separator: "\r\n")
                        .replacingOccurrences(of: "To:", with: from)
                ]
            }),
        .init(
            what: "a name of a header field above `limits-header-name-bytes`", status: 400,
            change: trunk("limits-header-name-bytes: 16"),
            messages: plain("OPTIONS", "X-Name-of-17-Byte: 1\r\n")),
        .init(
            what: "an option-tag above `limits-option-tag-bytes`", status: 400,
            change: trunk("limits-option-tag-bytes: 8"),
            messages: plain("OPTIONS", "Supported: timer, ninebytes\r\n")),
        .init(
            what: "a type of a body above `limits-body-name-bytes`", status: 400,
            change: trunk("limits-body-name-bytes: 16"),
            messages: plain("OPTIONS", "Content-Type: application/sevente\r\n")),
        .init(
            what: "Supported, Require or Proxy-Require above `limits-option-list-bytes`",
            status: 400, change: trunk("limits-option-list-bytes: 32"),
            messages: plain(
                "OPTIONS",
                "Proxy-Require: abcdefgh, abcdefgh\r\nProxy-Require: abcdefghijklm\r\n")),
        .init(
            what: "a call while there is no media (no fast path, no port left)", status: 503,
            messages: { [$0.request("INVITE", body: $0.sdp)] }),
        .init(
            what: "requests above `max-requests-per-second`", status: 503,
            change: {
                $0.replacingOccurrences(
                    of: "name: carrier, ", with: "name: carrier, max-requests-per-second: 1, ")
            },
            messages: { [$0.request("OPTIONS", call: "a"), $0.request("OPTIONS", call: "b")] }),
    ]
}

@Suite struct RefusalTests {
    @Test(arguments: RefusalRow.all.indices)
    func rows(index: Int) throws {
        let row = RefusalRow.all[index]
        let node = try NodeFixture(change: row.change)
        let isCarrier = row.from == .carrier
        let peer = try SIPPeer(
            isCarrier ? node.addresses.carrier : node.addresses.stranger, to: node.addresses.box)
        let messages = row.messages(peer)
        for message in messages.dropLast() {
            peer.send(message)
            #expect(peer.expect("SIP/2.0 200", node) != nil)
        }
        peer.send(try #require(messages.last))
        guard let status = row.status else {
            for _ in 0..<3 { node.settle() }
            peer.poll()
            #expect(peer.inbox.isEmpty, "\(row.what): \(peer.inbox)")
            return
        }
        #expect(peer.expect("SIP/2.0 \(status)", node) != nil, "\(row.what): \(peer.inbox)")
    }

    @Test func anUnknownFloodIsShedAndKnownPeersAreServed() throws {
        let node = try NodeFixture()
        let stranger = try SIPPeer(node.addresses.stranger, to: node.addresses.box)
        let carrier = try SIPPeer(node.addresses.carrier, to: node.addresses.box)
        for number in 0..<2000 { stranger.send(stranger.request("OPTIONS", call: "f\(number)")) }
        carrier.send(carrier.request("OPTIONS"))
        #expect(carrier.expect("SIP/2.0 200", node) != nil)
        let edge = try #require(try node.result("status")["edge"])
        let shed = edge["unknown_source_flood"]?.integer ?? 0
        #expect(shed >= 1900, "\(edge)")
        stranger.poll()
        #expect((1...60).contains(stranger.inbox.count), "\(stranger.inbox.count)")
    }

    @Test func aFloodOfFaultsIsAnsweredUpToARate() throws {
        let node = try NodeFixture()
        let carrier = try SIPPeer(node.addresses.carrier, to: node.addresses.box)
        let faulty = carrier.request("OPTIONS").replacingOccurrences(of: "CSeq: 1", with: "CSeq: x")
        for _ in 0..<1000 { carrier.send(faulty) }
        carrier.send(carrier.request("OPTIONS", call: "good"))
        #expect(carrier.expect("SIP/2.0 200", node) != nil, "the source itself is still served")
        carrier.poll()
        #expect((50...200).contains(carrier.inbox.count), "\(carrier.inbox.count)")
        let edge = try #require(try node.result("status")["edge"])
        #expect((edge["fault_flood"]?.integer ?? 0) >= 800)
    }

    /// A trunk's limit holds back what begins something, and nothing of a call.
    @Test func requestsOfACallAreNeverShed() throws {
        let node = try NodeFixture(fastPath: true) {
            $0.replacingOccurrences(
                of: "name: carrier, ", with: "name: carrier, max-requests-per-second: 1, ")
        }
        let parties = try Parties(node)
        let (answer, _) = try parties.call()
        let carrier = parties.carrier
        for number in 0..<20 { carrier.send(carrier.request("OPTIONS", call: "o\(number)")) }
        try parties.hangUp(after: answer)
        #expect(node.shard.core.engine.counters.requestsShed >= 15)
    }

    @Test func faultsDocumentIsTheGeneratedOne() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let path = root.appendingPathComponent("appliance/docs/faults.md")
        let text = FaultDocument.text
        if getenv("TRUNKLINE_WRITE_EXAMPLE") != nil {
            try text.write(to: path, atomically: true, encoding: .utf8)
        }
        #expect(try String(contentsOf: path, encoding: .utf8) == text)
    }
}

/// `appliance/docs/faults.md`.
enum FaultDocument {
    static var text: String {
        var lines = [
            "# What faulty, hostile and unsupported requests get", "",
            "Made by `appliance/docs/generate --faults` from the tables that decide it and from "
                + "the",
            "rows that are sent to a node in its tests; do not edit.", "",
            "Faulty responses and ACKs always get silence.", "", "## Malformed messages", "",
            "| fault | gets |", "| --- | --- |",
        ]
        for code in SIPParseError.Code.allCases where !FaultTable.refusesNothing.contains(code) {
            switch FaultTable.answer(code) {
            case .respond(let status, let phrase): lines.append("| \(phrase) | \(status) |")
            case .silence(let why): lines.append("| \(why) | silence |")
            }
        }
        lines += [
            "",
            "A malformed Date, Retry-After, Min-SE, Session-Expires or Authorization refuses "
                + "nothing:", "the value counts as absent.",
        ]
        lines += ["", "## Requests that are refused", "", "| request | gets |", "| --- | --- |"]
        for row in RefusalRow.all {
            lines.append("| \(row.what) | \(row.status.map { "\($0)" } ?? "silence") |")
        }
        lines += [
            "", "## Digits", "",
            "INFO, NOTIFY and SUBSCRIBE with digits, on trunks with `dtmf-send` or `dtmf-receive`.",
            "Reason has the name; 500 has Retry-After.", "",
            "| name | the message has | gets |", "| --- | --- | --- |",
        ]
        for fault in DigitFault.allCases {
            lines.append("| `\(fault.rawValue)` | \(fault.text) | \(fault.status) |")
        }
        lines += [
            "", "## What is thrown away unread", "",
            "Counted under `edge` in `trunkline status`, by these names.", "",
            "| name | the message was |", "| --- | --- |",
        ]
        for reason in ShedReason.allCases {
            lines.append("| `\(reason.rawValue)` | \(Self.meaning(reason)) |")
        }
        lines += [
            "| `kernel_dropped_while_shut` | of no trunk's source, while such flooded a UDP "
                + "listener: the kernel keeps them out, 5 s at a time (`shut_outs`) |",
            "| `kernel_dropped_for_room` | more than a UDP listener's buffer holds: raise "
                + "`net.core.rmem_max` to 4194304 or more |",
        ]
        return lines.joined(separator: "\n") + "\n"
    }

    private static func meaning(_ reason: ShedReason) -> String {
        switch reason {
        case .unknownSource: "of no trunk's source, with `unknown-sources: drop`"
        case .unknownFlood: "of such a source that sends more than one may"
        case .unknownTotal: "of such a source, while all together send more than they may"
        case .sourceFlood: "of a trunk's source above `source-messages-per-second`"
        case .scanner: "of no trunk's source, and names a scanner"
        case .faultFlood: "malformed, and its source had its answers for this second; read"
        }
    }
}
