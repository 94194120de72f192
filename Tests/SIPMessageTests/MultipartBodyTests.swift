// SPDX-License-Identifier: Apache-2.0

import SIPMessage
import Testing

private func parse(
    _ body: String, _ type: String = "multipart/mixed;boundary=b"
) throws(MultipartBody.Fault) -> MultipartBody {
    guard let type = try? MediaType(bytes(type)) else { throw .boundary }
    return try MultipartBody(bytes(body), type: type)
}

private func fault(_ body: String, _ type: String = "multipart/mixed;boundary=b")
    -> MultipartBody.Fault?
{
    do throws(MultipartBody.Fault) {
        _ = try parse(body, type)
        return nil
    } catch {
        return error
    }
}

@Suite struct MultipartBodyTests {
    @Test func partsWithTheirHeaders() throws {
        let body =
            "preamble\r\n--b\r\nContent-Type: application/sdp\r\n\r\nv=0\r\ns=-\r\n--b  \r\n"
            + "content-type: application/pidf+xml\r\nContent-ID: <l@x>\r\nX-Long: a\r\n b\r\n\r\n"
            + "<p/>\r\n\r\n--b--\r\nepilogue"
        let parsed = try parse(body)
        #expect(parsed.parts.count == 2)
        let octets = Array(body.utf8)
        #expect(text(octets[parsed.parts[0].content]) == "v=0\r\ns=-")
        #expect(text(octets[parsed.parts[1].content]) == "<p/>\r\n")
        #expect(parsed.parts[1].first(.contentID) == Array("<l@x>".utf8))
        #expect(parsed.parts[1].first(HeaderName("X-Long")) == Array("a b".utf8))
        #expect(parsed.parts[0].mediaType?.matches("application", "sdp") == true)
        #expect(text(octets[parsed.parts[0].whole]).hasPrefix("--b\r\nContent-Type: app"))
        #expect(text(octets[parsed.parts[0].whole]).hasSuffix("s=-\r\n"))
    }

    @Test func bareLineFeedsEmptyPartsAndDefaults() throws {
        let parsed = try parse("--b\n\nplain\n--b\n\n--b--")
        #expect(parsed.parts.count == 2)
        #expect(parsed.parts[0].mediaType?.matches("text", "plain") == true)
        #expect(parsed.parts[1].content.isEmpty)
    }

    @Test func nestedPartsStandInTheirPlace() throws {
        let inner = "--c\r\n\r\none\r\n--c\r\n\r\ntwo\r\n--c--"
        let body =
            "--b\r\nContent-Type: multipart/alternative; boundary=\"c\"\r\n\r\n\(inner)\r\n"
            + "--b\r\n\r\nthree\r\n--b--\r\n"
        let parsed = try parse(body)
        let octets = Array(body.utf8)
        #expect(parsed.parts.map { text(octets[$0.content]) } == ["one", "two", "three"])
    }

    @Test(arguments: [
        ("Content-Disposition: session;handling=optional", false),
        ("Content-Disposition: signal;handling=required", true), ("Content-Disposition: x", true),
        ("X: y", true),
    ])
    func handling(header: String, isRequired: Bool) throws {
        #expect(try parse("--b\r\n\(header)\r\n\r\nx\r\n--b--").parts[0].isRequired == isRequired)
    }

    @Test func encodings() throws {
        for (value, isEncoded) in [("base64", true), ("8bit", false), ("Binary", false)] {
            let part = try parse("--b\r\nContent-Transfer-Encoding: \(value)\r\n\r\nx\r\n--b--")
            #expect(part.parts[0].isEncoded == isEncoded)
        }
    }

    @Test func hostileBodies() {
        #expect(fault("--b\r\n\r\nx\r\n--b--", "multipart/mixed") == .boundary)
        #expect(fault("--b\r\n\r\nx\r\n--b--", "multipart/mixed;boundary=\"\"") == .boundary)
        let long = String(repeating: "a", count: 71)
        #expect(fault("--\(long)\r\n\r\nx\r\n--\(long)--", "multipart/mixed;boundary=\(long)")
            == .boundary)
        #expect(fault("no delimiter") == .unterminated)
        #expect(fault("--b\r\n\r\nx\r\n") == .unterminated)
        #expect(fault("--b--") == .unterminated)
        #expect(fault("--b\r\nx\r\n--b--") == .partHeader)
        #expect(fault("--b\r\n folded: first\r\n\r\nx\r\n--b--") == .partHeader)
        #expect(fault("--b\r\nX: y\r\n--b--") == .partHeader)
        let fields = String(repeating: "X: y\r\n", count: MultipartBody.fieldLimit + 1)
        #expect(fault("--b\r\n\(fields)\r\nx\r\n--b--") == .partHeader)
        let most = String(repeating: "--b\r\n\r\nx\r\n", count: MultipartBody.partLimit)
        #expect(fault(most + "--b--") == nil)
        #expect(fault(most + "--b\r\n\r\nx\r\n--b--") == .tooManyParts)
        let thousand = String(repeating: "--b\r\n\r\nx\r\n", count: 1000)
        #expect(fault(thousand + "--b--") == .tooManyParts)
    }

    @Test func depthIsLimited() {
        func nested(_ depth: Int) -> String {
            guard depth > 0 else { return "text" }
            let type = "multipart/mixed;boundary=x\(depth - 1)x"
            let header = depth > 1 ? "Content-Type: \(type)\r\n" : ""
            return "--x\(depth)x\r\n\(header)\r\n\(nested(depth - 1))\r\n--x\(depth)x--"
        }
        let limit = MultipartBody.depthLimit
        #expect(fault(nested(limit), "multipart/mixed;boundary=x\(limit)x") == nil)
        #expect(fault(nested(limit + 1), "multipart/mixed;boundary=x\(limit + 1)x") == .tooDeep)
    }

    /// A line that only begins like a delimiter is none.
    @Test func boundaryInsideAPart() throws {
        let body = "--b\r\n\r\n--bc\r\nx--b\r\n--b--"
        let parsed = try parse(body)
        #expect(text(Array(body.utf8)[parsed.parts[0].content]) == "--bc\r\nx--b")
    }

    /// Whatever octets there are, the parts lie inside, in order, and do not overlap.
    @Test func anyOctets() throws {
        var state: UInt64 = 7
        func next(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        let words = [
            "--b", "--", "\r\n", "\n", "b", "--b--", "Content-Type: ", "multipart/mixed;boundary=b",
            "application/sdp", " ", "x", ":", "\r\n\r\n", "\r",
        ]
        var parsed = 0
        for _ in 0..<20_000 {
            let body = "--b\r\n" + (0..<next(24)).map { _ in words[next(words.count)] }.joined()
            guard let multipart = try? parse(body) else { continue }
            parsed += 1
            var last = 0
            for part in multipart.parts {
                #expect(part.whole.lowerBound >= last && part.whole.upperBound <= body.utf8.count)
                #expect(part.content.lowerBound >= part.whole.lowerBound)
                #expect(part.content.upperBound <= part.whole.upperBound)
                last = part.whole.upperBound
            }
        }
        #expect(parsed > 50)
    }
}
