// SPDX-License-Identifier: Apache-2.0

import CallControl
import Configuration
import Foundation
import SDP
import SIPMessage
import Testing

@testable import CallWorld
@testable import Node

/// Calls with peers that have no profile of their own, and what the overlay bounds.
@Suite struct GenericFlowTests {
    private static let all = ["generic-carrier", "generic-pbx"]

    @Test(arguments: all)
    func aCallEachWay(profile: String) throws {
        let scene = try ProfileScene(profile)
        let isCarrier = profile == "generic-carrier"
        let invite = try scene.callService()
        #expect(invite.sdp("m=") == ["m=audio 20002 RTP/AVP 9 8 0 18 101 13"])
        #expect(invite.sdp("a=crypto:").isEmpty)
        #expect(invite.words(.allow).contains("REFER") == !isCarrier)
        #expect(
            invite.words(.supported) == (isCarrier ? ["100rel", "timer"] : ["timer", "replaces"]))
        scene.finish()
        let back = try ProfileScene(profile)
        _ = try back.callCore()
        let answer = try #require(back.service.response(200))
        #expect(answer.sdp("m=") == ["m=audio 20000 RTP/AVP 9 8 0 101 13"])
        #expect(
            answer.text(.contact)?.hasPrefix("<sip:+25551234@sbc.carrier.example:5060") == true)
        back.finish()
    }

    /// A carrier that requires 100rel has it; the core need not know it.
    @Test func aCarrierWithReliableResponses() throws {
        let scene = try ProfileScene("generic-carrier")
        scene.service.script.dialogs.required = ["100rel"]
        _ = try scene.callCore()
        let ringing = try #require(scene.service.response(180))
        #expect(ringing.words(.require) == ["100rel"] && ringing.text(HeaderName("RSeq")) != nil)
        #expect(scene.service.response(200) != nil)
        scene.finish()
    }

    @Test func aCarrierThatAsksForASessionTimer() throws {
        let scene = try ProfileScene("generic-carrier")
        scene.service.script.dialogs.supported = ["timer"]
        scene.service.script.dialogs.sessionExpires = "1800"
        _ = try scene.callCore()
        #expect(try scene.service.response(200)?.sessionExpires()?.seconds == 1800)
        scene.finish()
    }

    /// Nobody moves the calls of a carrier.
    @Test func aCarrierCannotTransfer() throws {
        let scene = try ProfileScene("generic-carrier")
        _ = try scene.callService()
        let call = try #require(scene.service.calls.values.first)
        scene.service.refer(call, to: "<sip:+15559999@198.51.100.1>")
        scene.world.run(until: scene.world.now + 1000)
        #expect(scene.service.response(405) != nil && scene.service.response(202) == nil)
        scene.finish()
    }

    /// A PBX sees one early dialog, whatever branches ring.
    @Test func aPBXHasOneEarlyDialog() throws {
        let scene = try ProfileScene("generic-pbx")
        scene.core.script.progress = [
            PhoneScript.Progress(after: 50, status: 180, branch: "A"),
            PhoneScript.Progress(after: 100, status: 180, branch: "B"),
        ]
        scene.core.script.answerBranch = "B"
        _ = try scene.callCore()
        let heard = scene.service.responses.filter { [180, 200].contains($0.status) }
        let tags = Set(heard.compactMap { try? $0.to().tag.map(Array.init) })
        #expect(heard.count >= 2 && tags.count == 1)
        scene.finish()
    }

    /// Parts beside the description end here.
    @Test func aPBXGetsDescriptionsAlone() throws {
        let scene = try ProfileScene("generic-pbx")
        let part = "--b\r\nContent-Type: application/"
        scene.core.script.inviteBody = (
            "multipart/mixed;boundary=b",
            "\(part)sdp\r\n\r\nSDP\r\n\(part)pidf+xml\r\n\r\n<a/>\r\n--b--\r\n"
        )
        let invite = try scene.callService()
        #expect(invite.text(.contentType) == "application/sdp")
        scene.finish()
    }

    @Test func aPBXTransfers() throws {
        let scene = try ProfileScene("generic-pbx")
        _ = try scene.callService()
        let call = try #require(scene.service.calls.values.first)
        scene.service.refer(call, to: "<sip:+15559999@192.0.2.2>")
        scene.world.run(until: scene.world.now + 2000)
        #expect(scene.service.response(202) != nil)
        #expect(scene.service.requests.filter { $0.method == .invite }.count == 2)
        scene.finish()
    }

    /// The overlay changes nothing of the profile below it; what services are known to send fits.
    @Test func limitsOfAzureCommunicationsGateway() throws {
        let text = """
            node: { state-directory: /nonexistent, profile-directory: /nonexistent }
            realms: [{ interface: r0, addresses: [192.0.2.1] }]
            trunks:
              - name: t
                profile: [teams-direct-routing, acg-compat]
                host: sbc.carrier.example
            """
        let file = try NodeConfiguration.parse(Array(text.utf8), file: "node.yaml")
        #expect(file.trunks[0].security.srtp == .required)
        var expected = TrunkMessageLimits()
        expected.messageBytes = 10_240
        expected.uriBytes = 256
        expected.fromDomainBytes = 255
        expected.headerNameBytes = 32
        expected.optionTagBytes = 32
        expected.bodyNameBytes = 64
        expected.optionListBytes = 256
        #expect(file.trunks[0].messageLimits == expected)
        for name in Fixture.names {
            guard let message = try Fixture.message(name) else { continue }
            #expect(expected.verdict(message) == .accept, "\(name)")
        }
    }
}
