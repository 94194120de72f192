// SPDX-License-Identifier: Apache-2.0

import NetworkAddress
import SIPMessage
import Testing

@testable import SIPTransaction

@Suite struct TransactionLayerClientTests {
    let layer = TransactionLayer()
    let invite = Messages.Request(extra: "Route: <sip:p1.example.com;lr>,<sip:p2.example.com>\r\n")

    func sendInvite(over transport: TransportProtocol = .udp) throws -> ClientTransactionID {
        try #require(
            self.layer.send(
                request: self.invite.bytes, method: .invite, branch: Array("z9hG4bK-1".utf8),
                to: Messages.hop(transport)))
    }

    func receive(_ status: Int, tag: String = "b1", method: String? = nil) throws {
        var request = self.invite
        request.cseqMethod = method
        let bytes = try Messages.response(status, to: request.message(), tag: tag)
        self.layer.received(try Messages.parse(bytes), from: Messages.hop())
    }

    @Test func rfc3261_17_1_1_requestIsRepeatedByTimerA() throws {
        let id = try self.sendInvite()
        let first = Drained(self.layer)
        #expect(first.sent.count == 1)
        #expect(first.sent[0].owner == .client(id))
        #expect(first.started.map(\.milliseconds) == [500, 32000])
        self.layer.timerFired(try first.token(.a))
        let second = Drained(self.layer)
        #expect(second.sent[0].bytes == self.invite.bytes)
        #expect(second.started.map(\.milliseconds) == [1000])
        #expect(self.layer.counters.retransmissionsSent == 1)
    }

    @Test func aRequestThatNothingWasHeardOfSurvivesItsConnectionOnce() throws {
        let id = try self.sendInvite(over: .tcp)
        _ = Drained(self.layer)
        var other = Messages.hop(.tcp)
        other.remote.port &+= 1
        other.connection = nil
        self.layer.connectionLost(other)
        self.layer.connectionLost(Messages.hop(.udp))
        #expect(self.layer.drain().isEmpty)
        self.layer.connectionLost(Messages.hop(.tcp))
        let again = Drained(self.layer)
        #expect(again.sent.map(\.bytes) == [self.invite.bytes])
        #expect(again.sent.first?.owner == .client(id) && again.started.isEmpty)
        self.layer.connectionLost(Messages.hop(.tcp))
        #expect(self.layer.drain().isEmpty)
    }

    @Test func aRequestThatWasHeardIsNotSentAgain() throws {
        _ = try self.sendInvite(over: .tls)
        try self.receive(100)
        _ = Drained(self.layer)
        self.layer.connectionLost(Messages.hop(.tls))
        #expect(self.layer.drain().isEmpty)
    }

    @Test func staleTimerIsHarmless() throws {
        _ = try self.sendInvite()
        let tokenA = try Drained(self.layer).token(.a)
        self.layer.timerFired(tokenA)
        _ = Drained(self.layer)
        self.layer.timerFired(tokenA)
        #expect(self.layer.drain().isEmpty)
        #expect(self.layer.counters.staleTimers == 1)
    }

    @Test func timerOfAFormerTransactionInTheSameSlotIsHarmless() throws {
        _ = try self.sendInvite()
        let old = Drained(self.layer)
        self.layer.timerFired(try old.token(.b))
        #expect(Drained(self.layer).timeouts.count == 1)
        let id = try self.sendInvite()
        _ = Drained(self.layer)
        self.layer.timerFired(try old.token(.b))
        self.layer.timerFired(try old.token(.a))
        #expect(self.layer.drain().isEmpty)
        #expect(self.layer.counters.staleTimers == 2)
        #expect(self.layer.entry(id) != nil)
    }

    @Test func rfc3261_17_1_1_3_ackHasTheViaTheRoutesAndTheResponsesTo() throws {
        _ = try self.sendInvite()
        _ = Drained(self.layer)
        try self.receive(486, tag: "busy")
        let drained = Drained(self.layer)
        #expect(drained.responses.map(\.status) == [486])
        let ack = try Messages.parse(try #require(drained.sent.first).bytes)
        #expect(ack.method == .ack)
        #expect(ack.requestURI.elementsEqual("sip:bob@192.0.2.4".utf8))
        #expect(ack.all(.via).count == 1)
        #expect(try ack.topVia().branch?.elementsEqual("z9hG4bK-1".utf8) == true)
        #expect(try ack.to().tag?.elementsEqual("busy".utf8) == true)
        #expect(try ack.cseq() == CSeq(number: 1, method: .ack))
        #expect(ack.all(.route).count == 2)
        // The response again: the same ACK again, nothing for the user.
        try self.receive(486, tag: "busy")
        let again = Drained(self.layer)
        #expect(again.sent.map(\.bytes) == drained.sent.map(\.bytes))
        #expect(again.responses.isEmpty)
    }

    @Test func rfc6026_7_2_everySuccessReachesTheUserUntilTimerM() throws {
        let id = try self.sendInvite()
        _ = Drained(self.layer)
        try self.receive(200, tag: "x")
        let first = Drained(self.layer)
        #expect(first.responses.map(\.status) == [200])
        #expect(first.sent.isEmpty)
        try self.receive(200, tag: "y")
        #expect(Drained(self.layer).responses.map(\.status) == [200])
        self.layer.timerFired(try first.token(.m))
        #expect(Drained(self.layer).terminated == [.client(id)])
        // The user may know its call still, and repeat the ACK.
        try self.receive(200, tag: "x")
        #expect(Drained(self.layer).strayAnswers == 1)
        try self.receive(486, tag: "x")
        try self.receive(200, tag: "x", method: "BYE")
        #expect(self.layer.drain().isEmpty)
        #expect(self.layer.counters.strayResponses == 3)
        #expect(self.layer.tableEntryCount == 0)
    }

    @Test func finishedTransactionKeepsNoRequest() throws {
        let id = try self.sendInvite()
        try self.receive(200)
        #expect(self.layer.entry(id)?.request.isEmpty == true)
    }

    @Test func rfc3261_9_1_cancelGoesOutAfterTheProvisional() throws {
        let id = try self.sendInvite()
        _ = Drained(self.layer)
        self.layer.cancel(id, reason: Array("SIP;cause=200".utf8))
        #expect(self.layer.drain().isEmpty)
        try self.receive(180)
        let drained = Drained(self.layer)
        let cancel = try Messages.parse(try #require(drained.sent.first).bytes)
        #expect(cancel.method == .cancel)
        #expect(try cancel.cseq() == CSeq(number: 1, method: .cancel))
        #expect(try cancel.topVia().branch?.elementsEqual("z9hG4bK-1".utf8) == true)
        #expect(try cancel.to().tag == nil)
        #expect(cancel.all(.route).count == 2)
        #expect(cancel.first(.reason)?.elementsEqual("SIP;cause=200".utf8) == true)
        #expect(self.layer.clientCount == 1)
        // The 200 to the CANCEL stays inside, the 487 does not.
        try self.receive(200, method: "CANCEL")
        #expect(Drained(self.layer).responses.isEmpty)
        try self.receive(487)
        #expect(Drained(self.layer).responses.map(\.status) == [487])
    }

    @Test func rfc3261_9_1_cancelledInviteEndsWithoutFinalResponse() throws {
        let id = try self.sendInvite()
        try self.receive(180)
        _ = Drained(self.layer)
        self.layer.cancel(id)
        let drained = Drained(self.layer)
        self.layer.timerFired(try drained.token(.cancelled))
        let end = Drained(self.layer)
        #expect(end.timeouts == [id])
        #expect(end.terminated == [.client(id)])
    }

    @Test func rfc3261_16_6_timerCCancels() throws {
        _ = try self.sendInvite()
        try self.receive(180)
        let tokenC = try Drained(self.layer).token(.c)
        self.layer.timerFired(tokenC)
        #expect(Drained(self.layer).startLines == ["CANCEL sip:bob@192.0.2.4 SIP/2.0"])
    }

    @Test func rfc3261_16_6_timerCStartsAnewWithEachProvisional() throws {
        _ = try self.sendInvite()
        try self.receive(180)
        let first = try Drained(self.layer).token(.c)
        try self.receive(183)
        let second = Drained(self.layer)
        #expect(second.stopped == [first])
        #expect(try second.token(.c) != first)
    }

    @Test func rfc3261_17_1_3_methodOfCSeqIsPartOfTheKey() throws {
        _ = try self.sendInvite()
        _ = Drained(self.layer)
        try self.receive(200, method: "BYE")
        #expect(self.layer.drain().isEmpty)
        #expect(self.layer.counters.strayResponses == 1)
    }

    @Test func rfc3261_17_1_4_transportFailureEndsTheTransaction() throws {
        let id = try self.sendInvite(over: .tcp)
        let timers = Drained(self.layer)
        #expect(timers.started.map(\.token.timer) == [.b])
        self.layer.transportFailed(.client(id))
        let drained = Drained(self.layer)
        #expect(drained.failures == [id])
        #expect(drained.stopped == timers.started.map(\.token))
        #expect(drained.terminated == [.client(id)])
        #expect(self.layer.counters.transportFailures == 1)
        self.layer.transportFailed(.client(id))
        #expect(self.layer.drain().isEmpty)
    }

    @Test func limitAndDuplicateBranchAreRefused() throws {
        var configuration = TransactionLayer.Configuration()
        configuration.clientLimit = 2
        let layer = TransactionLayer(configuration: configuration)
        let request = Messages.Request(method: "OPTIONS").bytes
        func send(_ branch: String) -> ClientTransactionID? {
            layer.send(
                request: request, method: .options, branch: Array(branch.utf8), to: Messages.hop())
        }
        #expect(send("z9hG4bK-a") != nil)
        #expect(send("z9hG4bK-a") == nil)
        #expect(layer.counters.duplicateBranches == 1)
        #expect(send("z9hG4bK-b") != nil)
        #expect(send("z9hG4bK-c") == nil)
        #expect(layer.counters.clientLimitHits == 1)
        #expect(layer.clientCount == 2)
    }

    @Test func responseWithoutKeyIsDropped() throws {
        let bytes = Array("SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP h\r\nContent-Length: 0\r\n\r\n".utf8)
        self.layer.received(try Messages.parse(bytes), from: Messages.hop())
        #expect(self.layer.drain().isEmpty)
        #expect(self.layer.counters.unkeyedMessages == 1)
    }

    @Test func unbuildableAckAndCancelAreCounted() throws {
        let request = Array("INVITE".utf8)
        let branch = Array("z9hG4bK-1".utf8)
        let id = try #require(
            self.layer.send(request: request, method: .invite, branch: branch, to: Messages.hop()))
        try self.receive(180)
        self.layer.cancel(id)
        try self.receive(500)
        #expect(self.layer.counters.unbuildableMessages == 2)
    }
}
