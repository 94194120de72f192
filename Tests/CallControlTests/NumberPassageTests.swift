// SPDX-License-Identifier: Apache-2.0

import SIPMessage
import Testing

@testable import CallControl
@testable import CallWorld

@Suite struct NumberPassageTests {
    private static func format(_ style: NumberFormat.Style) -> NumberFormat {
        var format = NumberFormat()
        format.style = style
        if style == .national {
            format.countryCode = Array("49".utf8)
            format.nationalPrefix = Array("0".utf8)
        }
        return format
    }

    @Test(arguments: [
        (NumberFormat.Style.asIs, "0171 x", "0171 x"), (.asIs, "+49-30", "+49-30"),
        (.e164, "+49(30)1234-567", "+49301234567"), (.e164, "0301234567", "0301234567"),
        (.plain, "49301234567", "+49301234567"), (.plain, "112", "112"),
        (.national, "0301234567", "+49301234567"), (.national, "0012025550100", "+12025550100"),
        (.national, "+4930123456", "+4930123456"), (.national, "911", "911"),
        (.national, "alice", "alice"), (.national, "*21*0301234567", "*21*0301234567"),
        (.plain, "anonymous", "anonymous"), (.plain, "%2B49301234567", "%2B49301234567"),
        (.plain, "999999999999999999999", "999999999999999999999"),
    ])
    func normalised(style: NumberFormat.Style, number: String, expected: String) {
        let bytes = Self.format(style).normalised(Array(number.utf8))
        #expect(String(decoding: bytes, as: UTF8.self) == expected)
    }

    @Test(arguments: [
        (NumberFormat.Style.asIs, "+49301234567", "+49301234567"),
        (.e164, "+49301234567", "+49301234567"), (.plain, "+49301234567", "49301234567"),
        (.national, "+49301234567", "0301234567"), (.national, "+12025550100", "0012025550100"),
        (.national, "112", "112"), (.plain, "0301234567", "0301234567"),
    ])
    func presented(style: NumberFormat.Style, number: String, expected: String) {
        let bytes = Self.format(style).presented(Array(number.utf8))
        #expect(String(decoding: bytes, as: UTF8.self) == expected)
    }

    /// Numbers in international form say that they are numbers where the trunk wants it; names,
    /// numbers of other forms and those of one place do not.
    @Test(arguments: [
        ("sip:+12025550100@a.example", true), ("sip:+1001@a.example", true),
        ("sip:+12025550100@a.example;user=ip", true), ("sip:911@a.example", false),
        ("sip:alice@a.example", false), ("sip:+@a.example", false), ("sip:a.example", false),
        ("sip:+1202x@a.example", false), ("tel:911", true),
    ])
    func numbersSayWhatTheyAre(uri: String, isMarked: Bool) throws {
        for style in [NumberFormat.Style.asIs, .e164] {
            var format = Self.format(style)
            format.uris = .userPhone
            for passage in [
                NumberPassage(from: NumberFormat(), to: format), .asIs(for: format),
            ] {
                var carried = try #require(CarriedURI(Array(uri.utf8)[...]))
                carried.pass(passage)
                let bytes = carried.bytes(host: Array("b.example".utf8), parameters: .known)
                let text = String(decoding: bytes, as: UTF8.self)
                #expect(text.hasSuffix(";user=phone") == isMarked, "\(text)")
            }
        }
    }

    /// What a trunk wrote and gets back is what it wrote, in every form that can say it.
    @Test func thereAndBack() {
        var random: UInt64 = 3
        for _ in 0..<2000 {
            random = random &* 6_364_136_223_846_793_005 &+ 1
            let number = Array("+49\(30_000_000 + random >> 40 % 60_000_000)".utf8)
            for style in NumberFormat.Style.allCases {
                let format = Self.format(style)
                #expect(format.normalised(format.presented(number)) == number)
            }
        }
    }

    /// Routes are looked up by the number as it means, not as it was written.
    @Test func routesSeeTheNumber() throws {
        let scene = PolicyScene { a, b in
            a.numbers.style = .national
            a.numbers.countryCode = Array("1".utf8)
            a.numbers.internationalPrefix = Array("011".utf8)
            b.numbers.style = .e164
        }
        scene.alice.script.from = "<sip:2025550101@198.51.100.1>"
        scene.alice.script.target = "sip:2025550100@192.0.2.1;user=phone"
        let invite = try scene.invite()
        #expect(invite.target == "sip:+12025550100@203.0.113.1;user=phone")
        #expect(invite.texts(.from)[0].contains("<sip:+12025550101@192.0.2.2>"))
        scene.finish()
    }

    @Test(arguments: [
        (
            "sip:+15551234;npdi;rn=+15550000;cic=+1288@192.0.2.1;user=phone",
            "sip:+15551234;npdi;rn=+15550000;cic=+1288@203.0.113.1;user=phone"
        ),
        (
            "tel:+1-555-1234;npdi;rn=+15550000;tgrp=t1;trunk-context=+1",
            "sip:+1-555-1234;npdi;rn=+15550000;tgrp=t1;trunk-context=+1@203.0.113.1;user=phone"
        ),
        (
            "sip:+15551234;tgrp=x;trunk-context=c.example@192.0.2.1:5060;cpc=operator;isup-oli=62",
            "sip:+15551234;tgrp=x;trunk-context=c.example@203.0.113.1;cpc=operator;isup-oli=62"
        ),
        (
            "sip:+15551234@192.0.2.1;transport=udp;maddr=192.0.2.1;cause=302;x-unknown=1",
            "sip:+15551234@203.0.113.1;cause=302"
        ),
    ])
    func parametersOfNumbersSurvive(uri: String, expected: String) throws {
        let scene = PolicyScene()
        scene.alice.script.target = uri
        let invite = try scene.invite()
        #expect(invite.target == expected)
        scene.finish()
    }

    /// They do so through a change of the number as well.
    @Test func parametersSurviveNormalisation() throws {
        let scene = PolicyScene { _, b in b.numbers.style = .plain }
        scene.alice.script.target =
            "sip:+15551234567;npdi;rn=+15550000@192.0.2.1;user=phone;cpc=payphone"
        scene.alice.script.from =
            "<sip:+12025550100;verstat=TN-Validation-Passed;isup-oli=0@198.51.100.1;cpc=test>"
        let invite = try scene.invite()
        #expect(
            invite.target
                == "sip:15551234567;npdi;rn=+15550000@203.0.113.1;cpc=payphone;user=phone")
        #expect(
            invite.texts(.from)[0].hasPrefix(
                "<sip:12025550100;verstat=TN-Validation-Passed;isup-oli=0@192.0.2.2;cpc=test>"))
        scene.finish()
    }

    @Test func localNumbersKeepTheirPlace() throws {
        let scene = PolicyScene { a, b in
            a.numbers = Self.format(.national)
            b.numbers.style = .plain
        }
        scene.alice.script.from = "<tel:0301234567;phone-context=x.example>"
        let invite = try scene.invite()
        #expect(
            invite.texts(.from)[0].contains(
                "<sip:0301234567;phone-context=x.example@192.0.2.2;user=phone>"))
        scene.finish()
    }

    @Test(arguments: URIParameterPolicy.allCases)
    func unknownParametersByPolicy(policy: URIParameterPolicy) throws {
        let scene = PolicyScene { _, b in b.parameters = policy }
        scene.alice.script.target = "sip:+15551234@192.0.2.1;lr;cause=486;x-i=7;flag;ttl=3"
        let invite = try scene.invite()
        let expected: [URIParameterPolicy: String] = [
            .known: ";cause=486", .all: ";cause=486;x-i=7;flag", .none: "",
        ]
        #expect(invite.target == "sip:+15551234@203.0.113.1" + (expected[policy] ?? "?"))
        scene.finish()
    }

    @Test func listedHeadersPass() throws {
        let scene = PolicyScene { a, b in
            let added = ["X-MS-*", "X-Trace-ID"].allSatisfy { name in a.headers.add(name) }
            #expect(added)
            b.headers.sbc = Array("Trunkline/T/1".utf8)
        }
        let invite = try scene.invite([
            (HeaderName("X-MS-FMC"), "MT"), (HeaderName("x-trace-id"), "7"),
            (HeaderName("X-Other"), "1"), (HeaderName("X-MS-SBC"), "peer/1"),
        ])
        #expect(invite.texts(HeaderName("X-MS-FMC")) == ["MT"])
        #expect(invite.texts(HeaderName("X-Trace-ID")) == ["7"])
        #expect(invite.texts(HeaderName("X-Other")).isEmpty)
        #expect(invite.texts(HeaderName("X-MS-SBC")) == ["Trunkline/T/1"])
        let text = String(decoding: invite.bytes, as: UTF8.self)
        #expect(text.contains("\r\nX-MS-SBC: T") && text.contains("\r\nx-ms-fmc: MT\r\n"))
        scene.finish()
    }

    @Test func namesThatNeverPass() {
        var list = HeaderPassList()
        for name in ["Via", "contact", "P-Asserted-Identity", "l", "*", "X*", "", "a b", "Reason"] {
            let added = list.add(name)
            #expect(!added, "\(name)")
        }
        let added = list.add("Con*")
        #expect(added && !list.passes(.contact) && !list.passes(.contentType))
    }
}
