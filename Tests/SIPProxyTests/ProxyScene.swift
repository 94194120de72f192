// SPDX-License-Identifier: Apache-2.0

import NetworkAddress
import SIPMessage
import SIPTransaction
import Testing

@testable import SIPProxy

/// A proxy between a serving function and whatever comes next, with time, names and the service
/// played by the test.
final class ProxyScene {
    struct Sent {
        let text: String
        let hop: Hop
        let owner: TransactionID?

        /// The start line.
        var start: String { self.text.components("\r\n").first ?? "" }
        /// Values of the lines of that name, in order.
        func lines(_ name: String) -> [String] {
            self.text.components("\r\n").prefix { !$0.isEmpty }
                .filter { $0.hasPrefix(name + ": ") }
                .map { String($0.dropFirst(name.count + 2)) }
        }
    }

    static let core = Hop(
        listener: ListenerIndex(rawValue: 3), transport: .tls,
        remote: SocketAddress(address: IPAddress(ipv4: 0xc633_6402), port: 40_001),
        connection: ConnectionID(rawValue: 7))
    static let scscf = place(0xc633_6402, 5061)
    static let other = place(0xc633_6403, 5061)

    static func place(_ address: UInt32, _ port: UInt16) -> Hop {
        Hop(
            listener: ListenerIndex(rawValue: 3), transport: .tls,
            remote: SocketAddress(address: IPAddress(ipv4: address), port: port))
    }

    let proxy: ProxyCore
    private(set) var sent: [Sent] = []
    private(set) var timers: [ProxyTimer: UInt32] = [:]
    private(set) var searches: [(ticket: ProxyTicket, next: NextHop)] = []
    private(set) var questions: [(ticket: ProxyTicket, about: Consultation)] = []
    private(set) var endedQuestions: [ProxyTicket] = []
    /// Where names lead; nil: nobody answers until the test does.
    var places: [Hop]? = [ProxyScene.scscf]
    /// What the service answers; nil: nothing until the test does.
    var answer: ConsultationAnswer? = .native

    init(
        key: UInt64 = 7, transactionsMax: Int = 1000,
        change: (inout ProxyConfiguration) -> Void = { _ in }
    ) throws {
        var service = MobileControlPoint(
            originatingMark: Array("MO".utf8), terminatingMark: Array("MT".utf8),
            requestURI: try #require(
                DiversionTemplate("sip:${number}@gateway.example;user=phone".utf8)),
            route: try #require(DiversionTemplate("<sip:edge.example:5061;lr>, ${route}".utf8)))
        service.emergencyNumbers = [Array("911".utf8), Array("933".utf8)]
        var configuration = ProxyConfiguration(
            listener: ListenerIndex(rawValue: 3),
            identity: ProxyIdentity(
                transport: .tls,
                address: SocketAddress(address: IPAddress(ipv4: 0xc633_6401), port: 5061),
                host: Array("mcp-r1.gw.carrier.example".utf8)),
            sources: [AddressPrefix(of: IPAddress(ipv4: 0xc633_6400), bits: 24)],
            service: service)
        change(&configuration)
        self.proxy = ProxyCore(
            configuration: configuration, key: key, transactionsMax: transactionsMax)
    }

    // MARK: Events

    @discardableResult
    func receive(_ text: String, from hop: Hop = core) throws -> Verdict {
        try self.receive(try SIPMessage.parse(Array(text.utf8), framing: .stream), from: hop)
    }

    @discardableResult
    func receive(_ message: SIPMessage, from hop: Hop = core) throws -> Verdict {
        let verdict = self.proxy.received(message, from: hop)
        self.settle()
        return verdict
    }

    /// The answer to a request that was sent.
    func respond(
        _ status: Int, _ reason: String = "Test", to request: Sent, headers: String = ""
    ) throws {
        var lines = ["SIP/2.0 \(status) \(reason)"]
        for name in ["Via", "Record-Route", "From"] {
            lines += request.lines(name).map { "\(name): \($0)" }
        }
        let to = request.lines("To")[0]
        lines.append("To: \(to)" + (to.contains(";tag=") || status == 100 ? "" : ";tag=b1"))
        for name in ["Call-ID", "CSeq"] { lines.append("\(name): \(request.lines(name)[0])") }
        let text = lines.joined(separator: "\r\n") + "\r\n\(headers)Content-Length: 0\r\n\r\n"
        try self.receive(text, from: request.hop)
    }

    func fire(_ wanted: (ProxyTimer) -> Bool) throws {
        let found = self.timers.keys.first(where: wanted)
        let timer = try #require(found)
        self.timers[timer] = nil
        self.proxy.timerFired(timer)
        self.settle()
    }

    func fire(_ kind: TransactionTimer) throws {
        try self.fire { timer in
            if case .transaction(let token) = timer { token.timer == kind } else { false }
        }
    }

    /// Everything that is still to come in time, until nothing is.
    func passTime() {
        for _ in 0..<200 {
            guard let timer = self.timers.keys.first else { return }
            self.timers[timer] = nil
            self.proxy.timerFired(timer)
            self.settle()
        }
    }

    func fail(_ sent: Sent) throws {
        self.proxy.transportFailed(try #require(sent.owner))
        self.settle()
    }

    func locate(_ places: [Hop]) {
        self.proxy.located(self.searches.removeFirst().ticket, places)
        self.settle()
    }

    func consult(_ answer: ConsultationAnswer) {
        self.proxy.consulted(self.questions.removeFirst().ticket, answer)
        self.settle()
    }

    private func settle() {
        while true {
            let outputs = self.proxy.drain()
            guard !outputs.isEmpty else { return }
            for output in outputs { self.take(output) }
        }
    }

    private func take(_ output: ProxyOutput) {
        switch output {
        case .send(let bytes, let hop, let owner):
            self.sent.append(
                Sent(text: String(decoding: bytes, as: UTF8.self), hop: hop, owner: owner))
        case .startTimer(let timer, let milliseconds): self.timers[timer] = milliseconds
        case .stopTimer(let timer): self.timers[timer] = nil
        case .locate(let ticket, let next):
            if let places { return self.proxy.located(ticket, places) }
            self.searches.append((ticket, next))
        case .consult(let ticket, let consultation):
            self.questions.append((ticket, consultation))
            if let answer { self.proxy.consulted(ticket, answer) }
        case .endConsultation(let ticket): self.endedQuestions.append(ticket)
        }
    }

    /// Takes what was sent since the last time.
    func take() -> [Sent] {
        defer { self.sent = [] }
        return self.sent
    }

    /// The one message that was sent.
    func one(_ start: String) throws -> Sent {
        let sent = self.take()
        #expect(sent.count == 1, "\(sent.map(\.start))")
        let found = try #require(sent.first { $0.start.hasPrefix(start) })
        return found
    }

    // MARK: Messages

    struct Request {
        var method = "INVITE"
        var uri = "tel:+12025550199"
        var via = "SIP/2.0/TLS scscf.ims.carrier.example:5061;branch=z9hG4bK-isc-1"
        var maxForwards = "66"
        var routes = [
            "<sip:mcp-r1.gw.carrier.example;transport=tcp;service=mcp;lr>",
            "<sip:odi-77@scscf.ims.carrier.example:5061;lr>",
        ]
        var to = "<tel:+12025550199>"
        var call = "isc-0001"
        var sequence = 1
        var headers: [String] = [
            "P-Asserted-Identity: <tel:+12025550123>",
            "P-Served-User: <tel:+12025550123>;sescase=orig;regstate=reg",
        ]

        var text: String {
            var lines = ["\(self.method) \(self.uri) SIP/2.0", "Via: \(self.via)"]
            if !self.maxForwards.isEmpty { lines.append("Max-Forwards: \(self.maxForwards)") }
            if !self.routes.isEmpty {
                lines.append("Route: " + self.routes.joined(separator: ", "))
            }
            lines += [
                "From: <tel:+12025550123>;tag=ue1", "To: \(self.to)", "Call-ID: \(self.call)",
                "CSeq: \(self.sequence) \(self.method)",
            ]
            return (lines + self.headers + ["Content-Length: 0", "", ""])
                .joined(separator: "\r\n")
        }
    }
}

extension String {
    /// The parts between separators.
    func components(_ separator: String) -> [String] {
        self.split(separator: separator, omittingEmptySubsequences: false).map(String.init)
    }
}
