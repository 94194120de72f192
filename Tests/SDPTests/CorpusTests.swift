// SPDX-License-Identifier: Apache-2.0

import SDP
import Testing

private let transformSet = [
    "alac", "dante-aes67", "extmap-encrypt", "hacky", "icelite", "jsep", "mediaclk-rtp", "normal",
    "onvif", "rtcp-fb", "sctp-dtls-26", "ssrc", "st2022-6", "tcp-active", "ts-refclk-sess",
].map { "sdp/sdp-transform/\($0).sdp" }

private let browserSet = [
    "firefox-1", "opera-1", "simulcast.1", "unittest-1", "unittest-2", "unittest-4",
].map { "sdp/webrtc-sdp-corpus/\($0).sdp" }

private let exampleSet = (2...37).map { "sdp/webrtc-sdp-corpus/\($0).sdp" }

@Test func corpusIsReadAndWrittenBack() throws {
    for (name, bytes) in TestData.present(transformSet + browserSet + exampleSet) {
        let value = try SessionDescription.parse(bytes)
        #expect(try SessionDescription.parse(value.serialise()) == value, "\(name)")
        #expect(!value.media.isEmpty, "\(name)")
        // Nothing got lost: every line of the file stands in what is written.
        let written = Set(value.lines)
        for line in bytes.split(whereSeparator: { $0 == 10 || $0 == 13 }) {
            #expect(written.contains(String(decoding: line, as: UTF8.self)), "\(name)")
        }
    }
}

/// Two files of the set are media sections without a session.
@Test func sectionsAloneAreNoDescription() {
    for name in ["unittest-3", "unittest-7"] {
        for (_, bytes) in TestData.present(["sdp/webrtc-sdp-corpus/\(name).sdp"]) {
            let error = #expect(throws: SDPError.self) { try SessionDescription.parse(bytes) }
            #expect(error == SDPError(.wrongOrder, at: 0))
        }
    }
}

/// Has an f= line: RFC 8866 section 5 wants the whole ignored.
@Test func unknownTypeLetterRefusesTheWhole() {
    for (_, bytes) in TestData.present(["sdp/sdp-transform/invalid.sdp"]) {
        let error = #expect(throws: SDPError.self) { try SessionDescription.parse(bytes) }
        #expect(error?.code == .unknownType)
        #expect(error.map { bytes[$0.offset] } == UInt8(ascii: "f"))
    }
}

/// Prefixes and changed bytes of the corpus: a value that survives being written, or an
/// error with an offset inside the bytes.
@Test func damagedCorpusNeverTraps() {
    for (name, bytes) in TestData.present(Array(transformSet.prefix(4)) + exampleSet.prefix(4)) {
        for index in stride(from: 0, to: bytes.count, by: 3) {
            var changed = bytes
            changed[index] = UInt8(truncatingIfNeeded: index &* 31)
            for text in [Array(bytes[..<index]), changed] {
                do {
                    let value = try SessionDescription.parse(text)
                    #expect((try? SessionDescription.parse(value.serialise())) == value, "\(name)")
                } catch {
                    #expect((0...text.count).contains(error.offset), "\(name)")
                }
            }
        }
    }
}
