// SPDX-License-Identifier: Apache-2.0

import SIPMessage
import Testing

// RFC 4475, all 49 messages. Where the RFC leaves a choice, the comment says which was made.
enum RFC4475 {
    static let valid: [TortureCase] = [
        TortureCase("wsinv", "3.1.1.1", RFC4475Valid.wsinv, .accept),
        // A method nobody knows is well-formed; who handles methods answers 405 or 501.
        TortureCase("intmeth", "3.1.1.2", RFC4475Valid.intmeth, .accept),
        TortureCase("esc01", "3.1.1.3", RFC4475Valid.esc01, .accept),
        TortureCase("escnull", "3.1.1.4", RFC4475Valid.escnull, .accept),
        TortureCase("esc02", "3.1.1.5", RFC4475Valid.esc02, .accept),
        TortureCase("lwsdisp", "3.1.1.6", RFC4475Valid.lwsdisp, .accept),
        TortureCase("longreq", "3.1.1.7", RFC4475Valid.longreq, .accept),
        // In a datagram the second request is ignored; in a stream it is the next message, and
        // what its Content-Length leaves over is no SIP.
        TortureCase(
            "dblreq", "3.1.1.8", RFC4475Valid.dblreq, .accept,
            stream: [.accept, .accept, .drop(at: "C\r\n")]),
        TortureCase("semiuri", "3.1.1.9", RFC4475Valid.semiuri, .accept),
        TortureCase("transports", "3.1.1.10", RFC4475Valid.transports, .accept),
        TortureCase("mpart01", "3.1.1.11", RFC4475Valid.mpart01, .accept),
        TortureCase("unreason", "3.1.1.12", RFC4475Valid.unreason, .accept),
        TortureCase("noreason", "3.1.1.13", RFC4475Valid.noreason, .accept),
    ]

    static let invalid: [TortureCase] = [
        TortureCase("badinv01", "3.1.2.1", RFC4475Invalid.badinv01, .reject(400, at: ";,;,,\r\n")),
        // A stream waits for the rest; when it ends instead, nobody is there to answer.
        TortureCase(
            "clerr", "3.1.2.2", RFC4475Invalid.clerr, .reject(400, at: "9999\r\n"),
            stream: [.drop(at: "")]),
        TortureCase("ncl", "3.1.2.3", RFC4475Invalid.ncl, .reject(400, at: "-999\r\n")),
        TortureCase(
            "scalar02", "3.1.2.4", RFC4475Invalid.scalar02,
            .reject(400, at: "36893488147419103232 ")),
        TortureCase(
            "scalarlg", "3.1.2.5", RFC4475Invalid.scalarlg, .drop(at: "9292394834772304023312 ")),
        TortureCase(
            "quotbal", "3.1.2.6", RFC4475Invalid.quotbal, .reject(400, at: "\"Mr. J. User <")),
        TortureCase("ltgtruri", "3.1.2.7", RFC4475Invalid.ltgtruri, .reject(400, at: "<sip:user@")),
        TortureCase("lwsruri", "3.1.2.8", RFC4475Invalid.lwsruri, .reject(400, at: " lr SIP/2.0")),
        // Liberal elements may ignore the extra SP (3.1.2.9, 3.1.2.10); this one rejects.
        TortureCase(
            "lwsstart", "3.1.2.9", RFC4475Invalid.lwsstart, .reject(400, at: " sip:user@")),
        TortureCase("trws", "3.1.2.10", RFC4475Invalid.trws, .reject(400, at: "  \r\nVia")),
        TortureCase("escruri", "3.1.2.11", RFC4475Invalid.escruri, .reject(400, at: "Route=%3C")),
        // Not to be rejected unless Date matters to the element, which it does not here.
        TortureCase("baddate", "3.1.2.12", RFC4475Invalid.baddate, .accept),
        TortureCase("regbadct", "3.1.2.13", RFC4475Invalid.regbadct, .reject(400, at: "?Route=")),
        TortureCase(
            "badaspec", "3.1.2.14", RFC4475Invalid.badaspec, .reject(400, at: " sip:t.watson")),
        // The RFC's archive ends this message without an empty line: a stream waits for it.
        TortureCase(
            "baddn", "3.1.2.15", RFC4475Invalid.baddn, .reject(400, at: ", Alexander"),
            stream: [.drop(at: "")]),
        TortureCase("badvers", "3.1.2.16", RFC4475Invalid.badvers, .reject(505, at: "SIP/7.0")),
        TortureCase("mismatch01", "3.1.2.17", RFC4475Invalid.mismatch01, .reject(400, at: "8 INV")),
        // 501 rather than 400: it "has better future-proof characteristics".
        TortureCase(
            "mismatch02", "3.1.2.18", RFC4475Invalid.mismatch02, .reject(501, at: "NEWMETHOD ")),
        TortureCase("bigcode", "3.1.2.19", RFC4475Invalid.bigcode, .drop(at: "4294967301 ")),
    ]

    static let semantics: [TortureCase] = [
        // Falls back to the transaction identifier of RFC 2543 (Via.hasUniqueBranch is false).
        TortureCase("badbranch", "3.2.1", RFC4475Semantics.badbranch, .accept),
        TortureCase("insuf", "3.3.1", RFC4475Semantics.insuf, .reject(400, at: "v=0")),
        TortureCase("unkscm", "3.3.2", RFC4475Semantics.unkscm, .reject(416, at: "nobodyKnows")),
        TortureCase("novelsc", "3.3.3", RFC4475Semantics.novelsc, .reject(416, at: "soap.beep:")),
        // A registrar's answer: the address of record has to be a SIP or SIPS URI.
        TortureCase("unksm2", "3.3.4", RFC4475Semantics.unksm2, .reject(400, at: "isbn:")),
        TortureCase(
            "bext01", "3.3.5", RFC4475Semantics.bext01, .reject(420, at: "nothingSupportsThis,")),
        TortureCase(
            "invut", "3.3.6", RFC4475Semantics.invut, .reject(415, at: "application/unknownf")),
        // As if the header field were absent; asking for credentials is not for this module.
        TortureCase("regaut01", "3.3.7", RFC4475Semantics.regaut01, .accept),
        TortureCase("multi01", "3.3.8", RFC4475Semantics.multi01, .reject(400, at: "Call-ID: ")),
        TortureCase("mcl01", "3.3.9", RFC4475Semantics.mcl01, .reject(400, at: "Content-Length: ")),
        TortureCase("bcast", "3.3.10", RFC4475Semantics.bcast, .drop(at: "255.255.255.255")),
        // 483 is for proxies; a back-to-back user agent answers as a server (RFC 3261 16.3).
        TortureCase("zeromf", "3.3.11", RFC4475Semantics.zeromf, .accept),
        TortureCase("cparam01", "3.3.12", RFC4475Semantics.cparam01, .accept),
        TortureCase("cparam02", "3.3.13", RFC4475Semantics.cparam02, .accept),
        TortureCase("regescrt", "3.3.14", RFC4475Semantics.regescrt, .accept),
        TortureCase("sdp01", "3.3.15", RFC4475Semantics.sdp01, .reject(406, at: "text/nobodyKn")),
        // RFC 2543 had no Content-Length in datagrams; a stream cannot be framed without.
        TortureCase(
            "inv2543", "3.4.1", RFC4475Semantics.inv2543, .accept,
            stream: [.reject(400, at: "v=0")]),
    ]

    static let all = valid + invalid + semantics
}

@Suite("RFC 4475 torture messages")
struct RFC4475Tests {
    @Test("All 49 are here")
    func count() {
        #expect(RFC4475.all.count == 49)
        #expect(Set(RFC4475.all.map(\.name)).count == 49)
    }

    @Test("Datagram", arguments: RFC4475.all)
    func datagram(_ torture: TortureCase) { torture.checkDatagram() }

    @Test("Stream", arguments: RFC4475.all)
    func stream(_ torture: TortureCase) { torture.checkStream() }

    @Test("3.1.1.1 wsinv: values behind folds and odd spacing")
    func wsinvValues() throws {
        let message = try SIPMessage.parse(
            MessageNotation.octets(RFC4475Valid.wsinv), framing: .datagram)
        #expect(try message.from().displayName.elementsEqual(#""J Rosenberg \\\"""#.utf8))
        #expect(try message.to().tag?.elementsEqual("1918181833n".utf8) == true)
        #expect(try message.cseq() == CSeq(number: 9, method: .invite))
        #expect(try message.maxForwards() == 68)
        let vias = try message.vias()
        #expect(
            vias.map { $0.branch.map { Array($0) } ?? [] } == [
                Array("390skdjuw".utf8), Array("z9hG4bK9ikj8".utf8), Array("z9hG4bK30239".utf8),
            ])
        #expect(vias.map(\.hasUniqueBranch) == [false, true, true])
        #expect(message.first(.subject)?.isEmpty == true)
    }

    @Test("3.1.1.4 escnull: an escaped NUL is an octet of the user part")
    func escapedNull() throws {
        let message = try SIPMessage.parse(
            MessageNotation.octets(RFC4475Valid.escnull), framing: .datagram)
        guard case .sip(let uri) = try message.to().decodedURI() else {
            Issue.record("not a SIP URI")
            return
        }
        #expect(uri.user.map { URI.unescaped($0) } == Array("null-\0-null".utf8))
        #expect(try message.contacts().count == 2)
    }

    @Test("3.1.1.11 mpart01: the body is kept as octets")
    func multipartBody() throws {
        let message = try SIPMessage.parse(
            MessageNotation.octets(RFC4475Valid.mpart01), framing: .datagram)
        #expect(message.body.count == 553)
        let type = try message.contentType()
        #expect(type?.isMultipart == true)
        #expect(type?.boundary?.elementsEqual("7a9cbec02ceef655".utf8) == true)
    }

    @Test("3.2.1 badbranch: the magic cookie alone identifies nothing")
    func badBranch() throws {
        let message = try SIPMessage.parse(
            MessageNotation.octets(RFC4475Semantics.badbranch), framing: .datagram)
        #expect(try message.topVia().hasUniqueBranch == false)
    }
}
