// SPDX-License-Identifier: Apache-2.0

public import NetworkAddress

/// User fragment and password of an ICE agent (RFC 8839 section 5.4).
public struct ICECredentials: Sendable, Hashable, CustomStringConvertible {
    /// 4 to 256 letters, digits, `+` and `/`.
    public let ufrag: [UInt8]
    /// 22 to 256 of them.
    public let password: [UInt8]

    /// From both; nil if a length or a byte is not allowed.
    public init?(ufrag: some Sequence<UInt8>, password: some Sequence<UInt8>) {
        self.ufrag = Array(ufrag)
        self.password = Array(password)
        guard (4...256).contains(self.ufrag.count), (22...256).contains(self.password.count),
            self.ufrag.allSatisfy(Self.isAllowed), self.password.allSatisfy(Self.isAllowed)
        else { return nil }
    }

    static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x2b, 0x2f: true
        default: false
        }
    }

    /// The user fragment alone: passwords do not get into logs.
    public var description: String { String(decoding: self.ufrag, as: UTF8.self) }
}

/// An `a=candidate` (RFC 8839 section 5.1) that media can be sent to: UDP, and an address. Names
/// (also those of multicast DNS), TCP and types nobody knows are none.
public struct ICECandidate: Sendable, Hashable {
    /// What kind of address it is (RFC 8445 section 4).
    public enum Kind: UInt8, Sendable, Hashable {
        /// Of an interface.
        case host = 0
        /// Of a NAT, learned from a server.
        case serverReflexive = 1
        /// Of a NAT, learned from a check.
        case peerReflexive = 2
        /// Of a relay.
        case relayed = 3
    }

    /// 1 for RTP, 2 for RTCP; up to 256.
    public var component: UInt16
    /// 1 to 2^31 - 1, higher is better.
    public var priority: UInt32
    /// Where it receives.
    public var address: SocketAddress
    /// What kind of address it is.
    public var kind: Kind

    /// From its parts.
    public init(component: UInt16, priority: UInt32, address: SocketAddress, kind: Kind) {
        self.component = component
        self.priority = priority
        self.address = address
        self.kind = kind
    }

    /// The only one of a lite agent with one address: RTP, of the highest priority (RFC 8445
    /// section 5.1.2.1).
    public init(lite address: SocketAddress) {
        self.init(component: 1, priority: 2_130_706_431, address: address, kind: .host)
    }

    /// The same address for RTCP: the next port, and the next lower priority (RFC 8445 section
    /// 5.1.2.1).
    var ofRTCP: ICECandidate {
        ICECandidate(
            component: 2, priority: self.priority &- 1,
            address: SocketAddress(address: self.address.address, port: self.address.port &+ 1),
            kind: self.kind)
    }

    /// Reads the value of `a=candidate`; nil for one that does not serve.
    public init?(_ value: SDPText) {
        let words = value.words
        guard words.count >= 8, (1...32).contains(words[0].bytes.count),
            let component = words[1].number(upTo: 256), component > 0,
            words[2].isLiteral("UDP"),
            let priority = words[3].number(upTo: UInt64(UInt32.max >> 1)), priority > 0,
            let ip = IPAddress(text: words[4].bytes), ip.takesMedia,
            let port = words[5].number(upTo: 65_535), port > 0, words[6].isLiteral("typ"),
            let kind = Self.kinds.first(where: { $0.0.equalsIgnoringCase(words[7]) })?.1
        else { return nil }
        self.init(
            component: UInt16(component), priority: UInt32(priority),
            address: SocketAddress(address: ip, port: UInt16(port)), kind: kind)
    }

    private static let kinds: [(SDPText, Kind)] = [
        ("host", .host), ("srflx", .serverReflexive), ("prflx", .peerReflexive),
        ("relay", .relayed),
    ]

    /// The line of a candidate of ours.
    var attribute: Attribute {
        let kind: SDPText = Self.kinds.first { $0.1 == self.kind }?.0 ?? "host"
        let words: [ArraySlice<UInt8>] = [
            [0x31], SDPText(UInt64(self.component)).bytes, Array("UDP".utf8)[...],
            SDPText(self.priority).bytes, Array(self.address.address.description.utf8)[...],
            SDPText(UInt64(self.address.port)).bytes, Array("typ".utf8)[...], kind.bytes,
        ]
        return Attribute(
            "candidate", SDPText(checked: Array(words.joined(separator: [ASCII.space]))[...]))
    }
}

/// What one side's description says about ICE for one stream.
public struct ICEDescription: Sendable, Hashable {
    /// Of the writer.
    public var credentials: ICECredentials
    /// The writer only answers checks.
    public var isLite: Bool
    /// More candidates would come later (RFC 8838); nobody here takes them, checks show them.
    public var trickles: Bool
    /// The writer's, at most the first 16 that serve.
    public var candidates: [ICECandidate]
    /// Ours that the writer chose (RFC 8839 section 5.2), for RTP; nil until it is done.
    public var chosenByRemote: SocketAddress?

    /// From its parts.
    public init(
        credentials: ICECredentials, isLite: Bool, trickles: Bool = false,
        candidates: [ICECandidate] = [], chosenByRemote: SocketAddress? = nil
    ) {
        self.credentials = credentials
        self.isLite = isLite
        self.trickles = trickles
        self.candidates = candidates
        self.chosenByRemote = chosenByRemote
    }

    /// True if the other description belongs to the same ICE session: not an ICE restart (RFC
    /// 8839 section 4.4.1.1.1).
    public func continues(_ other: ICEDescription) -> Bool {
        self.credentials == other.credentials
    }
}
