// SPDX-License-Identifier: Apache-2.0

import SIPDialog
import SIPMessage
import Testing

@Suite struct DialogTests {
    static let twoRoutes = [
        "Record-Route: <sip:p2.example.com;lr>", "Record-Route: <sip:p1.example.com;lr>",
    ]
    static let via = octets("SIP/2.0/UDP 198.51.100.2;branch=z9hG4bK9")

    func client(_ status: Int = 200, routes: [String] = twoRoutes) throws -> Dialog {
        try Dialog(
            client: Messages.request(), response: Messages.response(status, extra: routes),
            overTLS: false)
    }

    func server(_ extra: [String] = []) throws -> Dialog {
        try Dialog(
            server: Messages.request(extra: extra), localTag: octets("us"), state: .early,
            overTLS: false)
    }

    @Test func rfc3261_12_1_2_stateOfTheClient() throws {
        let dialog = try self.client()
        #expect(
            dialog.key
                == DialogKey(
                    callID: octets("Call-1@h"), localTag: octets("a1"), remoteTag: octets("b1")))
        #expect(dialog.role == .client)
        #expect(dialog.state == .confirmed)
        #expect(
            dialog.routeSet.map(text) == ["<sip:p1.example.com;lr>", "<sip:p2.example.com;lr>"])
        #expect(text(dialog.remoteTarget) == "sip:bob@203.0.113.8;transport=tcp")
        #expect(dialog.localSequence == 7)
        #expect(dialog.remoteSequence == nil)
        #expect(text(dialog.localParty) == "Alice <sip:alice@example.com>;tag=a1")
        #expect(text(dialog.remoteParty) == "<sip:bob@example.com>;tag=b1")
        #expect(!dialog.isSecure)
    }

    @Test func rfc3261_12_1_1_stateOfTheServer() throws {
        let dialog = try self.server(Self.twoRoutes)
        #expect(
            dialog.key
                == DialogKey(
                    callID: octets("Call-1@h"), localTag: octets("us"), remoteTag: octets("a1")))
        #expect(dialog.role == .server)
        #expect(dialog.state == .early)
        #expect(
            dialog.routeSet.map(text) == ["<sip:p2.example.com;lr>", "<sip:p1.example.com;lr>"])
        #expect(text(dialog.remoteTarget) == "sip:alice@198.51.100.2:5062")
        #expect(dialog.localSequence == nil)
        #expect(dialog.remoteSequence == 7)
        #expect(text(dialog.localParty) == "<sip:bob@example.com>;tag=us")
    }

    @Test(arguments: [
        ("sips:bob@h", true, true), ("sips:bob@h", false, false), ("sip:bob@h", true, false),
    ])
    func rfc3261_12_1_secureFlag(uri: String, overTLS: Bool, expected: Bool) throws {
        let request = try Messages.request(uri: uri)
        let server = try Dialog(
            server: request, localTag: octets("t"), state: .early, overTLS: overTLS)
        let client = try Dialog(
            client: request, response: Messages.response(180), overTLS: overTLS)
        #expect(server.isSecure == expected)
        #expect(client.isSecure == expected)
    }

    @Test(arguments: [
        (101, Dialog.State.early), (199, .early), (200, .confirmed), (299, .confirmed),
    ])
    func rfc3261_12_1_2_stateByStatus(status: Int, state: Dialog.State) throws {
        #expect(try self.client(status).state == state)
    }

    @Test(arguments: [100, 300, 486])
    func rfc3261_12_1_otherResponsesMakeNoDialog(status: Int) throws {
        #expect(throws: DialogError.wrongMessage) { try self.client(status) }
    }

    @Test func rfc3261_12_1_1_requestWithoutContactMakesNoDialog() throws {
        let request = try Messages.request(contact: nil)
        #expect(throws: DialogError.contactMissing) {
            try Dialog(server: request, localTag: octets("t"), state: .early, overTLS: false)
        }
    }

    @Test func responseWithoutContactLeavesTheRequestURI() throws {
        let dialog = try Dialog(
            client: Messages.request(), response: Messages.response(183, contact: nil),
            overTLS: false)
        #expect(text(dialog.remoteTarget) == "sip:bob@192.0.2.4")
    }

    @Test func requestWithoutFromTagMakesNoClientDialog() throws {
        let request = try Messages.request(from: "<sip:a@b>")
        #expect(throws: DialogError.localTagMissing) {
            try Dialog(client: request, response: Messages.response(200), overTLS: false)
        }
    }

    @Test func unreadableValuesAreNamed() throws {
        let request = try Messages.request(contact: "<sip:")
        #expect {
            try Dialog(server: request, localTag: octets("t"), state: .early, overTLS: false)
        } throws: { error in
            if case .unreadable? = error as? DialogError { return true }
            return false
        }
    }

    @Test func routesAreBounded() throws {
        func routes(_ count: Int) -> [String] {
            (0..<count).map { "Record-Route: <sip:p\($0).example.com;lr>" }
        }
        #expect(try self.client(routes: routes(32)).routeSet.count == 32)
        #expect(throws: DialogError.tooManyRoutes) { try self.client(routes: routes(33)) }
    }

    @Test func rfc3261_13_2_2_4_successRecomputesRoutesAndTargetOnce() throws {
        var dialog = try self.client(180)
        let success = try Messages.response(
            200, contact: "<sip:new@h>", extra: ["Record-Route: <sip:p3.example.com;lr>"])
        try dialog.confirm(with: success)
        #expect(dialog.state == .confirmed)
        #expect(dialog.routeSet.map(text) == ["<sip:p3.example.com;lr>"])
        #expect(text(dialog.remoteTarget) == "sip:new@h")
        try dialog.confirm(with: Messages.response(200, contact: "<sip:again@h>"))
        #expect(dialog.routeSet.count == 1)
        #expect(text(dialog.remoteTarget) == "sip:again@h")
        #expect(throws: DialogError.wrongMessage) {
            try dialog.confirm(with: Messages.response(180))
        }
    }

    @Test func serverConfirmsWithItsSuccess() throws {
        var dialog = try self.server()
        dialog.confirm()
        #expect(dialog.state == .confirmed)
    }

    @Test func rfc3261_12_2_2_sequenceNumbersRiseWithGaps() throws {
        var dialog = try self.server()
        #expect(dialog.receive(sequence: 8, method: .update) == .inOrder)
        #expect(dialog.receive(sequence: 500, method: .invite) == .inOrder)
        #expect(dialog.receive(sequence: 499, method: .bye) == .outOfOrder)
        #expect(dialog.receive(sequence: 500, method: .bye) == .outOfOrder)
        #expect(dialog.receive(sequence: 500, method: .ack) == .inOrder)
        #expect(dialog.receive(sequence: 500, method: .cancel) == .inOrder)
        #expect(dialog.receive(sequence: .max, method: .bye) == .inOrder)
        #expect(dialog.remoteSequence == .max)
    }

    @Test func rfc3261_12_2_2_firstSequenceNumberIsFree() throws {
        var dialog = try self.client()
        #expect(dialog.receive(sequence: 0, method: .bye) == .inOrder)
        #expect(dialog.receive(sequence: 0, method: .bye) == .outOfOrder)
    }

    @Test func rfc3261_12_2_1_2_targetRefresh() throws {
        var dialog = try self.client()
        try dialog.refreshTarget(from: Messages.request(contact: "<sip:moved@h>"))
        #expect(text(dialog.remoteTarget) == "sip:moved@h")
        try dialog.refreshTarget(from: Messages.request(contact: nil))
        #expect(text(dialog.remoteTarget) == "sip:moved@h")
        #expect(dialog.routeSet.count == 2)
    }

    @Test func dialogKeyOfMessages() throws {
        let request = try Messages.request("BYE", from: "<sip:b@h>;tag=b1", to: "<sip:a@h>;tag=a1")
        let key = DialogKey(
            callID: octets("Call-1@h"), localTag: octets("a1"), remoteTag: octets("b1"))
        #expect(DialogKey(receivedRequest: request) == key)
        #expect(DialogKey(receivedResponse: try Messages.response(200)) == key)
        #expect(DialogKey(receivedRequest: try Messages.request()) == nil)
        #expect(DialogKey(receivedResponse: try Messages.response(100, to: "<sip:b@h>")) == nil)
    }
}
