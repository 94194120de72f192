// SPDX-License-Identifier: Apache-2.0

public import NetworkAddress
import SIPMessage
public import SIPTransaction

/// What a proxy is called: what it writes into Via and Record-Route, and knows as itself in Route.
public struct ProxyIdentity: Sendable, Hashable {
    /// The transport that its listener has.
    public let transport: TransportProtocol
    private let address: SocketAddress
    /// Host and port as they stand in Via and in URIs.
    private let sentBy: [UInt8]
    private let names: [[UInt8]]

    /// `host` is the name in Via and Record-Route; nil: the address. `aliases` are further names
    /// that mean this proxy in a Route.
    public init(
        transport: TransportProtocol, address: SocketAddress, host: [UInt8]? = nil,
        aliases: [[UInt8]] = []
    ) {
        self.transport = transport
        self.address = address
        let own = host ?? Array(address.address.description.utf8)
        let shown = own.contains(UInt8(ascii: ":")) ? [UInt8(ascii: "[")] + own + [0x5d] : own
        self.sentBy = shown + [UInt8(ascii: ":")] + ASCII.digits(address.port)
        self.names = [own] + aliases
    }

    /// The value of our Via.
    func via(branch: [UInt8]) -> [UInt8] {
        let name =
            switch self.transport {
            case .udp: "SIP/2.0/UDP "
            case .tcp: "SIP/2.0/TCP "
            case .tls: "SIP/2.0/TLS "
            }
        return Array(name.utf8) + self.sentBy + Array(";branch=".utf8) + branch
    }

    /// The value of our Record-Route; a SIPS one where the request's way is (RFC 3261 section 16.6,
    /// 4).
    func recordRoute(isSecure: Bool) -> [UInt8] {
        let parameter =
            switch self.transport {
            case .udp: ""
            case .tcp: ";transport=tcp"
            case .tls: isSecure ? "" : ";transport=tls"
            }
        return Array((isSecure ? "<sips:" : "<sip:").utf8) + self.sentBy
            + Array("\(parameter);lr>".utf8)
    }

    /// The URI leads to this proxy: a host of ours, with our port or with none.
    public func isOwn(_ uri: ArraySlice<UInt8>) -> Bool {
        guard let sip = try? SIPURI(uri) else { return false }
        return self.isOwn(host: sip.host) && (sip.port ?? self.address.port) == self.address.port
    }

    /// The Via is one that this proxy wrote.
    func isOwn(_ via: Via) -> Bool {
        self.isOwn(host: via.host)
            && (via.port ?? self.transport.defaultPort) == self.address.port
    }

    private func isOwn(host: Host) -> Bool {
        if let address = host.address { return address == self.address.address }
        return self.names.contains { ASCII.equalsIgnoringCase($0, host.bytes) }
    }
}
