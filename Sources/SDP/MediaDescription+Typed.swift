// SPDX-License-Identifier: Apache-2.0

/// What `a=rtcp` says (RFC 3605).
public struct RTCPAttribute: Sendable, Hashable {
    /// Port for RTCP.
    public var port: UInt16
    /// Address for RTCP where it is another than that for RTP.
    public var connection: Connection?
    /// From its parts.
    public init(port: UInt16, connection: Connection? = nil) {
        self.port = port
        self.connection = connection
    }
}

extension Sequence where Element == Attribute {
    /// The value of the first attribute of this name; nil if there is none or it is a flag.
    public func value(of name: StaticString) -> SDPText? {
        self.first { $0.name.equals(name) }?.value
    }

    /// The values of all attributes of this name.
    func values(of name: StaticString) -> [SDPText] {
        self.compactMap { $0.name.isLiteral(name) ? $0.value : nil }
    }

    /// True if there is a flag of this name.
    public func hasFlag(_ name: StaticString) -> Bool {
        self.contains { $0.value == nil && $0.name.equals(name) }
    }
}

extension MediaDescription {
    /// True for "audio".
    public var isAudio: Bool { self.kind.equals("audio") }

    /// The formats that have a meaning, in the order of the m= line: by `a=rtpmap`, else by the
    /// table of RFC 3551. A payload type that stands twice counts once.
    public var rtpFormats: [RTPFormat] {
        var maps: [RTPFormat] = []
        var parameters: [(payloadType: UInt64, text: SDPText)] = []
        for attribute in self.attributes {
            guard let value = attribute.value else { continue }
            if attribute.name.equals("rtpmap") {
                if let format = RTPFormat(rtpmap: value) { maps.append(format) }
            } else if attribute.name.equals("fmtp") {
                guard let (type, text) = value.cut(at: ASCII.space),
                    let payloadType = type.number(upTo: 127)
                else { continue }
                parameters.append((payloadType, text))
            }
        }
        var formats: [RTPFormat] = []
        formats.reserveCapacity(self.formats.count)
        for text in self.formats {
            guard let number = text.number(upTo: 127),
                !formats.contains(where: { UInt64($0.payloadType) == number }),
                var format = maps.first(where: { UInt64($0.payloadType) == number })
                    ?? RTPFormat.fixed(UInt8(number))
            else { continue }
            format.parameters = parameters.first { $0.payloadType == number }?.text.known
            formats.append(format)
        }
        return formats
    }

    /// `a=ptime` in microseconds (it may be a fraction of a millisecond, RFC 8866 section 6.4);
    /// nil if absent, zero or above ten seconds.
    public var ptimeMicroseconds: UInt32? {
        self.attributes.value(of: "ptime").flatMap(Self.microseconds)
    }

    /// `a=maxptime`, as above.
    public var maxptimeMicroseconds: UInt32? {
        self.attributes.value(of: "maxptime").flatMap(Self.microseconds)
    }

    /// `a=rtcp-mux` (RFC 5761 section 5.1.1).
    public var hasRTCPMux: Bool { self.attributes.hasFlag("rtcp-mux") }

    /// `a=mid`; nil if absent, or too long to be repeated.
    public var mid: SDPText? {
        guard let mid = self.attributes.first(where: { $0.name.isLiteral("mid") })?.value,
            (1...64).contains(mid.bytes.count)
        else {
            return nil
        }
        return mid
    }

    /// `a=rtcp`; nil if absent or not readable.
    public var rtcp: RTCPAttribute? {
        guard let words = self.attributes.value(of: "rtcp")?.words,
            let port = words.first?.number(upTo: 65_535), port > 0
        else { return nil }
        switch words.count {
        case 1: return RTCPAttribute(port: UInt16(port))
        case 4:
            let connection = Connection(
                networkType: words[1], addressType: words[2], address: words[3])
            return RTCPAttribute(port: UInt16(port), connection: connection)
        default: return nil
        }
    }

    /// The c= line that counts for this section.
    public func connection(in session: SessionDescription) -> Connection? {
        self.connections.first ?? session.connection
    }

    /// The direction, from this section, else from the session, else both ways.
    public func direction(in session: SessionDescription) -> Direction {
        Direction.first(in: self.attributes) ?? Direction.first(in: session.attributes)
            ?? .sendrecv
    }

    /// Milliseconds with up to three decimals, as microseconds.
    private static func microseconds(_ text: SDPText) -> UInt32? {
        let parts = text.cut(at: ASCII.dot)
        guard let whole = (parts?.head ?? text).number(upTo: 10_000) else { return nil }
        var fraction: UInt64 = 0
        if let tail = parts?.tail {
            guard let value = tail.number(upTo: 999), tail.bytes.count <= 3 else { return nil }
            fraction = value * [1, 100, 10, 1][tail.bytes.count]
        }
        let total = whole * 1000 + fraction
        return total > 0 ? UInt32(total) : nil
    }
}
