// SPDX-License-Identifier: Apache-2.0

import NetworkAddress
import SIPLocation
import SIPProxy
import TLS
import Testing

@testable import Configuration

@Suite("Mobile Control Point: configuration")
struct MCPTests {
    private static func file(_ mcp: String, listener: String = isc) -> [UInt8] {
        Array(
            """
            node: { name: test }
            realms:
              - { name: outside, attach: packet, interface: out0, addresses: [192.0.2.1] }
            listeners:
              - { name: carrier, transport: udp, address: "192.0.2.1:5060" }
              - \(listener)
            trunks:
              - { name: carrier, listener: carrier, realm: outside, peer: "sip:192.0.2.9" }
            mcp:
            \(mcp)

            """.utf8)
    }

    private static let isc =
        "{ name: isc, transport: tls, address: \"192.0.2.1:5061\", certificate: /c.pem }"
    private static let needed = """
          listener: isc
          sources: [198.51.100.0/24]
          consultation: "http://127.0.0.1:8090/consult"
          fmc-originating: MO
          fmc-terminating: MT
          divert-request-uri: "sip:${number}@gateway.example;user=phone"
          trust: /ca.pem
          verify-names: [ims.carrier.example]
        """

    private func issues(_ mcp: String, listener: String = isc) -> [String] {
        do throws(ConfigurationErrors) {
            _ = try NodeConfiguration.parse(Self.file(mcp, listener: listener), file: "f")
            return []
        } catch {
            return error.issues.map { "\($0.key): \($0.problem)" }
        }
    }

    private func replaced(_ text: String, by other: String) -> String {
        String(
            decoding: Array(Self.needed.components(text).joined(separator: Array(other.utf8))),
            as: UTF8.self)
    }

    @Test("MCP-1: what a Mobile Control Point needs, and what holds without more")
    func needed() throws {
        let file = try NodeConfiguration.parse(Self.file(Self.needed), file: "f")
        let mcp = try #require(file.mcp)
        #expect(mcp.listener == 1 && mcp.tls?.policy.names == ["ims.carrier.example"])
        #expect(mcp.tls?.policy.clientCertificate == .require && !mcp.recordsRoute)
        #expect(mcp.nextHop == nil && mcp.maxTransactions == 20_000)
        #expect(mcp.consultation.authority == "127.0.0.1:8090")
        #expect(mcp.consultation.path == "/consult")
        #expect(mcp.service.consultationMilliseconds == 500)
        #expect(mcp.service.consultationsMax == 1000)
        #expect(mcp.service.emergencyNumbers == [Array("911".utf8), Array("933".utf8)])
        #expect(mcp.service.route == DiversionTemplate("${route}".utf8))
    }

    @Test("MCP-11: without the section there is none")
    func absent() throws {
        #expect(try NodeConfiguration.parse(Self.file(""), file: "f").mcp == nil)
    }

    @Test("Every further key")
    func all() throws {
        let more = Self.needed + """

              names: [mcp.carrier.example]
              next-hop: "sip:scscf.carrier.example:5062"
              record-route: true
              max-transactions: 100
              consultation-timeout-ms: 10
              max-consultations: 7
              divert-route: "<sip:edge.example;lr>, ${route}"
              emergency-numbers: ["112"]
            """
        let mcp = try #require(try NodeConfiguration.parse(Self.file(more), file: "f").mcp)
        #expect(mcp.names == ["mcp.carrier.example"] && mcp.recordsRoute)
        #expect(mcp.nextHop == NextHop(.name(Array("scscf.carrier.example".utf8)), port: 5062))
        #expect(mcp.maxTransactions == 100 && mcp.service.consultationsMax == 7)
        #expect(mcp.service.consultationMilliseconds == 10)
        #expect(mcp.service.emergencyNumbers == [Array("112".utf8)])
    }

    @Test("MCP-1: TLS is mandatory but for tests, and the listener is nobody else's")
    func listeners() {
        let plain = "{ name: isc, transport: tcp, address: \"192.0.2.1:5061\" }"
        let open = "  listener: isc\n" + Self.needed.split(separator: "\n").dropFirst().dropLast(2)
            .joined(separator: "\n")
        #expect(
            self.issues(open, listener: plain)
                == ["mcp.listener: is tcp, and the MCP speaks TLS alone"])
        #expect(self.issues(open + "\n  insecure: true", listener: plain) == [])
        #expect(
            self.issues(self.replaced("listener: isc", by: "listener: carrier\n  insecure: true"))
                .first == "mcp.listener: is the listener of trunk carrier (line 8) too")
        #expect(
            self.issues(self.replaced("verify-names: [ims.carrier.example]", by: ""))
                == ["mcp.verify-names: is missing"])
    }

    @Test("What is wrong is said")
    func faults() {
        let many = Array(repeating: "10.0.0.1", count: 65)
        let rows: [(String, String, String)] = [
            ("listener: isc", "listener: ics", "mcp.listener: there is no listener \"ics\""),
            ("consultation: \"http", "consultation: \"https", "mcp.consultation: is https"),
            ("127.0.0.1:8090", "0.0.0.0", "mcp.consultation: \"http://0.0.0.0/consult\" is no"),
            ("127.0.0.1:8090", "a b", "mcp.consultation: \"http://a b/consult\" is no http"),
            ("fmc-originating: MO", "fmc-originating: \"M O\"", "mcp.fmc-originating: \"M O\""),
            ("fmc-terminating: MT", "", "mcp.fmc-terminating: is missing"),
            ("${number}", "${digits}", "mcp.divert-request-uri: \"sip:${digits}@"),
            ("sip:${number}@gateway", "sip:${number}@@", "mcp.divert-request-uri: makes no URI"),
            ("${number}", "${route}", "mcp.divert-request-uri: has ${route} in it"),
            ("fmc-terminating: MT", "fmc-terminating: MT\n  divert-route: \"sip:bare\"",
                "mcp.divert-route: makes no Route values"),
            ("fmc-terminating: MT", "fmc-terminating: MT\n  next-hop: \"tel:+1\"",
                "mcp.next-hop: \"tel:+1\" is no SIP URI"),
            ("[198.51.100.0/24]", "[\(many.joined(separator: ", "))]",
                "mcp.sources[64]: is one too many"),
            ("198.51.100.0/24", "core", "mcp.sources[0]: \"core\" is neither"),
        ]
        for (before, after, problem) in rows {
            let found = self.issues(self.replaced(before, by: after))
            #expect(found.contains { $0.hasPrefix(problem) }, "\(after): \(found)")
        }
    }

    @Test("Addresses of web services")
    func webServices() {
        typealias Service = NodeConfiguration.WebService
        #expect(Service("http://consult.example")?.authority == "consult.example:80")
        #expect(Service("http://consult.example")?.path == "/")
        #expect(Service("http://[2001:db8::1]:8080/a?b=c")?.authority == "[2001:db8::1]:8080")
        #expect(Service("http://[2001:db8::1]:8080/a?b=c")?.path == "/a?b=c")
        for text in [
            "", "http://", "http:///x", "ftp://a.example", "http://a.example:0/",
            "http://a.example#x", "http://a.example/\r\nX: y", "http://224.0.0.1/", "http://1.2.3/",
        ] {
            #expect(Service(text) == nil, "\(text)")
        }
    }
}

extension String {
    fileprivate func components(_ separator: String) -> [[UInt8]] {
        var parts: [[UInt8]] = []
        var rest = Array(self.utf8)[...]
        while let place = rest.firstRange(of: Array(separator.utf8)) {
            parts.append(Array(rest[..<place.lowerBound]))
            rest = rest[place.upperBound...]
        }
        return parts + [Array(rest)]
    }
}
