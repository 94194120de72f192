// SPDX-License-Identifier: Apache-2.0

import SDP
import Testing

private let head = "v=0\r\no=- 1 2 IN IP4 192.0.2.1\r\ns=-\r\n"

private func failure(_ text: String) -> SDPError? {
    do {
        _ = try SessionDescription.parse(Array(text.utf8))
        return nil
    } catch {
        return error
    }
}

/// RFC 8866 section 5, the example, with every other line type added.
@Test func everyLineHasItsPlace() throws {
    let text = """
        v=0\r
        o=jdoe 3724394400 3724394405 IN IP4 198.51.100.1\r
        s=Call to John Smith\r
        i=SDP Offer #1\r
        u=http://www.jdoe.example.com/home.html\r
        e=Jane Doe <jane@jdoe.example.com>\r
        p=+1 617 555-6011\r
        c=IN IP4 198.51.100.1/127/2\r
        b=X-YZ:128\r
        t=3724394400 3724398000\r
        r=604800 3600 0 90000\r
        r=7d 1h 0 25h\r
        t=0 0\r
        z=3730928400 -1h 3749680800 0\r
        k=prompt\r
        a=recvonly\r
        a=x-unknown:a:b c\r
        a=x-empty:\r
        m=audio 49170/2 RTP/AVP 0 96\r
        i=voice\r
        c=IN IP6 2001:db8::1\r
        c=IN IP6 2001:db8::2\r
        b=AS:64\r
        k=clear:x\r
        a=rtpmap:96 L16/16000/2\r
        m=image 0 udptl t38\r

        """
    let value = try SessionDescription.parse(Array(text.utf8))
    #expect(value.origin.user == "jdoe" && value.origin.version == "3724394405")
    #expect(value.name == "Call to John Smith" && value.information == "SDP Offer #1")
    #expect(value.uri == "http://www.jdoe.example.com/home.html")
    #expect(value.emails == ["Jane Doe <jane@jdoe.example.com>"])
    #expect(value.phones == ["+1 617 555-6011"])
    #expect(value.connection?.address == "198.51.100.1/127/2")
    #expect(value.bandwidths == [Bandwidth(type: "X-YZ", value: 128)])
    #expect(value.timings.map(\.repeats) == [["604800 3600 0 90000", "7d 1h 0 25h"], []])
    #expect(value.zones == "3730928400 -1h 3749680800 0" && value.key == "prompt")
    #expect(
        value.attributes == [
            Attribute("recvonly"), Attribute("x-unknown", "a:b c"), Attribute("x-empty", ""),
        ])
    #expect(value.media.count == 2)
    let audio = value.media[0]
    #expect(audio.port == 49170 && audio.portCount == 2 && audio.formats == ["0", "96"])
    #expect(audio.information == "voice" && audio.connections.count == 2 && audio.key == "clear:x")
    #expect(value.media[1].kind == "image" && value.media[1].transport == "udptl")
    #expect(value.serialise() == Array(text.utf8))
}

@Test func lineFeedsAloneAndNoneAtTheEnd() throws {
    let text = "v=0\no=- 1 2 IN IP4 192.0.2.1\ns=\nm=audio 0 RTP/AVP 0"
    let value = try SessionDescription.parse(Array(text.utf8))
    #expect(value.name.isEmpty && value.media.count == 1)
    #expect(value.timings == [Timing(start: "0", stop: "0")])
}

@Test func emptyLinesAtTheEndAreForgiven() throws {
    let value = try SessionDescription.parse(Array((head + "\r\n\n\r\n").utf8))
    #expect(value.media.isEmpty)
}

/// Peers put c=, b= and a= into any order.
@Test func orderBehindTheNameIsFree() throws {
    let value = try session("a=tool:x", "b=AS:1", "i=late")
    #expect(value.information == "late" && value.bandwidths.count == 1)
}

@Test func offsetsCountFromTheSlice() throws {
    let bytes = Array(("xyz" + head + "?").utf8)
    let error = #expect(throws: SDPError.self) { try SessionDescription.parse(bytes[3...]) }
    #expect(error == SDPError(.notALine, at: head.utf8.count))
}

@Test(arguments: [
    ("", SDPError.Code.empty, 0), ("v=1\r\n", .badVersion, 0),
    ("o=- 1 2 IN IP4 a\r\n", .wrongOrder, 0),
    ("v=0\r\ns=-\r\n", .wrongOrder, 5),
    ("v=0\r\no=- 1 2 IN IP4 a\r\n", .missingName, 23),
    ("v=0\r\no=- 1 2 IN IP4 a\r\nm=audio 1 RTP/AVP 0\r\n", .missingName, 23),
    ("v=0\r\n", .wrongOrder, 5), ("v0\r\n", .notALine, 0),
    ("v=0\r\no=- 1 2 IN IP4\r\n", .badOrigin, 5), ("v=0\r\no=- x 2 IN IP4 a\r\n", .badOrigin, 5),
    ("v=0\r\no=- 1 -2 IN IP4 a\r\n", .badOrigin, 5),
])
func faultsOfTheHead(text: String, code: SDPError.Code, offset: Int) {
    #expect(failure(text) == SDPError(code, at: offset))
}

@Test(arguments: [
    ("x=1", SDPError.Code.unknownType), ("V=0", .unknownType), ("v=0", .repeatedLine),
    ("s=-", .repeatedLine), ("c=IN IP4", .badConnection), ("c=IN IP4 a b", .badConnection),
    ("b=AS", .badBandwidth), ("b=AS:", .badBandwidth), ("b=AS:-1", .badBandwidth),
    ("b=:1", .badBandwidth), ("b=AS:18446744073709551616", .badBandwidth), ("t=0", .badTiming),
    ("t=0 x", .badTiming), ("t=0 0 0", .badTiming), ("r=1 2", .misplacedLine),
    ("a=", .badAttribute), ("a=:x", .badAttribute), ("m=audio 1 RTP/AVP", .badMedia),
    ("m=audio", .badMedia), ("m=audio 65536 RTP/AVP 0", .badMedia),
    ("m=audio -1 RTP/AVP 0", .badMedia), ("m=audio 1/ RTP/AVP 0", .badMedia),
    ("m=audio 1/x RTP/AVP 0", .badMedia), (" v=0", .notALine), ("a", .notALine), ("", .notALine),
    ("i=1\r\ni=2", .repeatedLine), ("u=1\r\nu=2", .repeatedLine), ("z=1\r\nz=2", .repeatedLine),
    ("k=1\r\nk=2", .repeatedLine), ("c=IN IP4 a\r\nc=IN IP4 b", .repeatedLine),
    ("m=audio 1 RTP/AVP 0\r\nt=0 0", .misplacedLine),
    ("m=audio 1 RTP/AVP 0\r\nu=0", .misplacedLine),
    ("m=audio 1 RTP/AVP 0\r\nq=0", .unknownType),
    ("m=audio 1 RTP/AVP 0\r\ni=1\r\ni=2", .repeatedLine),
])
func faultsBehindTheHead(text: String, code: SDPError.Code) {
    // The fault is in the last line.
    let lines = text.utf8.split(separator: 10, omittingEmptySubsequences: false)
    let offset = head.utf8.count + text.utf8.count - (lines.last?.count ?? 0)
    #expect(failure(head + text + "\r\na=x\r\n") == SDPError(code, at: offset))
}

@Test func forbiddenBytesAreNamedWhereTheyStand() {
    #expect(failure(head + "a=x\u{0}y\r\n") == SDPError(.forbiddenByte, at: head.utf8.count + 3))
    #expect(failure(head + "a=x\ry\r\n") == SDPError(.forbiddenByte, at: head.utf8.count + 3))
}

private func many(_ line: String, _ count: Int) -> String {
    head + String(repeating: line + "\r\n", count: count)
}

@Test(arguments: [
    ("m=audio 0 RTP/AVP 0", SDPLimits.media, SDPError.Code.tooManyMedia),
    ("a=x", SDPLimits.attributes, .tooManyAttributes), ("e=x", SDPLimits.lines, .tooManyLines),
    ("p=x", SDPLimits.lines, .tooManyLines), ("b=AS:1", SDPLimits.lines, .tooManyLines),
    ("t=0 0", SDPLimits.lines, .tooManyLines),
])
func limitsOfLines(line: String, limit: Int, code: SDPError.Code) {
    #expect(failure(many(line, limit)) == nil)
    let offset = head.utf8.count + limit * (line.utf8.count + 2)
    #expect(failure(many(line, limit + 1)) == SDPError(code, at: offset))
}

@Test func attributesOfAllSectionsCount() {
    let media = String(repeating: "a=x\r\n", count: SDPLimits.attributes / 2)
    let section = "m=audio 0 RTP/AVP 0\r\n" + media
    #expect(failure(head + section + section) == nil)
    #expect(failure(head + section + section + "a=y")?.code == .tooManyAttributes)
}

@Test func limitsInsideSections() {
    let media = head + "m=audio 0 RTP/AVP 0\r\n"
    let connections = String(repeating: "c=IN IP4 a\r\n", count: SDPLimits.lines)
    #expect(failure(media + connections) == nil)
    #expect(failure(media + connections + "c=IN IP4 b")?.code == .tooManyLines)
    let repeats = head + "t=0 0\r\n" + String(repeating: "r=1\r\n", count: SDPLimits.lines)
    #expect(failure(repeats) == nil)
    #expect(failure(repeats + "r=1")?.code == .tooManyLines)
    let formats = String(repeating: " 0", count: SDPLimits.formats)
    #expect(failure(head + "m=audio 0 RTP/AVP" + formats) == nil)
    #expect(failure(head + "m=audio 0 RTP/AVP" + formats + " 1")?.code == .tooManyFormats)
}

@Test func limitOfBytes() {
    let filler = String(repeating: "x", count: SDPLimits.bytes - head.utf8.count - 4)
    #expect(failure(head + "i=" + filler + "\r\n") == nil)
    #expect(
        failure(head + "i=x" + filler + "\r\n") == SDPError(.tooLong, at: SDPLimits.bytes))
}

@Test func textsCannotBreakOutOfTheirLine() {
    #expect(SDPText(Array("a\r\nm=".utf8)) == nil)
    #expect(SDPText([0]) == nil)
    #expect(SDPText(Array("plain".utf8)) == "plain")
    let literal: SDPText = "a\r\nb=c"
    #expect(literal.description == "ab=c")
}
