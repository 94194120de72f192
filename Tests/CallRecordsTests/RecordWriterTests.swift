// SPDX-License-Identifier: Apache-2.0

import Admission
import Management
import NetworkAddress
import SDP
import Testing

@testable import CallControl
@testable import CallRecords

/// A record with everything in it.
private func fullRecord() -> CallRecord {
    func leg(_ trunk: String, _ callID: String, _ codec: String) -> CallRecord.Leg {
        CallRecord.Leg(
            trunk: TrunkName(trunk), callID: Array(callID.utf8), codec: Array(codec.utf8),
            protection: LegProtection(
                keying: .sdes, suite: .aes128CM80, isRequired: true, ice: .nominated,
                path: nil))
    }
    let port = MediaPort(
        addressIndex: 0, rtp: SocketAddress(address: IPAddress(ipv4: 0xc000_0201), port: 4000))
    var record = CallRecord(
        id: CallIdentifier(0x0123_4567_89ab_cdef), from: TrunkName("carrier"),
        to: TrunkName("service"), calling: Array("+15550199".utf8),
        called: Array("+15550100".utf8), isEmergency: true,
        // 2024-02-29 23:59:59.001 UTC
        startedAt: 1_709_251_199_001, answeredAt: 1_709_251_203_999,
        endedAt: 1_709_251_264_000, offsets: CallOffsets(), end: .calleeBye, status: 200,
        cause: 16, a: leg("carrier", "one@a", "PCMU"), b: leg("service", "two@b", "opus"),
        media: MediaIntent(a: MediaIntent.Leg(local: port), b: MediaIntent.Leg(local: port)),
        transfers: TransferHistory())
    record.offsets.ringingOrNone = 1000
    record.offsets.answerOrNone = 4998
    record.offsets.endOrNone = 64_999
    record.transfers.left = [
        .init(side: .b, trunk: TrunkName("pbx"), callID: Array("three@c".utf8), after: 30_000)
    ]
    record.transfers.related = [CallIdentifier(1), CallIdentifier(.max)]
    record.digits = fullLog()
    return record
}

/// The one digit that a test of every member needs, and one that found no place.
private func fullLog() -> DigitLog {
    var log = DigitLog(limit: 1)
    let key = DigitKey(code: 11) ?? DigitKey.zero
    for _ in 0..<2 {
        log.append(Digit(key, .a, .info, after: 7000, durationMs: 160, level: 10))
    }
    return log
}

private func fullDetails() -> CallDetails {
    var quality = MediaQuality()
    quality.packetsIn = 3001
    quality.packetsOut = 2999
    quality.drops = 2
    quality.rtcpIn = 12
    quality.rtcpOut = 13
    quality.lost = -1
    quality.jitterUs = 2125
    quality.mosIn = 441
    quality.remoteLost = 7
    quality.remoteJitterUs = 12_000
    quality.mosOut = 405
    quality.roundTripUs = 20_007
    var details = CallDetails()
    details.tenant = "contoso"
    details.derivedTrunk = "contoso-east"
    details.screening = "passed"
    details.hidesDigits = false
    for side in [\CallDetails.a, \.b] {
        details[keyPath: side].profile = "teams"
        details[keyPath: side].quality = quality
    }
    return details
}

private func parsed(_ line: [UInt8]) throws -> JSONValue {
    #expect(line.last == 0x0a && line.count { $0 == 0x0a } == 1)
    return try JSONValue(parsing: line.dropLast())
}

private func names(_ value: JSONValue?) -> [String] { value?.object?.members.map(\.name) ?? [] }

@Suite struct RecordWriterTests {
    private let writer = RecordWriter(node: "edge1")

    @Test func aClosingRecordFieldByField() throws {
        let line = self.writer.line(fullRecord(), fullDetails())
        let leg = """
            "profile":"teams","call_id":"CALLID","codec":"CODEC","keying":"sdes",\
            "srtp":"AES_CM_128_HMAC_SHA1_80","ice":"nominated",\
            "packets_in":3001,"packets_out":2999,"drops":2,"rtcp_in":12,"rtcp_out":13,"lost":-1,\
            "jitter_ms":2.125,"mos_in":4.41,"remote_lost":7,"remote_jitter_ms":12.000,\
            "mos_out":4.05,"round_trip_ms":20.007
            """
        func filled(_ callID: String, _ codec: String) -> String {
            leg.split(separator: "CALLID").joined(separator: callID)
                .split(separator: "CODEC").joined(separator: codec)
        }
        #expect(
            String(decoding: line, as: UTF8.self) == """
                {"record":"closing","id":"0123456789abcdef","node":"edge1","tenant":"contoso",\
                "from":"carrier","to":"service","derived_trunk":"contoso-east",\
                "screening":"passed","calling":"+15550199","called":"+15550100",\
                "emergency":true,"invite_time":"2024-02-29T23:59:59.001Z",\
                "ringing_time":"2024-03-01T00:00:00.001Z","ringing_ms":1000,\
                "answer_time":"2024-03-01T00:00:03.999Z","answer_ms":4998,\
                "end_time":"2024-03-01T00:01:04.000Z","end_ms":64999,"end":"callee hung up",\
                "ended_by":"callee","status":200,"cause":16,\
                "left":[{"leg":"b","trunk":"pbx","call_id":"three@c","after_ms":30000}],\
                "related":["0000000000000001","ffffffffffffffff"],\
                "digits":[{"leg":"a","digit":"#","form":"info","after_ms":7000,\
                "duration_ms":160,"level_dbm0":-10}],"digits_more":1,\
                "a":{"trunk":"carrier",\(filled("one@a", "PCMU"))},\
                "b":{"trunk":"service",\(filled("two@b", "opus"))}}

                """)
    }

    @Test func partialRecords() throws {
        var record = fullRecord()
        record.end = nil
        let value = try parsed(self.writer.line(record, fullDetails(), part: 3))
        #expect(value["record"]?.string == "partial" && value["part"]?.integer == 3)
        for name in ["end", "ended_by", "cause"] { #expect(value[name] == nil) }
        #expect(value["end_ms"]?.integer == 64_999)
    }

    @Test func whatIsNotKnownIsLeftOut() throws {
        var record = fullRecord()
        record.isEmergency = false
        record.answeredAt = nil
        record.offsets = CallOffsets()
        record.end = .rejected
        record.status = 486
        record.transfers = TransferHistory()
        record.digits = DigitLog()
        record.a = CallRecord.Leg(
            trunk: TrunkName("carrier"), callID: [], codec: [],
            protection: LegProtection(
                keying: .plain, suite: nil, isRequired: false, ice: .off, path: nil))
        let value = try parsed(self.writer.line(record, CallDetails()))
        #expect(
            names(value) == [
                "record", "id", "node", "from", "to", "calling", "called", "invite_time",
                "end_time", "end", "ended_by", "status", "cause", "a", "b",
            ])
        #expect(names(value["a"]) == ["trunk", "keying", "ice"])
        var details = CallDetails()
        details.a.quality = MediaQuality()
        let silent = try parsed(self.writer.line(record, details))
        #expect(
            names(silent["a"]).suffix(7) == [
                "packets_in", "packets_out", "drops", "rtcp_in", "rtcp_out", "lost", "jitter_ms",
            ])
    }

    @Test func attempts() throws {
        let attempt = AttemptRecord(
            id: CallIdentifier(7), from: TrunkName("carrier"), calling: Array("1".utf8),
            called: Array("2".utf8), callID: Array("x".utf8), startedAt: 0, end: .noRoute,
            status: 404, cause: 1)
        #expect(
            String(decoding: self.writer.line(attempt, CallDetails()), as: UTF8.self) == """
                {"record":"attempt","id":"0000000000000007","node":"edge1","from":"carrier",\
                "calling":"1","called":"2","invite_time":"1970-01-01T00:00:00.000Z",\
                "end":"no route","ended_by":"box","status":404,"cause":1,\
                "a":{"trunk":"carrier","call_id":"x"}}

                """)
    }

    @Test func aCallOfWhichOnlyTheNameIsLeft() throws {
        let line = self.writer.line(lost: CallIdentifier(9), now: 1000)
        let value = try parsed(line)
        #expect(
            names(value) == ["record", "id", "node", "end_time", "end", "ended_by"])
        #expect(value["end"]?.string == "restart")
        #expect(ClosingLine.call(line.dropLast()) == CallIdentifier(9))
    }

    @Test(arguments: [0, 9, 10, 99, 100, 12_345, UInt64.max, UInt64.max / 10])
    func numbers(value: UInt64) throws {
        var details = CallDetails()
        details.a.quality = MediaQuality()
        details.a.quality?.packetsIn = value
        let line = String(
            decoding: self.writer.line(fullRecord(), details), as: UTF8.self)
        #expect(line.contains("\"packets_in\":\(value),"))
    }

    // MARK: Hostile bytes

    @Test(arguments: [
        ("\"\\/", "\"\\/"), ("\r\n\t\0\u{7f}", "\r\n\t\0\u{7f}"), ("é漢😀", "é漢😀"),
    ])
    func textsOfTheWire(text: String, expected: String) throws {
        var record = fullRecord()
        record.calling = Array(text.utf8)
        #expect(
            try parsed(self.writer.line(record, fullDetails()))["calling"]?.string == expected)
    }

    /// Whatever the bytes are, the line is one line of valid JSON in valid UTF-8.
    @Test func anyBytes() throws {
        var random = Randomness(seed: 4)
        let pieces: [[UInt8]] = [
            [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xe2, 0x82], [0xff],
            [0xf0, 0x9f, 0x98, 0x80], [0x80], [0xc3], [0x22, 0x7d, 0x0a], [0x5c],
        ]
        for _ in 0..<2000 {
            var record = fullRecord()
            for _ in 0..<random.below(200) {
                record.called += pieces[Int(random.below(UInt64(pieces.count)))]
                record.calling.append(UInt8(truncatingIfNeeded: random.next()))
            }
            let line = self.writer.line(record, fullDetails())
            #expect(String(validating: line, as: UTF8.self) != nil)
            let value = try parsed(line)
            let called = try #require(value["called"]?.string)
            // As the standard library repairs it, up to where it is cut.
            let whole = String(decoding: record.called.prefix(256), as: UTF8.self)
            #expect(called.unicodeScalars.filter { $0 != "\u{fffd}" }
                == whole.unicodeScalars.filter { $0 != "\u{fffd}" })
        }
    }

    @Test func longTextsAreCut() throws {
        var record = fullRecord()
        let long = [UInt8](repeating: 0, count: 100_000)
        record.calling = long
        record.called = long
        record.a.callID = long
        record.transfers.left = Array(
            repeating: .init(side: .a, trunk: TrunkName("t"), callID: long, after: 1), count: 32)
        record.transfers.related = Array(repeating: CallIdentifier(1), count: 32)
        let line = self.writer.line(record, fullDetails())
        #expect(line.count < 65_536)
        #expect(try parsed(line)["called"]?.string?.utf8.count == 256)
    }

    // MARK: Documents

    /// What the document lists is what a record has, in this order.
    @Test func everyFieldIsListed() throws {
        let closing = try parsed(self.writer.line(fullRecord(), fullDetails()))
        #expect(names(closing) == RecordField.record.map(\.name).filter { $0 != "part" })
        #expect(names(closing["a"]) == RecordField.leg.map(\.name))
        #expect(names(closing["digits"]?[0]) == RecordField.digit.map(\.name))
        #expect(names(closing["left"]?[0]) == RecordField.departure.map(\.name))
    }

    @Test func everyEndIsListed() {
        #expect(Set(CallEnd.all.map(\.description)).count == CallEnd.all.count)
        for end in CallEnd.all { #expect(CallEnd(description: end.description) == end) }
        #expect(CallEnd(description: "x") == nil)
    }
}

@Suite struct ClosingLineTests {
    private let writer = RecordWriter(node: "edge1")

    @Test func onlyWholeClosingLines() {
        let line = self.writer.line(fullRecord(), fullDetails()).dropLast()
        #expect(ClosingLine.call(line) == CallIdentifier(0x0123_4567_89ab_cdef))
        for count in 0..<line.count where line[count - (count > 0 ? 1 : 0)] != 0x7d {
            #expect(ClosingLine.call(line.prefix(count)) == nil)
        }
        var partial = fullRecord()
        partial.end = nil
        #expect(ClosingLine.call(self.writer.line(partial, fullDetails()).dropLast()) == nil)
    }
}

@Suite struct PartialScheduleTests {
    @Test func dueEachInterval() {
        var schedule = PartialSchedule(seconds: 10)
        let (one, two) = (CallIdentifier(1), CallIdentifier(2))
        #expect(schedule.due(now: 100_000).isEmpty)
        schedule.begin(one, answeredAt: 101_500)
        schedule.begin(one, answeredAt: 101_500)
        schedule.begin(two, answeredAt: 103_000)
        // Within the second of its answer: no interval is over.
        #expect(schedule.due(now: 101_900) == [one])
        #expect(schedule.part(answeredAt: 101_500, now: 101_900) == 0)
        #expect(schedule.part(answeredAt: 101_500, now: 111_200) == 1)
        #expect(schedule.part(answeredAt: 101_500, now: 131_000) == 3)
        #expect(schedule.part(answeredAt: 101_500, now: 0) == 0)
        #expect(schedule.due(now: 110_999).filter { $0 == one }.isEmpty)
        #expect(schedule.due(now: 111_000) == [one])
        #expect(schedule.due(now: 111_900).isEmpty)
        #expect(schedule.due(now: 114_000) == [two])
        schedule.end(one, answeredAt: 101_500)
        #expect(schedule.due(now: 122_000).isEmpty)
        // A clock that was set: each call once.
        #expect(schedule.due(now: 9_000_000) == [two])
        #expect(schedule.due(now: 1000).isEmpty)
        schedule.end(two, answeredAt: 103_000)
        #expect(schedule.due(now: 9_000_000).isEmpty)
    }

    @Test func none() {
        var schedule = PartialSchedule(seconds: 0)
        schedule.begin(CallIdentifier(1), answeredAt: 0)
        _ = schedule.due(now: 0)
        #expect(schedule.due(now: 1_000_000).isEmpty)
    }
}
