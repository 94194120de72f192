// SPDX-License-Identifier: Apache-2.0

import NetworkAddress
import Testing

@testable import Trace

let boxAddress = SocketAddress(address: IPAddress(ipv4: 0xc633_6401), port: 5060)
let peerAddress = SocketAddress(address: IPAddress(ipv4: 0xc633_6402), port: 5062)

/// A message of the carrier at a time, microseconds.
func record(
    _ text: String, us: UInt64 = 0, call: UInt64 = 0, side: TraceSide = .a, sent: Bool = false,
    transport: TraceTransport = .udp, remote: SocketAddress = peerAddress
) -> TraceRecord {
    TraceRecord(
        wallUs: 1_795_948_110_123_456 + us, monotonicNs: us * 1000, call: call, side: side,
        .message(
            TraceMessage(
                isSent: sent, transport: transport, local: boxAddress, remote: remote,
                bytes: Array(text.utf8))))
}

@Suite struct RingTests {
    /// What a ring holds of a key is always the newest part of what was written, whole and in
    /// order, whatever the sizes.
    @Test(arguments: [4096, 10_000, 65_536])
    func holdsTheNewest(bytes: Int) throws {
        let ring = TraceRing(bytes: bytes, bytesPerKey: 64)
        var written: [UInt64: [TraceRecord]] = [:]
        var generator = SystemRandomNumberGenerator()
        for number in 0..<3000 {
            let key = UInt64.random(in: 1...7, using: &generator)
            let size = Int.random(in: 0...400, using: &generator)
            let one = record(
                "\(number)" + String(repeating: "x", count: size), us: UInt64(number), call: key)
            #expect(ring.append(one, key: key))
            written[key, default: []].append(one)
            let held = ring.records(key)
            #expect(held.last == one)
            #expect(Array(written[key, default: []].suffix(held.count)) == held)
            #expect(ring.used <= ring.capacity)
        }
        let held = (1...7).map { ring.records(UInt64($0)).count }.reduce(0, +)
        #expect(held == ring.count)
        #expect(ring.counters.written == 3000)
        #expect(ring.counters.overwritten == 3000 - UInt64(held))
    }

    @Test func aLongMessageIsCut() throws {
        let ring = TraceRing(bytes: 8192, bytesPerKey: 64)
        #expect(ring.append(record(String(repeating: "m", count: 5000)), key: 1))
        let message = try #require(ring.records(1).first?.message)
        #expect(message.bytes.count == 1024 && message.length == 5000)
        #expect(ring.counters.cut == 1)
    }

    /// However much a key has, what is read of it at once is bounded: the newest.
    @Test func readingIsBounded() {
        let ring = TraceRing(bytes: 64 << 20, bytesPerKey: 4096)
        let long = String(repeating: "m", count: 60_000)
        for number in 0..<300 { ring.append(record(long, us: UInt64(number)), key: 1) }
        let held = ring.records(1)
        #expect(held.count == TraceRing.readBytesMax / 60_120 && held.last?.monotonicNs == 299_000)
        for number in 0..<5000 { ring.append(record("m", us: UInt64(number)), key: 2) }
        #expect(ring.records(2).count == TraceRing.recordsMax)
    }

    @Test func withoutMemoryNothingIsKept() {
        let ring = TraceRing(bytes: 0, bytesPerKey: 64)
        #expect(!ring.append(record("x"), key: 1))
        #expect(ring.records(1).isEmpty && ring.counters.refused == 1)
        #expect(ring.keys(limit: 10).isEmpty)
    }

    @Test func eventsComeBackWhole() {
        let ring = TraceRing(bytes: 4096, bytesPerKey: 64)
        for kind in TraceEventKind.allCases {
            let event = TraceEvent(kind, address: peerAddress, text: Array("why".utf8))
            let one = TraceRecord(
                wallUs: 5, monotonicNs: 6, call: 7, side: .b, .event(event))
            #expect(ring.append(one, key: UInt64(kind.rawValue)))
            #expect(ring.records(UInt64(kind.rawValue)) == [one])
        }
        let bare = TraceRecord(
            wallUs: 1, monotonicNs: 2, call: 3, .event(TraceEvent(.mediaInstalled)))
        ring.append(bare, key: 99)
        #expect(ring.records(99) == [bare])
    }

    /// More keys than slots: the newest are found, and those that lost their place are counted.
    @Test func indexIsBounded() {
        let ring = TraceRing(bytes: 1 << 20, bytesPerKey: 1 << 14)
        for key in 1...2000 { ring.append(record("m", call: UInt64(key)), key: UInt64(key)) }
        #expect(ring.records(2000).count == 1)
        let found = (1...2000).count { !ring.records(UInt64($0)).isEmpty }
        #expect(found == 64 && ring.displaced == 2000 - 64)
        #expect(ring.keys(limit: 3).count == 3 && ring.keys(limit: 1) == [2000])
    }
}

@Suite struct BookTests {
    private func message(
        _ method: String, _ callID: String, from: String, to: String = "", sent: Bool = false
    ) -> TraceMessage {
        let text =
            "\(method)\r\nFrom: \"x;tag=no\" <sip:a@b>;tag=\(from)\r\nTo: <sip:c@d>"
            + (to.isEmpty ? "" : ";tag=\(to)") + "\r\nCall-ID: \(callID)\r\n\r\n"
        return TraceMessage(
            isSent: sent, transport: .udp, local: boxAddress, remote: peerAddress,
            bytes: Array(text.utf8))
    }

    private func keep(
        _ book: TraceBook, _ message: TraceMessage, _ owner: (UInt64, TraceSide)? = nil,
        us: UInt64 = 0
    ) -> TraceBook.Attribution {
        let whose = book.attribute(message) { owner.map { (call: $0.0, side: $0.1) } }
        book.keep(
            TraceRecord(
                wallUs: us, monotonicNs: us * 1000, call: whose.call, side: whose.side,
                .message(message)), whose)
        return whose
    }

    @Test func messagesFindTheirCall() {
        let book = TraceBook(bytes: 1 << 20)
        let invite = self.message("INVITE sip:x SIP/2.0", "c1", from: "1")
        #expect(self.keep(book, invite, (7, .a)).call == 7)
        let out = self.message("INVITE sip:x SIP/2.0", "ours", from: "t", sent: true)
        #expect(self.keep(book, out, (7, .b)).side == .b)
        // From here on the Call-ID says it: repeated, answered, and ended from either end.
        for one in [
            self.message("SIP/2.0 100 Trying", "c1", from: "1", sent: true), invite,
            self.message("BYE sip:x SIP/2.0", "c1", from: "2", to: "1", sent: true),
        ] {
            let whose = self.keep(book, one)
            #expect(whose.call == 7 && whose.side == .a)
        }
        let bye = self.keep(book, self.message("BYE sip:x SIP/2.0", "ours", from: "9", to: "t"))
        #expect(bye.call == 7 && bye.side == .b)
        #expect(book.records(ofCall: 7).count == 6)
        #expect(book.calls(ofCallID: Array("ours".utf8)) == [7])
        #expect(book.records(ofCallID: Array("c1".utf8)).isEmpty)
        #expect(self.keep(book, self.message("OPTIONS sip:x SIP/2.0", "o1", from: "1")).call == 0)
        #expect(book.records(ofCallID: Array("o1".utf8)).count == 1)
    }

    /// A call that comes back to the box: one Call-ID on two legs of two calls.
    @Test func aCallThatComesBack() {
        let book = TraceBook(bytes: 1 << 20)
        let out = self.message("INVITE sip:x SIP/2.0", "ours", from: "t1", sent: true)
        #expect(self.keep(book, out, (1, .b)).call == 1)
        let back = self.message("INVITE sip:x SIP/2.0", "ours", from: "t1")
        #expect(self.keep(book, back, (2, .a)).call == 2)
        for (text, from, sent, call, side) in [
            ("SIP/2.0 100 Trying", "t1", true, 2, TraceSide.a),
            ("SIP/2.0 200 OK", "t1", true, 2, .a), ("SIP/2.0 200 OK", "t1", false, 1, .b),
            ("ACK sip:x SIP/2.0", "t1", true, 1, .b), ("ACK sip:x SIP/2.0", "t1", false, 2, .a),
            ("BYE sip:x SIP/2.0", "t2", true, 2, .a), ("BYE sip:x SIP/2.0", "t2", false, 1, .b),
        ] as [(String, String, Bool, UInt64, TraceSide)] {
            let whose = self.keep(book, self.message(text, "ours", from: from, sent: sent))
            #expect(whose.call == call && whose.side == side, "\(text) \(sent)")
        }
        #expect(Set(book.calls(ofCallID: Array("ours".utf8))) == [1, 2])
    }

    /// After a restart the first that is seen of a call may come from whom was called.
    @Test func aCallSeenFromItsMiddle() {
        let book = TraceBook(bytes: 1 << 20)
        let bye = self.message("BYE sip:x SIP/2.0", "ours", from: "callee", to: "t")
        #expect(self.keep(book, bye, (3, .b)).side == .b)
        let answer = self.message("SIP/2.0 200 OK", "ours", from: "callee", to: "t", sent: true)
        #expect(self.keep(book, answer).side == .b)
    }

    @Test func aFloodPushesNoCallOut() {
        let book = TraceBook(bytes: 1 << 20)
        _ = self.keep(book, self.message("INVITE sip:x SIP/2.0", "c1", from: "1"), (7, .a))
        for number in 0..<20_000 {
            _ = self.keep(book, self.message("OPTIONS sip:x SIP/2.0", "o\(number)", from: "1"))
        }
        #expect(book.records(ofCall: 7).count == 1 && !book.isIncomplete(7))
        #expect(book.figures.others.overwritten > 0 && book.figures.calls.overwritten == 0)
        #expect(book.records(ofCallID: Array("o19999".utf8)).count == 1)
    }

    /// One call that talks without end leaves the others their room.
    @Test func aCallHasItsShare() {
        let book = TraceBook(bytes: 1 << 20)
        _ = self.keep(book, self.message("INVITE sip:x SIP/2.0", "c1", from: "1"), (7, .a))
        let other = self.message("INVITE sip:x SIP/2.0", "c2", from: "1")
        for number in 0..<20_000 { _ = self.keep(book, other, (8, .a), us: UInt64(number)) }
        #expect(book.records(ofCall: 7).count == 1)
        #expect(book.overShare > 0)
        // The newest are there all the same, in the smaller ring.
        #expect(book.records(ofCall: 8).last?.wallUs == 19_999)
    }

    @Test func theOldestCallGoesFirst() {
        let book = TraceBook(bytes: 1 << 18)
        for call in 1...3000 {
            let invite = self.message("INVITE sip:x SIP/2.0", "c\(call)", from: "1")
            _ = self.keep(book, invite, (UInt64(call), .a))
        }
        #expect(book.records(ofCall: 1).isEmpty && !book.has(1))
        #expect(book.recentCalls(limit: 2) == [3000, 2999])
        #expect(book.firstMessage(ofCall: 3000) != nil)
        #expect(book.calls(ofCallID: Array("c1".utf8)).isEmpty)
    }
}
