// SPDX-License-Identifier: Apache-2.0

import SIPMessage
import Testing

@Suite("URIs")
struct SIPURITests {
    private func uri(_ text: String) throws -> SIPURI { try SIPURI(bytes(text)) }

    @Test("Every part (RFC 3261 section 19.1.1)")
    func parts() throws {
        let uri = try self.uri(
            "sips:al%69ce:se%20cret@[2001:db8::1]:5071;transport=TCP;lr?Subject=a%20b&x=")
        #expect(uri.isSecure && uri.isLooseRouter)
        #expect(uri.user.map(text) == "al%69ce")
        #expect(uri.password.map(text) == "se%20cret")
        #expect(uri.host.address.map { "\($0)" } == "2001:db8::1")
        #expect(uri.port == 5071)
        #expect(uri.transport.map(text) == "TCP")
        #expect(uri.headers.map { text($0.name) } == ["Subject", "x"])
        #expect(uri.headers.map { $0.value.map(text) } == ["a%20b", ""])
    }

    @Test(
        "Equivalent (RFC 3261 section 19.1.4)",
        arguments: [
            ("sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtLanTa.CoM;Transport=tcp"),
            ("sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5"),
            ("sip:carol@chicago.com", "sip:carol@chicago.com;security=on"),
            (
                "sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com",
                "sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com"
            ),
            (
                "sip:alice@atlanta.com?subject=project%20x&priority=urgent",
                "sip:alice@atlanta.com?priority=urgent&subject=project%20x"
            ),
            ("sip:[2001:db8::1]", "sip:[2001:DB8:0::1]"), ("SIP:a@b", "sip:a@b"),
            ("sip:a%3bb@c", "sip:a%3Bb@c"),
        ])
    func equivalent(_ left: String, _ right: String) throws {
        #expect(try self.uri(left).isEquivalent(to: self.uri(right)))
        #expect(try self.uri(right).isEquivalent(to: self.uri(left)))
    }

    @Test(
        "Not equivalent (RFC 3261 section 19.1.4)",
        arguments: [
            ("SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP"),
            ("sip:bob@biloxi.com", "sip:bob@biloxi.com:5060"),
            ("sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp"),
            ("sip:bob@biloxi.com", "sip:bob@biloxi.com:6000;transport=tcp"),
            ("sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next%20meeting"),
            ("sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4"),
            ("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security=off"),
            ("sip:a@b", "sips:a@b"), ("sip:a@b", "sip:b"), ("sip:a:p@b", "sip:a@b"),
            ("sip:a@b;maddr=192.0.2.1", "sip:a@b"), ("sip:a@b;user=phone", "sip:a@b"),
            ("sip:a;b@c", "sip:a%3Bb@c"), ("sip:a@b?x=1", "sip:a@b?x=2"),
        ])
    func different(_ left: String, _ right: String) throws {
        #expect(try !self.uri(left).isEquivalent(to: self.uri(right)))
        #expect(try !self.uri(right).isEquivalent(to: self.uri(left)))
    }

    @Test(
        "Malformed",
        arguments: [
            ("sip:", SIPParseError.Code.hostSyntax, 4), ("sip:a@", .hostSyntax, 6),
            ("sip:@b", .uriSyntax, 4), ("sip:a b@c", .uriSpace, 5), ("sip:a@b:", .portSyntax, 8),
            ("sip:a@b:65536", .portSyntax, 8), ("sip:a@b:+5", .portSyntax, 8),
            ("sip:a@b..c", .hostSyntax, 8), ("sip:a@[::1", .hostSyntax, 10),
            ("sip:a@[1.2.3.4]", .hostSyntax, 7), ("sip:a@[::g]", .hostSyntax, 9),
            ("sip:a%4@b", .uriEscape, 5), ("sip:a@b;", .parameterSyntax, 8),
            ("sip:a@b;x=", .parameterSyntax, 10), ("sip:a@b;x;X", .parameterRepeated, 10),
            ("sip:a@b?", .uriSyntax, 8), ("sip:a@b?x", .uriSyntax, 9), ("<sip:a@b>", .uriSyntax, 0),
            (" sip:a@b", .uriSpace, 0), ("", .uriSyntax, 0), ("5ip:a", .uriSyntax, 0),
            ("sip:a@2001:db8::1", .portSyntax, 11), ("tel:", .uriSyntax, 4),
            ("tel:+", .uriSyntax, 4),
            ("tel:1+2", .uriSyntax, 4), ("http:", .uriSyntax, 5), ("http://a b", .uriSpace, 8),
        ])
    func malformed(_ uri: String, _ code: SIPParseError.Code, _ offset: Int) {
        #expect(throws: SIPParseError(code, at: offset)) { try URI.parse(bytes(uri)) }
    }

    @Test("tel numbers (RFC 3966)")
    func tel() throws {
        guard case .tel(let tel) = try URI.parse(bytes("tel:+1-201-555-0123;ext=7")) else {
            Issue.record("not a tel URI")
            return
        }
        #expect(text(tel.digits) == "+12015550123")
        #expect(tel.parameters.value("ext").map(text) == "7")
    }

    @Test("Other schemes are kept whole")
    func other() throws {
        guard case .other(let scheme, let rest) = try URI.parse(bytes("urn:service:sos")) else {
            Issue.record("not another scheme")
            return
        }
        #expect(text(scheme) == "urn" && text(rest) == "service:sos")
    }
}
