// SPDX-License-Identifier: Apache-2.0

import Admission
public import CallControl
import SDP

/// Writes records as lines of JSON. What the members mean stands in ``RecordField``, in the same
/// order; what is not known is left out.
public struct RecordWriter: Sendable {
    /// Name of the node.
    private let node: [UInt8]

    /// Bytes that a line has room for at first: that of a call without transfers has about 1,250.
    private static let usualBytes = 1500

    /// For the records of this node.
    public init(node: String) { self.node = Array(node.utf8) }

    /// The record of a call that has ended, or of one in progress: then `part` counts what was
    /// written of it, from 1 on.
    public func line(_ record: CallRecord, _ details: CallDetails, part: Int = 0) -> [UInt8] {
        var line = JSONLine(room: Self.usualBytes)
        line.word("record", record.end == nil ? "partial" : "closing")
        line.identifier("id", record.id.value)
        if record.end == nil { line.integer("part", part) }
        line.text("node", self.node)
        if let tenant = details.tenant { line.text("tenant", tenant.utf8) }
        line.text("from", record.from.text.utf8)
        line.text("to", record.to.text.utf8)
        if let trunk = details.derivedTrunk { line.text("derived_trunk", trunk.utf8) }
        if let screening = details.screening { line.text("screening", screening.utf8) }
        line.text("calling", record.calling)
        line.text("called", record.called)
        if record.isEmergency { line.flag("emergency", true) }
        self.addTimes(record, to: &line)
        self.addEnd(record.end, record.status, record.cause, to: &line)
        let (left, related) = (record.transfers.left, record.transfers.related)
        if !left.isEmpty { line.array("left", left, Self.add) }
        if !related.isEmpty { line.array("related", related) { $0.identifier($1.value) } }
        Self.add(record.digits, isHidden: details.hidesDigits, to: &line)
        line.object("a") { Self.add(record.a, details.a, to: &$0) }
        line.object("b") { Self.add(record.b, details.b, to: &$0) }
        return line.finish()
    }

    /// The record of an INVITE that made no call.
    public func line(_ attempt: AttemptRecord, _ details: CallDetails) -> [UInt8] {
        var line = JSONLine(room: Self.usualBytes / 2)
        line.word("record", "attempt")
        line.identifier("id", attempt.id.value)
        line.text("node", self.node)
        if let tenant = details.tenant { line.text("tenant", tenant.utf8) }
        line.text("from", attempt.from.text.utf8)
        if let trunk = details.derivedTrunk { line.text("derived_trunk", trunk.utf8) }
        if let screening = details.screening { line.text("screening", screening.utf8) }
        line.text("calling", attempt.calling)
        line.text("called", attempt.called)
        line.time("invite_time", attempt.startedAt)
        self.addEnd(attempt.end, attempt.status, attempt.cause, to: &line)
        line.object("a") {
            $0.text("trunk", attempt.from.text.utf8)
            if let profile = details.a.profile { $0.text("profile", profile.utf8) }
            if !attempt.callID.isEmpty { $0.text("call_id", attempt.callID) }
        }
        return line.finish()
    }

    /// The record of a call of which nothing is left but its name.
    public func line(lost id: CallIdentifier, now: Milliseconds) -> [UInt8] {
        var line = JSONLine(room: Self.usualBytes / 2)
        line.word("record", "closing")
        line.identifier("id", id.value)
        line.text("node", self.node)
        line.time("end_time", now)
        self.addEnd(.restart, 0, 0, to: &line)
        return line.finish()
    }

    // MARK: Parts

    private func addTimes(_ record: CallRecord, to line: inout JSONLine) {
        let offsets = record.offsets
        line.time("invite_time", record.startedAt)
        if let ringing = offsets.ringing {
            line.time("ringing_time", record.startedAt &+ UInt64(ringing))
            line.integer("ringing_ms", ringing)
        }
        if let answeredAt = record.answeredAt {
            line.time("answer_time", answeredAt)
            if let answer = offsets.answer { line.integer("answer_ms", answer) }
        }
        line.time("end_time", record.endedAt)
        if let end = offsets.end { line.integer("end_ms", end) }
    }

    private func addEnd(
        _ end: CallEnd?, _ status: Int, _ cause: UInt8, to line: inout JSONLine
    ) {
        if let end {
            line.word("end", end.description)
            line.word("ended_by", end.party.rawValue)
        }
        if status != 0 { line.integer("status", status) }
        if end != nil, cause != 0 { line.integer("cause", cause) }
    }

    private static func add(_ line: inout JSONLine, _ departure: TransferHistory.Departure) {
        line.element {
            $0.word("leg", departure.side == .a ? "a" : "b")
            $0.text("trunk", departure.trunk.text.utf8)
            if !departure.callID.isEmpty { $0.text("call_id", departure.callID) }
            $0.integer("after_ms", departure.after)
        }
    }

    private static func add(_ log: DigitLog, isHidden: Bool, to line: inout JSONLine) {
        if !log.digits.isEmpty {
            line.array("digits", log.digits) { line, digit in
                line.element {
                    $0.word("leg", digit.side == .a ? "a" : "b")
                    $0.text("digit", [isHidden ? UInt8(ascii: "x") : digit.key.character])
                    $0.word("form", digit.form?.rawValue ?? "operator")
                    $0.integer("after_ms", digit.after)
                    if digit.durationMs > 0 { $0.integer("duration_ms", digit.durationMs) }
                    if let level = digit.level { $0.integer("level_dbm0", -Int(level)) }
                }
            }
        }
        if log.more > 0 { line.integer("digits_more", log.more) }
    }

    private static func add(
        _ leg: CallRecord.Leg, _ details: LegDetails, to line: inout JSONLine
    ) {
        line.text("trunk", leg.trunk.text.utf8)
        if let profile = details.profile { line.text("profile", profile.utf8) }
        if !leg.callID.isEmpty { line.text("call_id", leg.callID) }
        if !leg.codec.isEmpty { line.text("codec", leg.codec) }
        line.word("keying", leg.protection.keying.rawValue)
        if let suite = leg.protection.suite { line.text("srtp", suite.name.bytes) }
        line.word("ice", leg.protection.ice.rawValue)
        if let quality = details.quality { Self.add(quality, to: &line) }
    }

    private static func add(_ quality: MediaQuality, to line: inout JSONLine) {
        line.integer("packets_in", quality.packetsIn)
        line.integer("packets_out", quality.packetsOut)
        line.integer("drops", quality.drops)
        line.integer("rtcp_in", quality.rtcpIn)
        line.integer("rtcp_out", quality.rtcpOut)
        line.integer("lost", quality.lost)
        line.thousandths("jitter_ms", quality.jitterUs)
        if let score = quality.mosIn { line.hundredths("mos_in", score) }
        // The party said nothing.
        guard quality.rtcpIn > 0 else { return }
        line.integer("remote_lost", quality.remoteLost)
        line.thousandths("remote_jitter_ms", quality.remoteJitterUs)
        if let score = quality.mosOut { line.hundredths("mos_out", score) }
        if quality.roundTripUs > 0 { line.thousandths("round_trip_ms", quality.roundTripUs) }
    }
}
