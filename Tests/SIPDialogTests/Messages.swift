// SPDX-License-Identifier: Apache-2.0

import SIPDialog
import SIPMessage

/// Small messages for tests.
enum Messages {
    static func request(
        _ method: String = "INVITE", uri: String = "sip:bob@192.0.2.4",
        from: String = "Alice <sip:alice@example.com>;tag=a1",
        to: String = "<sip:bob@example.com>", sequence: UInt32 = 7,
        contact: String? = "<sip:alice@198.51.100.2:5062>", extra: [String] = []
    ) throws -> SIPMessage {
        try self.parse(
            ["\(method) \(uri) SIP/2.0"]
                + self.common(from: from, to: to, cseq: "\(sequence) \(method)")
                + (contact.map { ["Contact: \($0)"] } ?? []) + extra)
    }

    static func response(
        _ status: Int, from: String = "Alice <sip:alice@example.com>;tag=a1",
        to: String = "<sip:bob@example.com>;tag=b1", sequence: UInt32 = 7,
        contact: String? = "<sip:bob@203.0.113.8;transport=tcp>", extra: [String] = []
    ) throws -> SIPMessage {
        try self.parse(
            ["SIP/2.0 \(status) Test"]
                + self.common(from: from, to: to, cseq: "\(sequence) INVITE")
                + (contact.map { ["Contact: \($0)"] } ?? []) + extra)
    }

    private static func common(from: String, to: String, cseq: String) -> [String] {
        [
            "Via: SIP/2.0/UDP 198.51.100.2;branch=z9hG4bK1", "Max-Forwards: 70", "From: \(from)",
            "To: \(to)", "Call-ID: Call-1@h", "CSeq: \(cseq)",
        ]
    }

    static func parse(_ lines: [String]) throws -> SIPMessage {
        let text = (lines + ["Content-Length: 0", "", ""]).joined(separator: "\r\n")
        return try SIPMessage.parse(Array(text.utf8), framing: .datagram)
    }
}

/// Octets as text.
func text(_ bytes: some Sequence<UInt8>) -> String { String(decoding: Array(bytes), as: UTF8.self) }

/// Text as octets.
func octets(_ text: String) -> [UInt8] { Array(text.utf8) }
