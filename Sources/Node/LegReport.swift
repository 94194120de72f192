// SPDX-License-Identifier: Apache-2.0

import CallControl
import CallRecords
import FlowABI
import Management
import SDP

/// One leg as the command line shows it: where its media goes, what protects it, how good it is.
struct LegReport {
    let side: Side
    let trunk: String
    let realm: String?
    let leg: MediaIntent.Leg
    /// The first payload type that we send to its party, if it has one.
    let sentType: UInt8?
    let protection: LegProtection
    let figures: FlowStatistics?
    let drops: DropCounts?

    var json: JSONObject {
        var members: JSONObject = [
            "side": JSONValue(self.side == .a ? "a" : "b"), "trunk": JSONValue(self.trunk),
            "realm": JSONValue(self.realm), "local": JSONValue("\(self.leg.local.rtp)"),
            "shared_port": .bool(self.leg.local.isShared),
            "remote": JSONValue(self.leg.remote.map { "\($0)" }),
            "receive": .bool(self.leg.receive), "send": .bool(self.leg.send),
            "srtp": JSONValue(self.suite), "keying": JSONValue(self.protection.keying.rawValue),
            "ice": JSONValue(self.protection.ice.rawValue),
            "path": JSONValue(self.protection.path.map { "\($0)" }),
        ]
        self.addFigures(&members)
        return members
    }

    /// The same figures for a record.
    func quality(_ figures: FlowStatistics) -> MediaQuality {
        var quality = MediaQuality()
        quality.packetsIn = figures.receivedPackets
        quality.packetsOut = figures.sentPackets
        quality.drops = figures.receiveDrops &+ figures.sendDrops
        quality.rtcpIn = figures.receivedRTCPPackets
        quality.rtcpOut = figures.sentRTCPPackets
        quality.lost = figures.lost
        quality.jitterUs = self.microseconds(figures.jitter)
        quality.mosIn = Self.hundredths(
            self.score(self.leg.payloadTypes.first?.ingress, self.lossIn))
        quality.remoteLost = figures.remoteLost
        quality.remoteJitterUs = self.microseconds(figures.remoteJitter)
        quality.mosOut = Self.hundredths(self.score(self.sentType, self.lossOut))
        quality.roundTripUs = figures.roundTripUs
        return quality
    }

    /// RTP clock units to microseconds.
    private func microseconds(_ units: UInt32) -> UInt32 {
        UInt32(clamping: UInt64(units) * 1_000_000 / UInt64(max(self.leg.clockRate, 1)))
    }

    private static func hundredths(_ score: Double?) -> UInt16? {
        score.map { UInt16(min(max($0 * 100, 0), 1000).rounded()) }
    }

    /// Nil for RTP in the clear.
    private var suite: String? {
        if let suite = self.protection.suite { return suite.name.description }
        return self.protection.keying == .plain ? nil : "no keys yet"
    }

    private func addFigures(_ members: inout JSONObject) {
        let figures = self.figures
        members["packets_in"] = JSONValue(figures?.receivedPackets ?? 0)
        members["packets_out"] = JSONValue(figures?.sentPackets ?? 0)
        members["drops"] = JSONValue(
            (figures?.receiveDrops ?? 0) &+ (figures?.sendDrops ?? 0))
        members["dropped_by_reason"] = .object(self.dropsByReason)
        members["rtcp_in"] = JSONValue(figures?.receivedRTCPPackets ?? 0)
        members["rtcp_out"] = JSONValue(figures?.sentRTCPPackets ?? 0)
        members["lost"] = JSONValue(figures?.lost ?? 0)
        members["lost_percent"] = Self.number(self.lossIn)
        members["jitter_ms"] = .number(self.milliseconds(figures?.jitter ?? 0))
        members["mos_in"] = Self.number(
            self.score(self.leg.payloadTypes.first?.ingress, self.lossIn))
        members["remote_lost"] = JSONValue(figures?.remoteLost ?? 0)
        members["remote_lost_percent"] = Self.number(self.lossOut)
        members["remote_jitter_ms"] = .number(self.milliseconds(figures?.remoteJitter ?? 0))
        members["mos_out"] = Self.number(self.score(self.sentType, self.lossOut))
        members["round_trip_ms"] = .number(self.roundTripMs)
    }

    /// Of packets that came to this leg.
    private var dropsByReason: JSONObject {
        var members = JSONObject()
        for drop in self.drops?.byReason ?? [] { members[drop.reason.name] = JSONValue(drop.count) }
        return members
    }

    private var roundTripMs: Double { Double(self.figures?.roundTripUs ?? 0) / 1000 }

    /// RTP clock units to milliseconds.
    private func milliseconds(_ units: UInt32) -> Double {
        Double(units) * 1000 / Double(max(self.leg.clockRate, 1))
    }

    /// Of what the party sent; nil before anything came.
    private var lossIn: Double? {
        guard let figures, figures.receivedPackets > 0 else { return nil }
        let sent = figures.receivedPackets &+ UInt64(max(figures.lost, 0))
        return VoiceQuality.lossPercent(lost: figures.lost, of: sent)
    }

    /// Of what we sent; nil before the party reported.
    private var lossOut: Double? {
        guard let figures, figures.receivedRTCPPackets > 0 else { return nil }
        return VoiceQuality.lossPercent(lost: figures.remoteLost, of: figures.sentPackets)
    }

    /// Nil where the codec's figures or the loss are not known.
    private func score(_ payloadType: UInt8?, _ lossPercent: Double?) -> Double? {
        guard let lossPercent, let codec = payloadType.flatMap(VoiceQuality.codec) else {
            return nil
        }
        return VoiceQuality.score(
            codec, lossPercent: lossPercent, oneWayMs: self.roundTripMs / 2)
    }

    private static func number(_ value: Double?) -> JSONValue {
        value.map { .number($0) } ?? .null
    }
}
