// SPDX-License-Identifier: Apache-2.0

import SIPMessage
import Testing

@testable import SIPTransaction

@Suite("The layer of a proxy")
struct ProxyLayerTests {
    private let layer: TransactionLayer

    init() {
        var configuration = TransactionLayer.Configuration()
        configuration.user = .proxy
        self.layer = TransactionLayer(configuration: configuration)
    }

    private func receive(_ request: Messages.Request) throws -> Drained {
        self.layer.received(try request.message(), from: Messages.hop())
        return Drained(self.layer)
    }

    @Test("A 2xx is sent once, and its missing ACK is nobody's fault")
    func success() throws {
        let request = Messages.Request()
        let id = try #require(try self.receive(request).requests.first)
        let response = try Messages.response(200, to: try request.message())
        #expect(self.layer.respond(id, status: 200, bytes: response))
        let drained = Drained(self.layer)
        #expect(drained.startLines == ["SIP/2.0 200 Test"])
        #expect(!drained.started.contains { $0.token.timer == .success })
        self.layer.timerFired(try drained.token(.l))
        let end = Drained(self.layer)
        #expect(end.serverTimeouts.isEmpty && end.terminated == [.server(id)])
        #expect(self.layer.counters.serverTimeouts == 0)
    }

    @Test("Each ACK for a 2xx is handed on; that for an error ends here")
    func acks() throws {
        let request = Messages.Request()
        let id = try #require(try self.receive(request).requests.first)
        self.layer.respond(
            id, status: 200, bytes: try Messages.response(200, to: try request.message()))
        var ack = Messages.Request(method: "ACK", branch: "z9hG4bK-ack")
        ack.to += ";tag=b1"
        for _ in 0..<3 { #expect(try self.receive(ack).acks == 1) }
        let other = Messages.Request(branch: "z9hG4bK-2", callID: "other")
        let second = try #require(try self.receive(other).requests.first)
        self.layer.respond(
            second, status: 486, bytes: try Messages.response(486, to: try other.message()))
        let own = Messages.Request(method: "ACK", branch: "z9hG4bK-2", callID: "other")
        #expect(try self.receive(own).acks == 0)
    }

    @Test("The same request by two ways is two transactions")
    func spirals() throws {
        #expect(try self.receive(Messages.Request()).requests.count == 1)
        let drained = try self.receive(Messages.Request(branch: "z9hG4bK-2"))
        #expect(drained.requests.count == 1 && drained.sent.isEmpty)
        #expect(self.layer.counters.mergedRequests == 0)
    }

    @Test("A CANCEL for nothing is handed on without an answer")
    func strayCancel() throws {
        let drained = try self.receive(Messages.Request(method: "CANCEL"))
        #expect(drained.strayCancels == 1 && drained.sent.isEmpty)
        #expect(self.layer.serverCount == 0)
    }
}
