// SPDX-License-Identifier: Apache-2.0

import CallControl
import Foundation
import Testing

@testable import Node

/// One end of the wire: sends text, gathers text; over UDP or TCP, port 5060 of its own address.
final class SIPPeer {
    let address: String
    let isStream: Bool
    private let box: String
    /// Where the node is.
    var boxAddress: String { self.box }
    private let descriptor: Int32
    /// What came and was not taken yet.
    private(set) var inbox: [String] = []
    private var serial = 0

    init(_ address: String, to box: String, stream: Bool = false) throws {
        self.address = address
        self.box = box
        self.isStream = stream
        let kind = stream ? SOCK_STREAM : SOCK_DGRAM
        self.descriptor = socket(AF_INET, Int32(kind.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var on: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(4))
        try #require(Self.with(address, port: stream ? 0 : 5060) { bind(descriptor, $0, $1) } == 0)
        try #require(Self.with(box, port: 5060) { connect(descriptor, $0, $1) } == 0)
        _ = fcntl(self.descriptor, F_SETFL, O_NONBLOCK)
    }

    deinit { close(self.descriptor) }

    private static func with(
        _ address: String, port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) -> Int32 {
        var place = sockaddr_in()
        place.sin_family = sa_family_t(AF_INET)
        place.sin_port = port.bigEndian
        inet_pton(AF_INET, address, &place.sin_addr)
        return withUnsafePointer(to: &place) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }

    func send(_ text: String) {
        let bytes = Array(text.utf8)
        #expect(Foundation.send(self.descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) >= 0)
    }

    /// Takes what has come.
    func poll() {
        var bytes = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = recv(self.descriptor, &bytes, bytes.count, 0)
            guard count > 0 else { return }
            self.inbox.append(String(decoding: bytes[..<count], as: UTF8.self))
        }
    }

    /// The next message that begins so, which the node is run for; nil if none comes.
    func expect(_ start: String, _ node: NodeFixture) -> String? {
        _ = node.run { _ in
            self.poll()
            return self.inbox.contains { $0.hasPrefix(start) }
        }
        guard let index = self.inbox.firstIndex(where: { $0.hasPrefix(start) }) else { return nil }
        return self.inbox.remove(at: index)
    }

    // MARK: Messages

    /// A request outside of a dialog, or inside the one that a response made.
    func request(
        _ method: String, to number: String = "+15550100", call: String = "c1", cseq: Int = 1,
        after response: String? = nil, body: String = ""
    ) -> String {
        self.serial += 1
        let to = response.flatMap { line("To", of: $0) } ?? "To: <sip:\(number)@\(self.box)>"
        var lines = [
            "\(method) sip:\(number)@\(self.box) SIP/2.0",
            "Via: SIP/2.0/\(self.isStream ? "TCP" : "UDP") \(self.address):5060"
                + ";branch=z9hG4bK-\(call)-\(self.serial)",
            "Max-Forwards: 70", "From: <sip:+15550199@\(self.address)>;tag=\(call)", to,
            "Call-ID: \(call)@\(self.address)", "CSeq: \(cseq) \(method)",
            "Contact: <sip:\(self.address):5060>",
        ]
        if !body.isEmpty { lines.append("Content-Type: application/sdp") }
        lines.append("Content-Length: \(body.utf8.count)")
        return lines.joined(separator: "\r\n") + "\r\n\r\n" + body
    }

    /// The answer to a request that came.
    func response(_ status: String, to request: String, body: String = "") -> String {
        var lines = ["SIP/2.0 \(status)"]
        lines += request.components(separatedBy: "\r\n").prefix { !$0.isEmpty }.filter { line in
            ["Via:", "From:", "Call-ID:", "CSeq:", "Record-Route:"].contains {
                line.hasPrefix($0)
            }
        }
        let to = line("To", of: request) ?? ""
        lines.append(to.contains(";tag=") ? to : to + ";tag=answer")
        lines.append("Contact: <sip:\(self.address):5060>")
        if !body.isEmpty { lines.append("Content-Type: application/sdp") }
        lines.append("Content-Length: \(body.utf8.count)")
        return lines.joined(separator: "\r\n") + "\r\n\r\n" + body
    }

    /// Media is elsewhere: no packet can be sent to a loopback address.
    var sdp: String {
        "v=0\r\no=- 1 1 IN IP4 \(self.address)\r\ns=-\r\nc=IN IP4 198.51.100.9\r\nt=0 0\r\n"
            + "m=audio 40000 RTP/AVP 0\r\n"
    }
}

/// A header line of a message.
func line(_ name: String, of message: String) -> String? {
    message.components(separatedBy: "\r\n").first { $0.hasPrefix(name + ":") }
}

/// Both parties of a node's calls.
struct Parties {
    let node: NodeFixture
    let carrier: SIPPeer
    let service: SIPPeer

    init(_ node: NodeFixture) throws {
        self.node = node
        self.carrier = try SIPPeer(node.addresses.carrier, to: node.addresses.box)
        self.service = try SIPPeer(node.addresses.service, to: node.addresses.box)
    }

    /// A call that stands; the carrier's 200 is returned, and what the service got.
    func call(_ name: String = "c1") throws -> (answer: String, invite: String) {
        let carrier = self.carrier
        let service = self.service
        carrier.send(carrier.request("INVITE", call: name, body: carrier.sdp))
        let invite = try #require(service.expect("INVITE", self.node))
        service.send(service.response("200 OK", to: invite, body: service.sdp))
        let answer = try #require(carrier.expect("SIP/2.0 200", self.node))
        carrier.send(carrier.request("ACK", call: name, after: answer))
        try #require(service.expect("ACK", self.node) != nil)
        return (answer, invite)
    }

    /// The caller ends a call.
    func hangUp(_ name: String = "c1", after answer: String) throws {
        self.carrier.send(self.carrier.request("BYE", call: name, cseq: 2, after: answer))
        try #require(self.carrier.expect("SIP/2.0 200", self.node) != nil)
        let bye = try #require(self.service.expect("BYE", self.node))
        self.service.send(self.service.response("200 OK", to: bye))
        let calls = self.node.shard.core.engine.callCount
        try #require(
            calls == 0 || self.node.run { $0.core.engine.callCount < calls },
            "the call does not end")
    }
}
