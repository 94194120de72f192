// SPDX-License-Identifier: Apache-2.0

/// A session description (RFC 8866, and RFC 4566 before it) as a value. Everything that was
/// parsed is kept, in order where order means something.
public struct SessionDescription: Sendable, Hashable {
    /// o=, who made this and which version of it (RFC 8866 section 5.2).
    public var origin: Origin
    /// s=, empty where the peer left it empty.
    public var name: SDPText
    /// i=
    public var information: SDPText?
    /// u=
    public var uri: SDPText?
    /// e= lines.
    public var emails: [SDPText]
    /// p= lines.
    public var phones: [SDPText]
    /// c= for media without an own one.
    public var connection: Connection?
    /// b= lines.
    public var bandwidths: [Bandwidth]
    /// t= lines with their r= lines; a description without any is read as `t=0 0`.
    public var timings: [Timing]
    /// z=
    public var zones: SDPText?
    /// k=
    public var key: SDPText?
    /// a= lines of the session, all of them.
    public var attributes: [Attribute]
    /// m= sections.
    public var media: [MediaDescription]

    /// A description with nothing but what every one has.
    public init(origin: Origin, name: SDPText? = nil) {
        self.origin = origin
        self.name = name ?? .dash
        self.emails = []
        self.phones = []
        self.bandwidths = []
        self.timings = [Timing(start: .zero, stop: .zero)]
        self.attributes = []
        self.media = []
    }
}

/// An m= section.
public struct MediaDescription: Sendable, Hashable {
    /// "audio", "video", "image" and so on.
    public var kind: SDPText
    /// Transport port; 0 says that the stream is refused or gone (RFC 3264 section 8.2).
    public var port: UInt16
    /// The number after the slash, where there is one.
    public var portCount: UInt16?
    /// "RTP/AVP" and so on.
    public var transport: SDPText
    /// Payload types, or what the transport calls formats; at least one.
    public var formats: [SDPText]
    /// i=
    public var information: SDPText?
    /// c= lines; several only for layered multicast.
    public var connections: [Connection]
    /// b= lines.
    public var bandwidths: [Bandwidth]
    /// k=
    public var key: SDPText?
    /// a= lines of this section, all of them.
    public var attributes: [Attribute]

    /// A section of an m= line alone.
    public init(kind: SDPText, port: UInt16, transport: SDPText, formats: [SDPText]) {
        self.kind = kind
        self.port = port
        self.transport = transport
        self.formats = formats
        self.connections = []
        self.bandwidths = []
        self.attributes = []
    }
}

/// The o= line.
public struct Origin: Sendable, Hashable {
    /// "-" where there is none.
    public var user: SDPText
    /// Digits, of any length.
    public var sessionID: SDPText
    /// Digits, of any length; grows with each change.
    public var version: SDPText
    /// "IN".
    public var networkType: SDPText
    /// "IP4" or "IP6".
    public var addressType: SDPText
    /// Address or host name of the maker.
    public var address: SDPText

    /// From its six fields.
    public init(
        user: SDPText, sessionID: SDPText, version: SDPText, networkType: SDPText,
        addressType: SDPText, address: SDPText
    ) {
        self.user = user
        self.sessionID = sessionID
        self.version = version
        self.networkType = networkType
        self.addressType = addressType
        self.address = address
    }
}

/// A b= line.
public struct Bandwidth: Sendable, Hashable {
    /// "AS", "TIAS", "RS" and so on.
    public var type: SDPText
    /// In the unit of the type: kbit/s for AS and CT, bit/s for TIAS, RS and RR.
    public var value: UInt64
    /// From its parts.
    public init(type: SDPText, value: UInt64) {
        self.type = type
        self.value = value
    }
}

/// A t= line and the r= lines after it.
public struct Timing: Sendable, Hashable {
    /// NTP seconds in digits.
    public var start: SDPText
    /// NTP seconds in digits; "0" for no end.
    public var stop: SDPText
    /// r= lines as they stand.
    public var repeats: [SDPText]
    /// From its parts.
    public init(start: SDPText, stop: SDPText, repeats: [SDPText] = []) {
        self.start = start
        self.stop = stop
        self.repeats = repeats
    }
}

/// An a= line: a flag, or a name with a value after a colon.
public struct Attribute: Sendable, Hashable {
    /// Without the colon.
    public var name: SDPText
    /// Nil for a flag; may be empty where the peer wrote a colon and nothing after it.
    public var value: SDPText?
    /// From its parts.
    public init(_ name: SDPText, _ value: SDPText? = nil) {
        self.name = name
        self.value = value
    }
}
