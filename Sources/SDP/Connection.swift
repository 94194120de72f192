// SPDX-License-Identifier: Apache-2.0

public import NetworkAddress

/// A c= line, or the address part of `a=rtcp` (RFC 8866 section 5.7).
public struct Connection: Sendable, Hashable {
    /// "IN".
    public var networkType: SDPText
    /// "IP4" or "IP6".
    public var addressType: SDPText
    /// Address or host name, with `/ttl/count` where it is multicast.
    public var address: SDPText

    /// From its three fields.
    public init(networkType: SDPText, addressType: SDPText, address: SDPText) {
        self.networkType = networkType
        self.addressType = addressType
        self.address = address
    }

    /// Of an address of ours.
    public init(_ address: IPAddress) {
        self.networkType = .internet
        self.addressType = address.isIPv4 ? .ip4 : .ip6
        self.address = SDPText(checked: Array(address.description.utf8))
    }

    /// What a connection line leads to.
    public enum Host: Sendable, Hashable {
        /// One address that media can be sent to.
        case unicast(IPAddress)
        /// 0.0.0.0 or ::, the old way to say "send me nothing" (RFC 3264 section 8.4).
        case held
        /// A group; a back-to-back user agent has no use for it.
        case multicast(IPAddress)
        /// A name that somebody would have to resolve.
        case name(SDPText)
        /// Another network than "IN", no address, or one that nothing can be sent to: loopback,
        /// "this network", reserved.
        case unusable
    }

    /// The address decoded. The address itself decides about its family: peers exist that write
    /// IP4 before an IPv6 address, and nothing is ambiguous about it.
    public var host: Host {
        guard self.networkType.isLiteral("IN"),
            self.addressType.isLiteral("IP4") || self.addressType.isLiteral("IP6")
        else { return .unusable }
        let text = self.address.cut(at: ASCII.slash)?.head ?? self.address
        if let ip = IPAddress(text: text.bytes) {
            if ip.isUnspecified { return .held }
            if ip.isMulticast { return .multicast(ip) }
            return ip.takesMedia ? .unicast(ip) : .unusable
        }
        guard text == self.address, Self.isHostName(text.bytes) else { return .unusable }
        return .name(text)
    }

    /// Letters, digits, hyphens and dots, with a letter in the last label: "1.2.3.999" is no name.
    private static func isHostName(_ bytes: ArraySlice<UInt8>) -> Bool {
        guard (1...253).contains(bytes.count) else { return false }
        let allowed = bytes.allSatisfy {
            switch $0 {
            case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x2d, ASCII.dot: true
            default: false
            }
        }
        let last = bytes.split(separator: ASCII.dot).last ?? []
        return allowed && !last.isEmpty && !ASCII.isDigits(last)
    }
}
