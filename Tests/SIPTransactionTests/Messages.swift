// SPDX-License-Identifier: Apache-2.0

import NetworkAddress
import SIPMessage
import Testing

@testable import SIPTransaction

/// Small messages for tests; `fault` stands for none that a test could go on with.
enum Messages {
    static func hop(_ transport: TransportProtocol = .udp, port: UInt16 = 5060) -> Hop {
        Hop(
            listener: ListenerIndex(rawValue: 0), transport: transport,
            remote: SocketAddress(address: IPAddress(ipv4: 0xc633_6402), port: port),
            connection: transport.isReliable ? ConnectionID(rawValue: 7) : nil)
    }

    struct Request {
        var method = "INVITE"
        var cseqMethod: String?
        var uri = "sip:bob@192.0.2.4"
        var branch = "z9hG4bK-1"
        var viaHost = "198.51.100.2:5060"
        var viaExtra = ""
        var from = "<sip:alice@example.com>;tag=a1"
        var to = "<sip:bob@example.com>"
        var callID = "call-1@example.com"
        var sequence: UInt32 = 1
        var extra = ""

        var bytes: [UInt8] {
            let branchPart = self.branch.isEmpty ? "" : ";branch=\(self.branch)"
            let text = """
                \(self.method) \(self.uri) SIP/2.0\r
                Via: SIP/2.0/UDP \(self.viaHost)\(branchPart)\(self.viaExtra)\r
                Max-Forwards: 70\r
                From: \(self.from)\r
                To: \(self.to)\r
                Call-ID: \(self.callID)\r
                CSeq: \(self.sequence) \(self.cseqMethod ?? self.method)\r
                Contact: <sip:alice@198.51.100.2>\r
                \(self.extra)Content-Length: 0\r
                \r

                """
            return Array(text.utf8)
        }

        func message() throws -> SIPMessage {
            try SIPMessage.parse(self.bytes, framing: .datagram)
        }
    }

    static func response(
        _ status: Int, to request: SIPMessage, tag: String = "b1", from source: Hop = hop()
    ) throws -> [UInt8] {
        var template = ResponseTemplate(status: status, reason: "Test")
        if status > 100 { template.toTag = Array(tag.utf8) }
        return try #require(template.build(for: request, from: source))
    }

    static func parse(_ bytes: [UInt8]) throws -> SIPMessage {
        try SIPMessage.parse(bytes, framing: .datagram)
    }
}

/// What came out of a layer, sorted by kind.
struct Drained {
    var sent: [(bytes: [UInt8], hop: Hop, owner: TransactionID?)] = []
    var started: [(token: TimerToken, milliseconds: UInt32)] = []
    var stopped: [TimerToken] = []
    var requests: [ServerTransactionID] = []
    var acks = 0
    var cancels: [ServerTransactionID] = []
    var responses: [(id: ClientTransactionID, status: Int)] = []
    var strayAnswers = 0
    var strayCancels = 0
    var timeouts: [ClientTransactionID] = []
    var failures: [ClientTransactionID] = []
    var serverTimeouts: [ServerTransactionID] = []
    var serverFailures: [ServerTransactionID] = []
    var terminated: [TransactionID] = []

    init(_ layer: TransactionLayer) {
        for output in layer.drain() {
            switch output {
            case .send(let bytes, let hop, let owner): self.sent.append((bytes, hop, owner))
            case .startTimer(let token, let time): self.started.append((token, time))
            case .stopTimer(let token): self.stopped.append(token)
            case .request(let id, _, _): self.requests.append(id)
            case .ack: self.acks += 1
            case .cancel(let id, _): self.cancels.append(id)
            case .response(let id, let message): self.responses.append((id, message.status ?? 0))
            case .strayAnswer: self.strayAnswers += 1
            case .strayCancel: self.strayCancels += 1
            case .timeout(let id): self.timeouts.append(id)
            case .transportFailed(let id): self.failures.append(id)
            case .serverTimeout(let id): self.serverTimeouts.append(id)
            case .serverTransportFailed(let id): self.serverFailures.append(id)
            case .terminated(let id): self.terminated.append(id)
            }
        }
    }

    func token(_ timer: TransactionTimer) throws -> TimerToken {
        try #require(self.started.first { $0.token.timer == timer }?.token)
    }

    /// The first lines of what was sent, without the protocol's name.
    var startLines: [String] {
        self.sent.map { String(decoding: $0.bytes.prefix { $0 != 0x0d }, as: UTF8.self) }
    }
}
