// SPDX-License-Identifier: Apache-2.0

import NetworkAddress
import SIPMessage
import Testing

@testable import SIPTransaction

@Suite struct TransactionLayerServerTests {
    let layer = TransactionLayer()

    @discardableResult
    func receive(_ request: Messages.Request, from hop: Hop = Messages.hop()) throws -> Drained {
        self.layer.received(try request.message(), from: hop)
        return Drained(self.layer)
    }

    @discardableResult
    func respond(
        _ status: Int, _ id: ServerTransactionID, to request: Messages.Request
    ) throws -> Drained {
        let bytes = try Messages.response(status, to: request.message())
        self.layer.respond(id, status: status, bytes: bytes)
        return Drained(self.layer)
    }

    func ack(_ request: Messages.Request, tag: String = "b1") -> Messages.Request {
        var ack = request
        ack.method = "ACK"
        ack.to += ";tag=\(tag)"
        return ack
    }

    @Test func rfc3261_17_2_1_tryingGoesOutWhenTheUserIsSilent() throws {
        let invite = Messages.Request(extra: "Timestamp: 54\r\n")
        let first = try self.receive(invite)
        #expect(first.requests.count == 1)
        #expect(first.sent.isEmpty)
        #expect(first.started.map(\.milliseconds) == [200])
        self.layer.timerFired(try first.token(.trying))
        let trying = Drained(self.layer)
        #expect(trying.startLines == ["SIP/2.0 100 Trying"])
        let message = try Messages.parse(trying.sent[0].bytes)
        #expect(try message.to().tag == nil)
        #expect(message.first(.timestamp)?.elementsEqual("54".utf8) == true)
        let again = try self.receive(invite)
        #expect(again.startLines == ["SIP/2.0 100 Trying"])
        #expect(again.requests.isEmpty)
        #expect(self.layer.counters.requestRetransmissionsReceived == 1)
    }

    @Test func tryingAtOnceOnRequestOfTheUser() throws {
        let first = try self.receive(Messages.Request())
        self.layer.sendTrying(first.requests[0])
        let drained = Drained(self.layer)
        #expect(drained.startLines == ["SIP/2.0 100 Trying"])
        #expect(drained.stopped == [try first.token(.trying)])
        self.layer.sendTrying(first.requests[0])
        #expect(self.layer.drain().isEmpty)
    }

    @Test func rfc3261_17_2_1_finalResponseIsRepeatedUntilTheAck() throws {
        let invite = Messages.Request()
        let id = try self.receive(invite).requests[0]
        let final = try self.respond(486, id, to: invite)
        #expect(final.startLines == ["SIP/2.0 486 Test"])
        self.layer.timerFired(try final.token(.g))
        #expect(Drained(self.layer).startLines == ["SIP/2.0 486 Test"])
        let confirmed = try self.receive(self.ack(invite))
        #expect(confirmed.acks == 0)
        #expect(confirmed.started.map(\.token.timer) == [.i])
        #expect(try self.receive(self.ack(invite)).acks == 0)
        self.layer.timerFired(try confirmed.token(.i))
        #expect(Drained(self.layer).terminated == [.server(id)])
        #expect(self.layer.tableEntryCount == 0)
    }

    @Test func rfc3261_17_2_1_missingAckIsReported() throws {
        let invite = Messages.Request()
        let id = try self.receive(invite).requests[0]
        let final = try self.respond(486, id, to: invite)
        self.layer.timerFired(try final.token(.h))
        let end = Drained(self.layer)
        #expect(end.serverTimeouts == [id])
        #expect(end.terminated == [.server(id)])
        #expect(self.layer.counters.serverTimeouts == 1)
    }

    @Test func rfc3261_13_3_1_4_successIsRepeatedUntilTheAck() throws {
        let invite = Messages.Request()
        let id = try self.receive(invite).requests[0]
        var drained = try self.respond(200, id, to: invite)
        var intervals: [UInt32] = []
        for _ in 0..<5 {
            let token = try drained.token(.success)
            intervals += drained.started.filter { $0.token == token }.map(\.milliseconds)
            self.layer.timerFired(token)
            drained = Drained(self.layer)
            #expect(drained.startLines == ["SIP/2.0 200 Test"])
        }
        #expect(intervals == [500, 1000, 2000, 4000, 4000])
        var ack = self.ack(invite)
        ack.branch = "z9hG4bK-other"
        let acknowledged = try self.receive(ack)
        #expect(acknowledged.acks == 1)
        #expect(acknowledged.stopped == [try drained.token(.success)])
        #expect(try self.receive(ack).acks == 0)
        #expect(self.layer.counters.repeatedAcks == 1)
        // RFC 6026 section 7.1: the INVITE again is absorbed.
        #expect(try self.receive(invite).sent.isEmpty)
    }

    @Test func rfc3261_13_3_1_4_missingAckForASuccessIsReported() throws {
        let invite = Messages.Request()
        let id = try self.receive(invite).requests[0]
        let drained = try self.respond(200, id, to: invite)
        self.layer.timerFired(try drained.token(.l))
        let end = Drained(self.layer)
        #expect(end.serverTimeouts == [id])
        #expect(end.stopped.count == 1)
        #expect(self.layer.tableEntryCount == 0)
    }

    @Test func repetitionOfASuccessEndsWithItsDialog() throws {
        let invite = Messages.Request()
        let id = try self.receive(invite).requests[0]
        self.layer.stopRepeating(id)
        #expect(self.layer.drain().isEmpty)
        let answered = try self.respond(200, id, to: invite)
        let repetition = try answered.token(.success)
        self.layer.stopRepeating(id)
        #expect(Drained(self.layer).stopped == [repetition])
        self.layer.timerFired(repetition)
        #expect(self.layer.drain().isEmpty)
        // Copies and a late ACK are absorbed, the missing one is no news.
        #expect(try self.receive(invite).sent.isEmpty)
        #expect(try self.receive(self.ack(invite)).acks == 0)
        self.layer.timerFired(try answered.token(.l))
        let end = Drained(self.layer)
        #expect(end.serverTimeouts.isEmpty)
        #expect(end.terminated == [.server(id)])
        #expect(self.layer.tableEntryCount == 0)
    }

    @Test func unmatchedAckGoesToTheUser() throws {
        #expect(try self.receive(self.ack(Messages.Request())).acks == 1)
        #expect(self.layer.counters.strayAcks == 1)
    }

    @Test func rfc3261_9_2_cancelIsAnsweredAndReportedOnce() throws {
        let invite = Messages.Request()
        let id = try self.receive(invite).requests[0]
        try self.respond(180, id, to: invite)
        var cancel = invite
        cancel.method = "CANCEL"
        let first = try self.receive(cancel)
        #expect(first.cancels == [id])
        #expect(first.startLines == ["SIP/2.0 200 OK"])
        let answer = try Messages.parse(first.sent[0].bytes)
        #expect(try answer.to().tag?.elementsEqual("b1".utf8) == true)
        #expect(try answer.cseq().method == .cancel)
        let second = try self.receive(cancel)
        #expect(second.cancels.isEmpty)
        #expect(second.sent.map(\.bytes) == first.sent.map(\.bytes))
        try self.respond(487, id, to: invite)
        #expect(self.layer.serverCount == 1)
    }

    @Test func rfc3261_9_2_cancelAfterTheFinalResponseHasNoEffect() throws {
        let invite = Messages.Request()
        let id = try self.receive(invite).requests[0]
        try self.respond(200, id, to: invite)
        var cancel = invite
        cancel.method = "CANCEL"
        let drained = try self.receive(cancel)
        #expect(drained.cancels.isEmpty)
        #expect(drained.startLines == ["SIP/2.0 200 OK"])
    }

    /// The tag that the user announced, whatever stood in a provisional response.
    @Test(arguments: [100, 180])
    func rfc3261_9_2_cancelIsAnsweredWithTheTagToCome(sent: Int) throws {
        let invite = Messages.Request()
        let id = try self.receive(invite).requests[0]
        self.layer.setTag(Array("mine".utf8), of: id)
        try self.respond(sent, id, to: invite)
        var cancel = invite
        cancel.method = "CANCEL"
        let answer = try Messages.parse(try self.receive(cancel).sent[0].bytes)
        #expect(try answer.to().tag?.elementsEqual("mine".utf8) == true)
    }

    @Test func rfc3261_9_2_cancelWithoutMatchGets481() throws {
        var cancel = Messages.Request()
        cancel.method = "CANCEL"
        let first = try self.receive(cancel)
        #expect(first.startLines == ["SIP/2.0 481 Call/Transaction Does Not Exist"])
        #expect(self.layer.counters.strayCancels == 1)
        #expect(self.layer.tableEntryCount == 0)
        // Without state, and the same each time (RFC 3261 section 8.2.7).
        #expect(try self.receive(cancel).sent.map(\.bytes) == first.sent.map(\.bytes))
    }

    @Test func rfc3261_8_2_2_2_mergedRequestGets482() throws {
        let invite = Messages.Request()
        try self.receive(invite)
        var other = invite
        other.branch = "z9hG4bK-2"
        let merged = try self.receive(other)
        #expect(merged.requests.isEmpty)
        #expect(merged.startLines == ["SIP/2.0 482 Loop Detected"])
        #expect(self.layer.counters.mergedRequests == 1)
        #expect(try self.receive(other).startLines == ["SIP/2.0 482 Loop Detected"])
    }

    @Test func rfc3261_8_2_2_2_requestInADialogIsNeverMerged() throws {
        let bye = Messages.Request(method: "BYE", to: "<sip:bob@example.com>;tag=b1")
        try self.receive(bye)
        var other = bye
        other.branch = "z9hG4bK-2"
        #expect(try self.receive(other).requests.count == 1)
    }

    @Test func rfc3261_17_2_3_sentByIsPartOfTheKey() throws {
        try self.receive(Messages.Request(method: "OPTIONS"))
        var other = Messages.Request(method: "OPTIONS", callID: "call-2@example.com")
        other.viaHost = "198.51.100.2:5070"
        #expect(try self.receive(other).requests.count == 1)
        other.viaHost = "198.51.100.2:5060"
        #expect(try self.receive(other).requests.isEmpty)
    }

    @Test func rfc3261_17_2_3_sentByIsComparedWithoutCase() throws {
        try self.receive(Messages.Request(method: "OPTIONS", viaHost: "Host.Example.COM"))
        let again = Messages.Request(method: "OPTIONS", viaHost: "host.example.com")
        #expect(try self.receive(again).requests.isEmpty)
    }

    @Test(arguments: ["", "1", "z9hG4bK"])
    func rfc3261_17_2_3_oldPeersAreMatchedWithoutBranch(branch: String) throws {
        let invite = Messages.Request(branch: branch)
        let id = try self.receive(invite).requests[0]
        #expect(try self.receive(invite).requests.isEmpty)
        var cancel = invite
        cancel.method = "CANCEL"
        #expect(try self.receive(cancel).cancels == [id])
        try self.respond(487, id, to: invite)
        let confirmed = try self.receive(self.ack(invite))
        #expect(confirmed.acks == 0)
        #expect(confirmed.started.map(\.token.timer) == [.i])
        var next = invite
        next.sequence = 2
        #expect(try self.receive(next).requests.count == 1)
    }

    @Test(arguments: [TransactionLayer.Configuration.Overload.reject, .drop])
    func limitRefusesOrDrops(overload: TransactionLayer.Configuration.Overload) throws {
        var configuration = TransactionLayer.Configuration()
        configuration.serverLimit = 1
        configuration.overload = overload
        let layer = TransactionLayer(configuration: configuration)
        layer.received(try Messages.Request(method: "OPTIONS").message(), from: Messages.hop())
        _ = layer.drain()
        let second = Messages.Request(method: "OPTIONS", branch: "z9hG4bK-2", callID: "c2")
        layer.received(try second.message(), from: Messages.hop())
        let drained = Drained(layer)
        #expect(drained.requests.isEmpty)
        #expect(layer.counters.serverLimitHits == 1)
        #expect(layer.serverCount == 1)
        guard overload == .reject else {
            #expect(drained.sent.isEmpty)
            return
        }
        #expect(drained.startLines == ["SIP/2.0 503 Service Unavailable"])
        let seconds = try Messages.parse(drained.sent[0].bytes).seconds(.retryAfter)
        #expect((1...5).contains(try #require(seconds)))
    }

    @Test func rfc4320_4_2_requestWithoutAnswerEndsInSilence() throws {
        let options = Messages.Request(method: "OPTIONS")
        let first = try self.receive(options)
        #expect(first.started.map(\.milliseconds) == [32000, 3500])
        self.layer.timerFired(try first.token(.lateTrying))
        #expect(Drained(self.layer).startLines == ["SIP/2.0 100 Trying"])
        self.layer.timerFired(try first.token(.f))
        let end = Drained(self.layer)
        #expect(end.sent.isEmpty)
        #expect(end.serverTimeouts == first.requests)
        let bytes = try Messages.response(200, to: options.message())
        #expect(!self.layer.respond(first.requests[0], status: 200, bytes: bytes))
        #expect(self.layer.counters.unsentResponses == 1)
    }

    @Test func rfc3261_18_2_2_goneConnectionIsReplacedOnce() throws {
        let invite = Messages.Request(viaHost: "198.51.100.2:5070")
        let hop = Messages.hop(.tcp, port: 40000)
        let id = try self.receive(invite, from: hop).requests[0]
        #expect(try self.respond(486, id, to: invite).sent[0].hop == hop)
        self.layer.transportFailed(.server(id))
        let second = Drained(self.layer)
        #expect(second.sent[0].hop.connection == nil)
        #expect(second.sent[0].hop.remote.port == 5070)
        #expect(second.serverFailures.isEmpty)
        self.layer.transportFailed(.server(id))
        #expect(Drained(self.layer).serverFailures == [id])
    }

    @Test func answeredTransactionKeepsNoRequest() throws {
        let invite = Messages.Request()
        let id = try self.receive(invite).requests[0]
        #expect(self.layer.entry(id)?.request != nil)
        try self.respond(200, id, to: invite)
        #expect(self.layer.entry(id)?.request == nil)
    }

    @Test func requestWithoutKeyIsDropped() throws {
        let bytes = Array("OPTIONS sip:a SIP/2.0\r\nContent-Length: 0\r\n\r\n".utf8)
        self.layer.received(try Messages.parse(bytes), from: Messages.hop())
        #expect(self.layer.drain().isEmpty)
        #expect(self.layer.counters.unkeyedMessages == 1)
    }
}
