// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import CallControl

/// Bodies with digits: what is one, and which row of the table what is none gets.
@Suite struct DigitBodyTests {
    private func relay(_ text: String) throws -> InfoDigit {
        try InfoDigit(relay: Array(text.utf8)[...])
    }

    private func bare(_ text: String) throws -> InfoDigit {
        try InfoDigit(bare: Array(text.utf8)[...])
    }

    private func digit(_ code: UInt8, _ durationMs: UInt32? = nil) throws -> InfoDigit {
        InfoDigit(try #require(DigitKey(code: code)), durationMs: durationMs)
    }

    @Test func relayBodies() throws {
        #expect(try self.relay("Signal=5\r\nDuration=160\r\n") == self.digit(5, 160))
        #expect(try self.relay("Signal= 5\r\nDuration= 250") == self.digit(5, 250))
        #expect(try self.relay("signal=*\nduration=1") == self.digit(10, 1))
        #expect(try self.relay("Signal=#") == self.digit(11))
        #expect(try self.relay("Signal=d\r\nDuration=60000\r\n") == self.digit(15, 60_000))
        #expect(try self.relay("Signal=10\r\n") == self.digit(10))
        #expect(try self.relay("Signal=16\r\n") == self.digit(16))
        #expect(try self.relay("X=y\r\nSignal=0\r\n\r\n") == self.digit(0))
    }

    @Test(arguments: [
        ("", DigitFault.broken), ("Signal", .broken), ("Signal=", .broken), ("5", .broken),
        ("Signal=5\r\nSignal=5", .broken), ("Duration=100", .broken),
        ("Signal=5\r\nrubbish", .broken),
        ("Signal=5\r\nDuration=abc", .broken), ("Signal=5\r\nDuration=-1", .broken),
        ("Signal=5\r\nDuration=", .broken), ("Signal=5\r\nDuration=1\r\nDuration=1", .broken),
        ("Signal=55", .unknownKey), ("Signal=17", .unknownKey), ("Signal=E", .unknownKey),
        ("Signal=\u{212a}", .unknownKey), ("Signal=+5", .unknownKey),
        ("Signal=5\r\nDuration=0", .absurdDuration),
        ("Signal=5\r\nDuration=60001", .absurdDuration),
        ("Signal=5\r\nDuration=99999999999999999999999", .absurdDuration),
    ])
    func relayBodiesByTheTable(text: String, fault: DigitFault) {
        #expect(throws: fault) { _ = try self.relay(text) }
    }

    @Test func relayBodiesHaveLimits() {
        let lines = String(repeating: "A=b\r\n", count: 9) + "Signal=5"
        #expect(throws: DigitFault.broken) { _ = try self.relay(lines) }
        let long = "Signal=5\r\nX=" + String(repeating: "y", count: 300)
        #expect(throws: DigitFault.tooLong) { _ = try self.relay(long) }
    }

    @Test func bareBodies() throws {
        #expect(try self.bare("5") == self.digit(5))
        #expect(try self.bare(" # \r\n") == self.digit(11))
        #expect(try self.bare("16") == self.digit(16))
    }

    @Test(arguments: [
        ("", DigitFault.broken), ("\r\n", .broken), ("5\r\n6", .broken), ("55", .unknownKey),
        ("Signal=5", .unknownKey), ("\u{0}", .unknownKey), ("٥", .unknownKey),
    ])
    func bareBodiesByTheTable(text: String, fault: DigitFault) {
        #expect(throws: fault) { _ = try self.bare(text) }
    }

    @Test func whatIsWrittenIsRead() throws {
        for code in UInt8(0)...16 {
            let digit = try self.digit(code, 120)
            #expect(try InfoDigit(relay: digit.relayBody(durationMs: 90)[...]) == digit)
            #expect(try InfoDigit(bare: digit.bareBody[...]).key == digit.key)
            let packet = NotifyDigit(digit.key, isEnd: true, volume: 10, durationMs: 120)
            #expect(try NotifyDigit(packet.body(clock: 8000)[...], clock: 8000) == packet)
        }
        #expect(
            String(decoding: try self.digit(5).relayBody(durationMs: 90), as: UTF8.self)
                == "Signal=5\r\nDuration=90\r\n")
    }

    @Test(arguments: [
        ([], DigitFault.broken), ([5, 0x8a, 3], .broken), ([5, 0x8a, 3, 0x20, 0], .tooLong),
        ([17, 0x8a, 3, 0x20], .unknownKey), ([255, 0x8a, 3, 0x20], .unknownKey),
        ([5, 0x8a, 0, 0], .absurdDuration),
    ] as [([UInt8], DigitFault)])
    func packetsByTheTable(octets: [UInt8], fault: DigitFault) {
        #expect(throws: fault) { _ = try NotifyDigit(octets[...], clock: 8000) }
    }

    @Test func aMinuteIsTheLongestPacket() throws {
        #expect(throws: DigitFault.absurdDuration) {
            _ = try NotifyDigit([5, 0x8a, 0xff, 0xff], clock: 1000)
        }
        #expect(try NotifyDigit([5, 0x8a, 0xff, 0xff], clock: 8000).durationMs == 8191)
        #expect(try NotifyDigit([5, 0x4a, 3, 0x20], clock: 8000).volume == 10)
    }

    // MARK: Packets that tell of a digit more than once

    private func packet(_ code: UInt8, _ durationMs: UInt32, end: Bool) throws -> NotifyDigit {
        NotifyDigit(
            try #require(DigitKey(code: code)), isEnd: end, volume: 10, durationMs: durationMs)
    }

    @Test func beginUpdateAndEndAreOneDigit() throws {
        var digits = NotifyDigits()
        #expect(digits.receive(try self.packet(5, 20, end: false), at: 1000).isEmpty)
        #expect(digits.receive(try self.packet(5, 100, end: false), at: 1080).isEmpty)
        let over = digits.receive(try self.packet(5, 200, end: true), at: 1180)
        #expect(over.map(\.packet.durationMs) == [200] && over[0].startedAt == 980)
        #expect(digits.receive(try self.packet(5, 200, end: true), at: 1190).isEmpty)
        #expect(digits.receive(try self.packet(5, 200, end: true), at: 1230).isEmpty)
    }

    @Test func endsAloneAreDigits() throws {
        var digits = NotifyDigits()
        #expect(digits.receive(try self.packet(5, 100, end: true), at: 1000).count == 1)
        #expect(digits.receive(try self.packet(6, 100, end: true), at: 1010).count == 1)
        #expect(digits.receive(try self.packet(6, 100, end: true), at: 1020).isEmpty)
        // A key needs 40 ms: what comes later was pressed again.
        #expect(digits.receive(try self.packet(6, 100, end: true), at: 1055).count == 1)
        #expect(digits.receive(try self.packet(6, 100, end: true), at: 1300).count == 1)
    }

    @Test func aLostEndDoesNotLoseTheDigit() throws {
        var digits = NotifyDigits()
        #expect(digits.receive(try self.packet(5, 60, end: false), at: 1000).isEmpty)
        let over = digits.receive(try self.packet(6, 100, end: true), at: 1500)
        #expect(over.map(\.packet.key.code) == [5, 6])
        #expect(digits.receive(try self.packet(7, 90, end: false), at: 2000).isEmpty)
        #expect(digits.receive(try self.packet(7, 10, end: false), at: 2500).count == 1)
    }

    // MARK: KPML

    private func request(_ regex: String, persist: String = "persist") throws -> KeyPressRequest {
        try KeyPressRequest(
            Array(
                """
                <?xml version="1.0"?><kpml-request version="1.0"
                 xmlns="urn:ietf:params:xml:ns:kpml-request">
                <pattern persist="\(persist)"><regex tag="dtmf">\(regex)</regex></pattern>
                </kpml-request>
                """.utf8)[...])
    }

    private func keys(_ request: KeyPressRequest) -> String {
        let keys = (UInt8(0)...16).compactMap { DigitKey(code: $0) }.filter(request.matches)
        return String(decoding: keys.map(\.character), as: UTF8.self)
    }

    @Test func patternsOfOneKey() throws {
        #expect(try self.keys(self.request("x")) == "0123456789")
        #expect(try self.keys(self.request("[x*#ABCD]")) == "0123456789*#ABCD")
        #expect(try self.keys(self.request("[1-3#]")) == "123#")
        #expect(try self.keys(self.request("[^0-9]")) == "*#ABCD")
        #expect(try self.keys(self.request("#")) == "#")
        #expect(try self.request("x").persistence == .persist)
        #expect(try self.request("x", persist: "one-shot").persistence == .oneShot)
        let own = try KeyPressRequest(KeyPressRequest.everyKey[...])
        #expect(self.keys(own) == "0123456789*#ABCD" && own.persistence == .persist)
    }

    @Test(arguments: ["", "xx", "x{3}", "[", "[]", "[9-1]", "[1-", "Z", "x.", "L"])
    func patternsThatAreNotServed(regex: String) {
        #expect(throws: DigitFault.badSubscription) { _ = try self.request(regex) }
    }

    @Test(arguments: [
        "", "x", "<", "<a", "<a>", "<a></b>", "<a/><b/>", "<!DOCTYPE a><a/>", "<a b></a>",
        "<a>&x;</a>", "<a b=\"<\"/>", "<a><![CDATA[x]]></a>", "text<a/>", "<a b=\"1\"c=\"2\"/>",
        "<?xml", "<a/>x",
    ])
    func brokenDocuments(text: String) {
        #expect(XMLElements(Array(text.utf8)[...]) == nil, "\(text)")
        #expect(throws: DigitFault.badSubscription) {
            _ = try KeyPressRequest(Array(text.utf8)[...])
        }
        #expect(throws: DigitFault.broken) { _ = try KeyPressReport(Array(text.utf8)[...]) }
    }

    @Test func documentsHaveLimits() {
        let deep = String(repeating: "<a>", count: 20) + String(repeating: "</a>", count: 20)
        #expect(XMLElements(Array(deep.utf8)[...]) == nil)
        let wide = "<a>" + String(repeating: "<b/>", count: 100) + "</a>"
        #expect(XMLElements(Array(wide.utf8)[...]) == nil)
        let long = "<a>" + String(repeating: " ", count: 5000) + "</a>"
        #expect(throws: DigitFault.tooLong) { _ = try KeyPressReport(Array(long.utf8)[...]) }
    }

    @Test func reports() throws {
        let key = try #require(DigitKey(code: 11))
        let body = KeyPressReport.body(key, code: 200, text: "OK", tag: Array("d\"<".utf8))
        #expect(try KeyPressReport(body[...]).keys == [key])
        let none = KeyPressReport.body(nil, code: 487, text: "Subscription Expired", tag: [])
        #expect(try KeyPressReport(none[...]).code == 487)
        let strange = "<kpml-response version=\"1.0\" code=\"200\" digits=\"1E\"/>"
        #expect(throws: DigitFault.unknownKey) { _ = try KeyPressReport(Array(strange.utf8)[...]) }
        let many = "<kpml-response code=\"200\" digits=\"\(String(repeating: "1", count: 33))\"/>"
        #expect(throws: DigitFault.tooLong) { _ = try KeyPressReport(Array(many.utf8)[...]) }
    }

    /// Whatever comes: a digit, or a row of the table.
    @Test func anyOctets() throws {
        var random = Randomness(seed: 7)
        let seeds = [
            Array("Signal=5\r\nDuration=160\r\n".utf8), KeyPressRequest.everyKey,
            KeyPressReport.body(DigitKey.zero, code: 200, text: "OK", tag: []), [5, 0x8a, 3, 32],
        ]
        for round in 0..<4000 {
            var bytes = seeds[round % seeds.count]
            for _ in 0..<(1 + random.next() % 4) {
                let place = Int(random.next() % UInt64(bytes.count))
                bytes[place] = UInt8(truncatingIfNeeded: random.next())
            }
            for digit in [try? InfoDigit(relay: bytes[...]), try? InfoDigit(bare: bytes[...])] {
                guard let digit else { continue }
                #expect((digit.durationMs ?? 1) > 0)
                #expect((digit.durationMs ?? 1) <= InfoDigit.durationMsMax)
            }
            if let packet = try? NotifyDigit(bytes[...], clock: 8000) {
                #expect(packet.durationMs <= InfoDigit.durationMsMax && packet.volume < 64)
            }
            if let report = try? KeyPressReport(bytes[...]) { #expect(report.keys.count <= 32) }
            _ = try? KeyPressRequest(bytes[...])
        }
    }
}
