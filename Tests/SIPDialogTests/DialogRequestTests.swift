// SPDX-License-Identifier: Apache-2.0

import SIPDialog
import SIPMessage
import Testing

@Suite struct DialogRequestTests {
    static let via = octets("SIP/2.0/UDP 198.51.100.2;branch=z9hG4bK9")

    /// A client's dialog behind the routes given, in the order of our requests.
    func dialog(routes: [String], contact: String = "<sip:bob@203.0.113.8>") throws -> Dialog {
        try Dialog(
            client: Messages.request(),
            response: Messages.response(
                200, contact: contact, extra: routes.reversed().map { "Record-Route: \($0)" }),
            overTLS: false)
    }

    func parse(_ builder: SIPMessageBuilder?) throws -> SIPMessage {
        let builder = try #require(builder)
        return try SIPMessage.parse(builder.finish(), framing: .datagram)
    }

    @Test func rfc3261_12_2_1_1_withoutRoutes() throws {
        var dialog = try self.dialog(routes: [])
        #expect(text(dialog.nextHop) == "sip:bob@203.0.113.8")
        let bye = try self.parse(dialog.request(.bye, via: Self.via))
        #expect(bye.method == .bye)
        #expect(text(bye.requestURI) == "sip:bob@203.0.113.8")
        #expect(bye.all(.route).isEmpty)
        #expect(try bye.cseq() == CSeq(number: 8, method: .bye))
        #expect(text(try bye.topVia().bytes) == text(Self.via))
        #expect(try bye.from().tag?.elementsEqual(octets("a1")) == true)
        #expect(try bye.to().tag?.elementsEqual(octets("b1")) == true)
        #expect(text(try bye.callID()) == "Call-1@h")
        #expect(try bye.maxForwards() == 70)
        #expect(dialog.localSequence == 8)
    }

    @Test func rfc3261_12_2_1_1_looseRoutes() throws {
        var dialog = try self.dialog(
            routes: ["<sip:p1.example.com;lr>", "<sip:p2.example.com;lr>"])
        let bye = try self.parse(dialog.request(.bye, via: Self.via))
        #expect(text(bye.requestURI) == "sip:bob@203.0.113.8")
        #expect(
            bye.all(.route).map(text) == ["<sip:p1.example.com;lr>", "<sip:p2.example.com;lr>"])
        #expect(text(dialog.nextHop) == "sip:p1.example.com;lr")
    }

    @Test func rfc3261_12_2_1_1_strictRoutes() throws {
        var dialog = try self.dialog(
            routes: ["<sip:u?x@p1.example.com;method=BYE;transport=tcp?Subject=a>", "<sip:p2>"])
        let bye = try self.parse(dialog.request(.bye, via: Self.via))
        #expect(text(bye.requestURI) == "sip:u?x@p1.example.com;transport=tcp")
        #expect(bye.all(.route).map(text) == ["<sip:p2>", "<sip:bob@203.0.113.8>"])
    }

    @Test func rfc3261_13_2_2_4_acknowledgementHasTheInvitesNumber() throws {
        var dialog = try self.dialog(routes: ["<sip:p1.example.com;lr>"])
        _ = dialog.request(.update, via: Self.via)
        let ack = try self.parse(dialog.acknowledgement(sequence: 7, via: Self.via))
        #expect(ack.method == .ack)
        #expect(try ack.cseq() == CSeq(number: 7, method: .ack))
        #expect(ack.all(.route).count == 1)
        #expect(dialog.localSequence == 8)
    }

    @Test func rfc3261_12_2_1_1_serverBeginsItsOwnNumbers() throws {
        var dialog = try Dialog(
            server: Messages.request(), localTag: octets("us"), state: .confirmed, overTLS: false)
        let bye = try self.parse(dialog.request(.bye, via: Self.via))
        #expect(try bye.cseq().number == 1)
        #expect(text(bye.requestURI) == "sip:alice@198.51.100.2:5062")
        #expect(try bye.from().tag?.elementsEqual(octets("us")) == true)
        #expect(try bye.to().tag?.elementsEqual(octets("a1")) == true)
        #expect(text(try bye.to().displayName) == "Alice")
    }

    @Test func acknowledgementAndCancelAreNoRequestsOfTheDialog() throws {
        var dialog = try self.dialog(routes: [])
        let acknowledgement = dialog.request(.ack, via: Self.via)
        let cancel = dialog.request(.cancel, via: Self.via)
        #expect(acknowledgement == nil)
        #expect(cancel == nil)
        #expect(dialog.localSequence == 7)
    }

    @Test(arguments: [Dialog.sequenceLimit, UInt32.max])
    func rfc3261_8_1_1_5_sequenceNumbersEnd(last: UInt32) throws {
        var dialog = try Dialog(
            client: Messages.request(sequence: last), response: Messages.response(200),
            overTLS: false)
        let request = dialog.request(.bye, via: Self.via)
        #expect(request == nil)
        #expect(dialog.localSequence == last)
    }

    @Test func rfc3261_14_1_waitAfterGlare() {
        for random in [0, 1, 190, 191, 200, 201, 12345, UInt32.max] {
            let owner = InviteGlare.retryMilliseconds(ownsCallID: true, random: random)
            let other = InviteGlare.retryMilliseconds(ownsCallID: false, random: random)
            #expect((2100...4000).contains(owner) && owner % 10 == 0)
            #expect((0...2000).contains(other) && other % 10 == 0)
        }
        #expect(InviteGlare.retryMilliseconds(ownsCallID: true, random: 190) == 4000)
        #expect(InviteGlare.retryMilliseconds(ownsCallID: false, random: 200) == 2000)
    }
}
