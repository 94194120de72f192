// SPDX-License-Identifier: Apache-2.0

public import NetworkAddress

/// An `a=candidate` (RFC 8839 section 5.1) that media can be sent to: UDP, and an address. Names
/// (also those of multicast DNS), TCP and types nobody knows are none.
public struct ICECandidate: Sendable, Hashable {
    /// What kind of address it is (RFC 8445 section 4).
    public enum Kind: UInt8, Sendable, Hashable, CaseIterable, SDPWord {
        /// Of an interface.
        case host = 0
        /// Of a NAT, learned from a server.
        case serverReflexive = 1
        /// Of a NAT, learned from a check.
        case peerReflexive = 2
        /// Of a relay.
        case relayed = 3

        var word: StaticString {
            switch self {
            case .host: "host"
            case .serverReflexive: "srflx"
            case .peerReflexive: "prflx"
            case .relayed: "relay"
            }
        }
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
            let kind = Kind.named(words[7])
        else { return nil }
        self.init(
            component: UInt16(component), priority: UInt32(priority),
            address: SocketAddress(address: ip, port: UInt16(port)), kind: kind)
    }

    /// The line of a candidate of ours.
    var attribute: Attribute {
        let words: [ArraySlice<UInt8>] = [
            [0x31], SDPText(UInt64(self.component)).bytes, Array("UDP".utf8)[...],
            SDPText(self.priority).bytes, Array(self.address.address.description.utf8)[...],
            SDPText(UInt64(self.address.port)).bytes, Array("typ".utf8)[...],
            SDPText(stringLiteral: self.kind.word).bytes,
        ]
        return Attribute(
            "candidate", SDPText(checked: Array(words.joined(separator: [ASCII.space]))))
    }
}
