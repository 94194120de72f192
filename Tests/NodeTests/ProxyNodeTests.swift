// SPDX-License-Identifier: Apache-2.0
// A node whose UDP listener is the Mobile Control Point's.

import CallControl
import Foundation
import Management
import NetworkAddress
import SIPProxy
import SIPTransport
import Testing

@testable import Node

/// A consultation service on the node's own loop.
final class ConsultationServer: ByteStreamOwner {
    /// Requests as they came.
    private(set) var requests: [String] = []
    /// The response; nil: the connection is left open without one.
    var response: String?
    private var listener: ByteListener?
    private var streams: [ByteStream] = []

    init(_ node: NodeFixture, response: String?) throws {
        self.response = response
        let address = try #require(IPAddress(node.addresses.stranger))
        self.listener = try ByteListener(
            loop: node.shard.loop, address: SocketAddress(address: address, port: 8090),
            queueLimit: 65536
        ) { [unowned self] stream in
            stream.owner = self
            stream.startReading()
            self.streams.append(stream)
        }
    }

    static func json(_ text: String, status: String = "200 OK") -> String {
        "HTTP/1.1 \(status)\r\nContent-Length: \(text.utf8.count)\r\n\r\n\(text)"
    }

    func close() {
        self.listener?.close()
        for stream in self.streams { stream.close() }
    }

    func streamConnected(_ stream: any OctetStream) {}
    func streamEnded(_ stream: any OctetStream) { stream.close() }
    func stream(_ stream: any OctetStream, lost token: UInt64) {}
    func streamFailed(_ stream: any OctetStream, _ error: TransportError) { stream.close() }
    func stream(_ stream: any OctetStream, received bytes: RawSpan) {
        self.requests.append(bytes.withUnsafeBytes { String(decoding: $0, as: UTF8.self) })
        if let response { _ = stream.write(Array(response.utf8), token: 0) }
    }
}

@Suite struct ProxyNodeTests {
    /// The trunks have TCP, the MCP has UDP.
    private static func node(_ more: String = "") throws -> NodeFixture {
        try NodeFixture { text in
            let box = text.components(separatedBy: "address: \"")[1]
                .components(separatedBy: ":")[0]
            let parts = box.split(separator: ".")
            let last = (Int(parts[3]) ?? 0) + 3
            let service = (parts.dropLast().map { $0 } + ["\(last)"]).joined(separator: ".")
            return text.replacingOccurrences(of: "listener: udp", with: "listener: tcp") + """
                mcp:
                  listener: udp
                  insecure: true
                  sources: [\(parts.dropLast().joined(separator: ".")).0/24]
                  consultation: "http://\(service):8090/consult"
                  fmc-originating: MO
                  fmc-terminating: MT
                  divert-request-uri: "sip:${number}@gateway.example"
                \(more)

                """
        }
    }

    /// From the serving function, which the next hop is behind.
    private func invite(_ parties: Parties, _ call: String = "c1") -> String {
        let box = parties.node.addresses.box
        let next = parties.node.addresses.service
        return parties.carrier.request("INVITE", call: call, body: parties.carrier.sdp)
            .replacingOccurrences(
                of: "Max-Forwards: 70",
                with: "Max-Forwards: 70\r\nRoute: <sip:\(box);lr;orig>, <sip:\(next);lr>\r\n"
                    + "P-Asserted-Identity: <tel:+15550199>")
    }

    private func figure(_ node: NodeFixture, _ name: String) throws -> Double? {
        try node.result("status")["mcp"]?[name]?.double
    }

    @Test("MCP-2: a call is asked about, diverted and answered; what is asked is documented")
    func diverted() throws {
        let node = try Self.node()
        let parties = try Parties(node)
        let server = try ConsultationServer(
            node, response: ConsultationServer.json("{\"divert\":true,\"number\":\"+15550177\"}"))
        defer { server.close() }
        parties.carrier.send(self.invite(parties))
        let invite = try #require(
            parties.service.expect("INVITE sip:+15550177@gateway.example SIP/2.0", node))
        #expect(line("X-MS-FMC", of: invite) == "X-MS-FMC: MO")
        #expect(line("Route", of: invite) == "Route: <sip:\(node.addresses.service);lr>")
        #expect(invite.hasSuffix(parties.carrier.sdp))
        let asked = try #require(server.requests.first)
        #expect(asked.hasPrefix("POST /consult HTTP/1.1\r\nHost: "))
        let body = try #require(asked.components(separatedBy: "\r\n\r\n").last)
        let document = try JSONValue(parsing: Array(body.utf8))
        #expect(document["version"]?.integer == 1)
        #expect(document["session-case"]?.string == "originating")
        #expect(document["served-user"]?["number"]?.string == "+15550199")
        #expect(document["served-user"]?["uri"]?.string == "tel:+15550199")
        #expect(document["called"]?["number"]?.string == "+15550100")
        #expect(document["call-id"]?.string == "c1@\(node.addresses.carrier)")
        parties.service.send(parties.service.response("200 OK", to: invite))
        let answer = try #require(parties.carrier.expect("SIP/2.0 200", node))
        #expect(line("Via", of: answer)?.contains(node.addresses.carrier) == true)
        #expect(node.shard.core.engine.callCount == 0)
        #expect(try self.figure(node, "diverted") == 1)
        #expect(try self.figure(node, "consultations_open") == 0)
    }

    @Test(
        "MCP-6: whatever the service does, the call goes on",
        arguments: [
            "HTTP/1.1 500 Error\r\nContent-Length: 0\r\n\r\n", "nonsense\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", "silent", "dead", "native",
        ])
    func failOpen(_ response: String) throws {
        let node = try Self.node("  consultation-timeout-ms: 100")
        let parties = try Parties(node)
        let said: String? =
            switch response {
            case "silent": nil
            case "native": ConsultationServer.json("{\"divert\":false}")
            default: response
            }
        let server = response == "dead" ? nil : try ConsultationServer(node, response: said)
        defer { server?.close() }
        parties.carrier.send(self.invite(parties))
        let invite = try #require(parties.service.expect("INVITE sip:+15550100@", node))
        #expect(line("X-MS-FMC", of: invite) == nil)
        let name =
            switch response {
            case "silent": "consultation_timeouts"
            case "native": "native"
            default: "consultation_failures"
            }
        #expect(try self.figure(node, name) == 1)
    }

    @Test("MCP-9: OPTIONS for the MCP stay without an answer; strangers likewise")
    func silence() throws {
        let node = try Self.node()
        let parties = try Parties(node)
        let options = parties.carrier.request("OPTIONS").replacingOccurrences(
            of: "OPTIONS sip:+15550100@", with: "OPTIONS sip:")
        parties.carrier.send(options)
        #expect(node.run { $0.proxy?.core.counters.optionsIgnored == 1 })
        node.settle()
        parties.carrier.poll()
        #expect(parties.carrier.inbox.isEmpty)
        #expect(try self.figure(node, "options_ignored") == 1)
    }

    @Test("A fault in what the proxy works with is answered, of a request that it may have")
    func fault() throws {
        let node = try Self.node()
        let parties = try Parties(node)
        parties.carrier.send(
            self.invite(parties).replacingOccurrences(
                of: "Max-Forwards: 70", with: "Max-Forwards: x"))
        let answer = try #require(parties.carrier.expect("SIP/2.0 400", node))
        #expect(answer.contains("400 Malformed Max-Forwards"))
    }

    @Test("A reload changes the service; another listener waits for a restart")
    func reload() throws {
        let node = try Self.node()
        let parties = try Parties(node)
        let server = try ConsultationServer(
            node, response: ConsultationServer.json("{\"divert\":true,\"number\":\"+15550177\"}"))
        defer { server.close() }
        try node.edit("fmc-originating: MO", to: "fmc-originating: XO")
        node.shard.reload()
        parties.carrier.send(self.invite(parties))
        let invite = try #require(parties.service.expect("INVITE sip:+15550177@", node))
        #expect(line("X-MS-FMC", of: invite) == "X-MS-FMC: XO")
        #expect(node.shard.refusedConfiguration.isEmpty)
        try node.edit("insecure: true", to: "insecure: true\n  max-transactions: 100")
        node.shard.reload()
        #expect(node.shard.refusedConfiguration.first?.hasPrefix("mcp: changes with") == true)
    }

    @Test("What passes is found in the trace by its Call-ID")
    func trace() throws {
        let node = try Self.node()
        let parties = try Parties(node)
        parties.carrier.send(self.invite(parties, "traced"))
        try #require(parties.service.expect("INVITE", node) != nil)
        let records = try node.result("status")["trace"]?["records"]?.integer ?? 0
        #expect(records >= 2)
    }
}
