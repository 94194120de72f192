// SPDX-License-Identifier: Apache-2.0

import SDP
import Testing

/// RFC 4317 writes host names where a user agent has addresses.
private func readExample(_ number: Int, _ address: String) throws -> SessionDescription? {
    guard let file = TestData.present(["sdp/webrtc-sdp-corpus/\(number).sdp"]).first else {
        return nil
    }
    var session = try SessionDescription.parse(file.bytes)
    let connection = Connection(
        networkType: "IN", addressType: "IP4", address: SDPText(Array(address.utf8)) ?? "-")
    if session.connection != nil { session.connection = connection }
    for index in session.media.indices where !session.media[index].connections.isEmpty {
        session.media[index].connections = [connection]
    }
    return session
}

/// Offers and answers of RFC 4317 (files of the set by number) that have a first audio stream both
/// take: the anchored formats, as A gets them in the answer.
@Test(arguments: [
    // 2.1: PCMU chosen; 2.2: iLBC with another number; 2.4: two audio streams, one for events.
    (2, 3, ["0"]), (4, 5, ["0", "8"]), (8, 9, ["97"]), (36, 37, ["0"]),
])
func examplePairs(offer: Int, answer: Int, expected: [String]) throws {
    guard let offered = try readExample(offer, "192.0.2.1"),
        let answered = try readExample(answer, "192.0.2.2")
    else { return }
    var call = Call()
    let toB = try call.offerFromA(offered)
    #expect(toB.media.count == 1 && toB.media[0].port == 30000)
    #expect(try SessionDescription.parse(toB.serialise()) == toB)
    let toA = try call.answerFromB(answered)
    #expect(toA.media.count == offered.media.count)
    #expect(toA.media[0].formats.map(\.description) == expected)
    #expect(toA.media.dropFirst().allSatisfy { $0.port == 0 })
    #expect(call.plan != nil)
}

/// All audio offers of the set as they stand: their media addresses are names, which is reported.
@Test func hostNamesAreReported() throws {
    var seen = 0
    for (_, bytes) in TestData.present((2...37).map { "sdp/webrtc-sdp-corpus/\($0).sdp" }) {
        var leg = OfferAnswerLeg(sessionID: 1)
        let error = #expect(throws: OfferAnswerError.self) {
            try leg.receiveOffer(SessionDescription.parse(bytes))
        }
        if error == .hostName { seen += 1 }
        #expect(error == .hostName || error == .noAudio)
    }
    #expect(seen > 20 || TestData.bytes("sdp/webrtc-sdp-corpus/2.sdp") == nil)
}

/// Every description of the set as an offer: the answer has its m= lines, one of them alive.
@Test func everyAnswerKeepsTheOffersLines() throws {
    for number in 2...37 {
        guard let offered = try readExample(number, "192.0.2.1") else { return }
        var leg = OfferAnswerLeg(sessionID: 1)
        guard let stream = try? leg.receiveOffer(offered).stream else { continue }
        let answer = try leg.makeAnswer(from: stream, local: ourA)
        #expect(answer.media.map(\.kind) == offered.media.map(\.kind), "\(number)")
        #expect(answer.media.map(\.transport) == offered.media.map(\.transport), "\(number)")
        #expect(answer.media.filter { $0.port != 0 }.count == 1, "\(number)")
        for (ours, theirs) in zip(answer.media, offered.media) where ours.port == 0 {
            #expect(ours.formats == theirs.formats, "\(number)")
        }
    }
}
