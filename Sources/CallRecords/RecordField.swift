// SPDX-License-Identifier: Apache-2.0

/// A member of a record, for `appliance/docs/records.md`, which is made of this list.
public struct RecordField: Sendable, Equatable {
    /// Its name.
    public let name: String
    /// What kind of value it is, with its unit.
    public let kind: String
    /// One sentence.
    public let meaning: String
    /// When it is left out; nil: never.
    public let absent: String?

    private init(_ name: String, _ kind: String, _ meaning: String, absent: String? = nil) {
        self.name = name
        self.kind = kind
        self.meaning = meaning
        self.absent = absent
    }

    private static let noFlow = "the leg had no flow, or the fast path was away"
    private static let noReport = "the party sent no RTCP"

    /// Of a record, in the order in which they stand there.
    public static let record: [RecordField] = [
        RecordField("record", "text", "`closing`, `partial` or `attempt`."),
        RecordField("id", "16 hexadecimal digits", "The call, or the attempt; never used twice."),
        RecordField(
            "part", "number", "How many times the interval of partial records is over.",
            absent: "the record is no partial one"),
        RecordField("node", "text", "Name of the node."),
        RecordField("tenant", "text", "Whose call it is.", absent: "it is no tenant's"),
        RecordField(
            "from", "text", "The trunk that the call came from.", absent: Self.lost),
        RecordField(
            "to", "text", "The trunk that it went to, the last one that was tried.",
            absent: "in an attempt; " + Self.lost),
        RecordField(
            "derived_trunk", "text", "First label of the tenant's derived trunk.",
            absent: "its service knows none; it is no tenant's call"),
        RecordField(
            "screening", "text", "The row of the screening table that decided (tenants.md).",
            absent: "it is no call from a tenant"),
        RecordField("calling", "text", "User part of the caller's From.", absent: Self.lost),
        RecordField("called", "text", "User part of the Request-URI.", absent: Self.lost),
        RecordField("emergency", "true", "It is an emergency call.", absent: "it is none"),
        RecordField(
            "invite_time", "RFC 3339, UTC", "When the INVITE came.", absent: Self.lost),
        RecordField(
            "ringing_time", "RFC 3339, UTC",
            "When the first 18x came: `invite_time` and `ringing_ms`.", absent: "none came"),
        RecordField(
            "ringing_ms", "ms", "The same, after the INVITE by a clock that is never set.",
            absent: "none came"),
        RecordField("answer_time", "RFC 3339, UTC", "When the answer came.", absent: "none came"),
        RecordField("answer_ms", "ms", "The same, after the INVITE.", absent: "none came"),
        RecordField(
            "end_time", "RFC 3339, UTC",
            "When the end began: BYE, refusal, or why the box ended it. In a partial record: when "
                + "that was written.", absent: "in an attempt: it ends when it comes"),
        RecordField(
            "end_ms", "ms", "The same, after the INVITE.", absent: "as `end_time`; " + Self.lost),
        RecordField("end", "text", "Why it ended ([below](#ends)).", absent: "in progress"),
        RecordField(
            "ended_by", "text", "`caller`, `callee`, `operator` or `box`.", absent: "in progress"),
        RecordField(
            "status", "number", "The final SIP status that the caller got.",
            absent: "it got none; " + Self.lost),
        RecordField(
            "cause", "number",
            "Cause by ITU-T Q.850: as a party gave it, else as RFC 3398 has it for the status.",
            absent: "in progress; " + Self.lost),
        RecordField(
            "left", "list of objects", "Parties that left because another one took their place.",
            absent: "none did"),
        RecordField(
            "related", "list of `id`",
            "Calls that were made for this one, that it was made for, or that it was joined with. "
                + "At most 32; one that is missing here has this one.", absent: "there are none"),
        RecordField(
            "digits", "list of objects", "DTMF digits, in the order in which they were over; at "
                + "most 128.", absent: "none were seen: digits that pass as they come are not"),
        RecordField(
            "digits_more", "number", "How many came after those.", absent: "none did"),
        RecordField("a", "object", "The caller's leg.", absent: Self.lost),
        RecordField("b", "object", "The callee's leg.", absent: "in an attempt; " + Self.lost),
    ]

    private static let lost = "nothing but the call's name survived a restart"

    /// Of an element of `left`.
    public static let departure: [RecordField] = [
        RecordField("leg", "text", "`a` or `b`."),
        RecordField("trunk", "text", "Its trunk."),
        RecordField("call_id", "text", "Call-ID of its dialog.", absent: "there was none"),
        RecordField("after_ms", "ms", "When it left, after the INVITE."),
    ]

    /// Of an element of `digits`.
    public static let digit: [RecordField] = [
        RecordField("leg", "text", "`a` or `b`: whose party pressed it, or got the operator's."),
        RecordField("digit", "text", "0 to 9, *, #, A to D, ! (flash); x: `records: mask-dtmf`."),
        RecordField(
            "form", "text",
            "`rfc4733`, `tones`, `info-relay`, `info`, `notify`, `kpml`, or `operator`."),
        RecordField("after_ms", "ms", "When it began, after the INVITE."),
        RecordField("duration_ms", "ms", "How long it lasted.", absent: "its form does not say"),
        RecordField("level_dbm0", "dBm0", "Its level.", absent: "its form has none"),
    ]

    /// Of a leg.
    public static let leg: [RecordField] = [
        RecordField("trunk", "text", "Its trunk at last."),
        RecordField("profile", "text", "Profiles of the trunk.", absent: "it has none"),
        RecordField("call_id", "text", "Call-ID at last.", absent: "there was none"),
        RecordField(
            "codec", "text", "Encoding of what its party sends.", absent: "nothing was agreed"),
        RecordField(
            "keying", "text",
            "`plain` (RTP in the clear), `sdes`, `dtls`, or `pending`: encryption is required and "
                + "no keys came.", absent: "in an attempt"),
        RecordField("srtp", "text", "Suite of SRTP.", absent: "there were no keys"),
        RecordField(
            "ice", "text", "`off`, `offered`, `checking`, `connected`, `nominated`, `both lite`.",
            absent: "in an attempt"),
        RecordField("packets_in", "packets", "RTP from the party.", absent: Self.noFlow),
        RecordField("packets_out", "packets", "RTP to the party.", absent: Self.noFlow),
        RecordField("drops", "packets", "Dropped, from and to the party.", absent: Self.noFlow),
        RecordField("rtcp_in", "packets", "RTCP from the party.", absent: Self.noFlow),
        RecordField("rtcp_out", "packets", "RTCP to the party.", absent: Self.noFlow),
        RecordField(
            "lost", "packets", "Of the party, did not come; below 0 where some came twice.",
            absent: Self.noFlow),
        RecordField("jitter_ms", "ms", "Jitter of what came (RFC 3550).", absent: Self.noFlow),
        RecordField(
            "mos_in", "1 to 4.5", "Opinion score of what came (ITU-T G.107).",
            absent: "no figures for the codec; " + Self.noFlow),
        RecordField(
            "remote_lost", "packets", "Of ours, did not reach the party, as it says.",
            absent: Self.noReport),
        RecordField(
            "remote_jitter_ms", "ms", "Jitter of ours, as the party says.",
            absent: Self.noReport),
        RecordField(
            "mos_out", "1 to 4.5", "Opinion score of what we sent.",
            absent: "no figures for the codec; " + Self.noReport),
        RecordField(
            "round_trip_ms", "ms", "To the party and back.", absent: Self.noReport),
    ]
}
