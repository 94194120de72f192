// SPDX-License-Identifier: Apache-2.0

/// A payload type with what it means: `a=rtpmap` or the table of RFC 3551, and `a=fmtp`.
public struct RTPFormat: Sendable, Hashable {
    /// 0 to 127.
    public var payloadType: UInt8
    /// Encoding name; its case does not matter.
    public var name: SDPText
    /// RTP clock, Hz.
    public var clockRate: UInt32
    /// Audio channels, at least 1.
    public var channels: UInt8
    /// What follows the payload type in `a=fmtp`.
    public var parameters: SDPText?

    /// From its parts.
    public init(
        payloadType: UInt8, name: SDPText, clockRate: UInt32, channels: UInt8 = 1,
        parameters: SDPText? = nil
    ) {
        self.payloadType = payloadType
        self.name = name
        self.clockRate = clockRate
        self.channels = channels
        self.parameters = parameters
    }

    /// Telephone events (RFC 4733) and comfort noise (RFC 3389): nothing to talk with alone.
    public var isAuxiliary: Bool { self.isTelephoneEvent || self.isNamed("CN") }

    /// Telephone events, RFC 4733.
    public var isTelephoneEvent: Bool { self.isNamed("telephone-event") }

    /// The encoding name compared without case.
    public func isNamed(_ name: StaticString) -> Bool { self.name.isLiteral(name) }

    /// True if a packet of this format can be handed on as the other without touching its payload:
    /// name, clock rate and channels are the same, and those parameters that change the
    /// payload's layout.
    public func carries(_ other: RTPFormat) -> Bool {
        self.name.equalsIgnoringCase(other.name) && self.clockRate == other.clockRate
            && self.channels == other.channels
            && PayloadLayout.same(self, other)
    }

    /// `a=rtpmap` of this format.
    public var rtpmap: Attribute {
        var text: [UInt8] = []
        text.reserveCapacity(self.name.bytes.count + 16)
        text += SDPText(payloadType: self.payloadType).bytes
        text.append(ASCII.space)
        text += self.name.bytes
        text.append(ASCII.slash)
        text += SDPText(self.clockRate).bytes
        if self.channels > 1 {
            text.append(ASCII.slash)
            text += SDPText(self.channels).bytes
        }
        return Attribute(.rtpmap, SDPText(checked: text))
    }

    /// `a=fmtp` of this format; nil without parameters.
    public var fmtp: Attribute? {
        guard let parameters = self.parameters else { return nil }
        var text: [UInt8] = []
        text.reserveCapacity(parameters.bytes.count + 4)
        text += SDPText(payloadType: self.payloadType).bytes
        text.append(ASCII.space)
        text += parameters.bytes
        return Attribute(.fmtp, SDPText(checked: text))
    }
}

extension RTPFormat {
    /// The audio payload types that need no `a=rtpmap` (RFC 3551 section 6, table 4).
    public static func fixed(_ payloadType: UInt8) -> RTPFormat? {
        let (name, clockRate, channels): (SDPText, UInt32, UInt8)
        switch payloadType {
        case 0: (name, clockRate, channels) = ("PCMU", 8000, 1)
        case 3: (name, clockRate, channels) = ("GSM", 8000, 1)
        case 4: (name, clockRate, channels) = ("G723", 8000, 1)
        case 5: (name, clockRate, channels) = ("DVI4", 8000, 1)
        case 6: (name, clockRate, channels) = ("DVI4", 16000, 1)
        case 7: (name, clockRate, channels) = ("LPC", 8000, 1)
        case 8: (name, clockRate, channels) = ("PCMA", 8000, 1)
        case 9: (name, clockRate, channels) = ("G722", 8000, 1)
        case 10: (name, clockRate, channels) = ("L16", 44100, 2)
        case 11: (name, clockRate, channels) = ("L16", 44100, 1)
        case 12: (name, clockRate, channels) = ("QCELP", 8000, 1)
        case 13: (name, clockRate, channels) = ("CN", 8000, 1)
        case 14: (name, clockRate, channels) = ("MPA", 90000, 1)
        case 15: (name, clockRate, channels) = ("G728", 8000, 1)
        case 16: (name, clockRate, channels) = ("DVI4", 11025, 1)
        case 17: (name, clockRate, channels) = ("DVI4", 22050, 1)
        case 18: (name, clockRate, channels) = ("G729", 8000, 1)
        default: return nil
        }
        return RTPFormat(
            payloadType: payloadType, name: name, clockRate: clockRate, channels: channels)
    }

    /// Reads the value of `a=rtpmap`: payload type, space, name/clock[/channels].
    init?(rtpmap text: SDPText) {
        guard let (number, rest) = text.cut(at: ASCII.space),
            let payloadType = number.number(upTo: 127),
            let encoding = rest.words.first,
            let (name, rates) = encoding.cut(at: ASCII.slash), !name.isEmpty
        else { return nil }
        let parts = rates.cut(at: ASCII.slash)
        guard let clockRate = (parts?.head ?? rates).number(upTo: 192_000), clockRate > 0
        else { return nil }
        var channels: UInt64 = 1
        if let text = parts?.tail {
            guard let value = text.number(upTo: 255), value > 0 else { return nil }
            channels = value
        }
        self.init(
            payloadType: UInt8(payloadType), name: name.known, clockRate: UInt32(clockRate),
            channels: UInt8(channels))
    }
}

/// Which format parameters change the layout of the payload, so that two formats that differ in
/// them cannot be joined without transcoding. Others (modes allowed, events, VAD) are advice to
/// the sender and travel from leg to leg as text.
enum PayloadLayout {
    static func same(_ a: RTPFormat, _ b: RTPFormat) -> Bool {
        if a.isNamed("AMR") || a.isNamed("AMR-WB") {
            // RFC 4867 section 8.1: absent means 0 for these; interleaving needs the octet-aligned
            // mode and a value on both sides.
            return ["octet-align", "crc", "robust-sorting", "interleaving"].allSatisfy {
                value($0, a) == value($0, b)
            }
        }
        if a.isNamed("G7221") { return value("bitrate", a) == value("bitrate", b) }
        if a.isNamed("MP4A-LATM") || a.isNamed("mpeg4-generic") {
            return parameters(a) == parameters(b)
        }
        return true
    }

    /// The value of one parameter of a `;` separated list; "0" when it is absent.
    private static func value(_ name: SDPText, _ format: RTPFormat) -> SDPText {
        for (key, value) in parameters(format) where key.equalsIgnoringCase(name) {
            return value
        }
        return "0"
    }

    private static func parameters(_ format: RTPFormat) -> [SDPText: SDPText] {
        var result: [SDPText: SDPText] = [:]
        for part in format.parameters?.bytes.split(separator: ASCII.semicolon) ?? [] {
            let text = SDPText(checked: Array(part.drop(while: { $0 == ASCII.space })))
            if let (key, value) = text.cut(at: ASCII.equals) {
                result[key] = value
            } else {
                result[text] = ""
            }
        }
        return result
    }
}
