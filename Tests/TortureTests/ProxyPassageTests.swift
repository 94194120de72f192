// SPDX-License-Identifier: Apache-2.0

import NetworkAddress
import SIPMessage
import SIPProxy
import SIPTransaction
import Testing

/// Whatever passes the proxy leaves as it came, octet by octet, but for the lines that RFC 3261
/// section 16.6 has a proxy change.
@Suite("Messages through the proxy")
struct ProxyPassageTests {
    /// Lines that may differ, long and short.
    private static let own: Set<String> = [
        "via", "v", "route", "record-route", "max-forwards", "x-ms-fmc",
    ]

    private static func proxy(_ transport: TransportProtocol) throws -> ProxyCore {
        let service = MobileControlPoint(
            originatingMark: Array("MO".utf8), terminatingMark: Array("MT".utf8),
            requestURI: try #require(DiversionTemplate("${request-uri}".utf8)),
            route: try #require(DiversionTemplate("${route}".utf8)))
        let own = SocketAddress(address: IPAddress(ipv4: 0xc633_6401), port: 5061)
        var configuration = ProxyConfiguration(
            listener: ListenerIndex(rawValue: 0),
            identity: ProxyIdentity(
                transport: transport, address: own, host: Array("mcp-r1.gw.carrier.example".utf8)),
            sources: [AddressPrefix(of: IPAddress(ipv4: 0), bits: 0)], service: service)
        configuration.nextHop = NextHop(.address(IPAddress(ipv4: 0xc633_6403)), port: 5061)
        return ProxyCore(configuration: configuration, key: 1, transactionsMax: 100)
    }

    private static let source = Hop(
        listener: ListenerIndex(rawValue: 0), transport: .udp,
        remote: SocketAddress(address: IPAddress(ipv4: 0xc633_6402), port: 5060))

    /// Everything that leaves when the service diverts every call that it is asked about.
    private static func sent(_ message: SIPMessage, by proxy: ProxyCore) -> [[UInt8]] {
        guard proxy.received(message, from: self.source) == .accept else { return [] }
        var sent: [[UInt8]] = []
        while true {
            let outputs = proxy.drain()
            if outputs.isEmpty { return sent }
            for output in outputs {
                switch output {
                case .send(let bytes, _, _): sent.append(bytes)
                case .locate(let ticket, _):
                    let place = SocketAddress(address: IPAddress(ipv4: 0xc633_6404), port: 5061)
                    proxy.located(
                        ticket,
                        [Hop(listener: self.source.listener, transport: .tls, remote: place)])
                case .consult(let ticket, _):
                    proxy.consulted(ticket, .divert(number: Array("+12025550100".utf8)))
                default: break
                }
            }
        }
    }

    /// The start line, the lines that are not the proxy's, and the body.
    private static func parts(_ bytes: [UInt8]) -> (start: [UInt8], lines: [[UInt8]], body: [UInt8])
    {
        let mark: [UInt8] = [0x0d, 0x0a, 0x0d, 0x0a]
        let end = bytes.firstRange(of: mark)
        let head = bytes[..<(end?.lowerBound ?? bytes.endIndex)]
        var lines: [[UInt8]] = []
        var rest = head
        while !rest.isEmpty {
            let place = rest.firstRange(of: [0x0d, 0x0a])
            let line = rest[..<(place?.lowerBound ?? rest.endIndex)]
            rest = rest[(place?.upperBound ?? rest.endIndex)...]
            if let first = line.first, first == 0x20 || first == 0x09, !lines.isEmpty {
                lines[lines.count - 1] += [0x0d, 0x0a] + line
            } else {
                lines.append(Array(line))
            }
        }
        let kept = lines.dropFirst().filter { line in
            let name = line.prefix { $0 != 0x3a && $0 != 0x20 && $0 != 0x09 }
            return !self.own.contains(String(decoding: name, as: UTF8.self).lowercased())
        }
        return (lines.first ?? [], Array(kept), end.map { Array(bytes[$0.upperBound...]) } ?? [])
    }

    /// True for a request that was passed on.
    @discardableResult
    private func check(_ bytes: [UInt8], _ name: String) throws -> Bool {
        guard let message = try? SIPMessage.parse(bytes, framing: .datagram),
            let method = message.method
        else { return false }
        let sent = Self.sent(message, by: try Self.proxy(.udp))
        let passed = sent.filter { $0.starts(with: method.bytes + [0x20]) }
        guard let out = passed.first else { return false }
        let start = message.bytes.firstIndex { $0 != 0x0d && $0 != 0x0a } ?? 0
        let before = Self.parts(Array(message.bytes[start...]))
        let after = Self.parts(out)
        #expect(before.lines == after.lines, "\(name)")
        #expect(before.body == after.body, "\(name)")
        // A strict router as the next hop has its place in the start line (16.6, 6).
        let isStrict = try message.routes().contains {
            (try? SIPURI($0.uri))?.isLooseRouter != true
        }
        if !isStrict { #expect(before.start == after.start, "\(name)") }
        let again = try SIPMessage.parse(out, framing: .datagram)
        #expect(again.all(.via).count == message.all(.via).count + 1, "\(name)")
        return true
    }

    @Test("The torture messages of RFC 4475 and RFC 5118")
    func torture() throws {
        let cases = RFC4475.all + RFC5118.all
        let passed = try cases.filter { try self.check($0.bytes, $0.name) }.map(\.name)
        for name in ["wsinv", "intmeth", "esc01", "longreq", "dblreq", "semiuri", "regbadct"] {
            #expect(passed.contains(name), "\(name)")
        }
        // It has a Proxy-Require.
        #expect(!passed.contains("bext01") && passed.count == 35, "\(passed)")
    }

    @Test("The messages of Teams, 52-mcp-originating and 53-mcp-terminating-loop-guard among them")
    func teams() throws {
        let files = SharedFile.list("teams", ext: "sip")
        if files.isEmpty { return TestData.leftOut(46, "teams, through the proxy") }
        var passed: [String] = []
        for file in files where try self.check(try #require(TestData.bytes(file.url)), file.name) {
            passed.append(file.name)
        }
        #expect(passed.contains("52-mcp-originating"))
        #expect(passed.contains("53-mcp-terminating-loop-guard"))
        #expect(passed.count >= 20, "\(passed)")
    }

    @Test("52-mcp-originating is asked about, 53-mcp-terminating-loop-guard is not")
    func fixtures() throws {
        guard let originating = TestData.bytes("teams/52-mcp-originating.sip"),
            let terminating = TestData.bytes("teams/53-mcp-terminating-loop-guard.sip")
        else { return TestData.leftOut(2, "teams/52 and 53, through the proxy") }
        for (bytes, route, mark) in [
            (originating, "<sip:odi-77@scscf.ims.carrier.example:5061;lr>", "MO"),
            (terminating, "<sip:odi-78@scscf.ims.carrier.example:5061;lr>", "MT"),
        ] {
            let proxy = try Self.proxy(.tls)
            let message = try SIPMessage.parse(bytes, framing: .datagram)
            let sent = try #require(Self.sent(message, by: proxy).first)
            let out = try SIPMessage.parse(sent, framing: .stream)
            #expect(out.all(.route).map { String(decoding: $0, as: UTF8.self) } == [route])
            #expect(try out.maxForwards() == 65)
            let marks = out.lines(HeaderName("X-MS-FMC")).map { Array($0) }
            #expect(marks == [Array(mark.utf8)])
            #expect(proxy.counters.diverted == (mark == "MO" ? 1 : 0))
            #expect(proxy.counters.marked == (mark == "MT" ? 1 : 0))
        }
    }
}
