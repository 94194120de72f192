// SPDX-License-Identifier: Apache-2.0

public import NetworkAddress
public import SIPLocation
public import SIPProxy

extension NodeConfiguration {
    /// `mcp:`
    public struct MCP: Sendable, Hashable {
        /// Position in `listeners`; no trunk's.
        public var listener: Int
        /// Who may send requests.
        public var sources: [AddressPrefix]
        /// Further names of this node in Route.
        public var names: [String]
        /// Where requests without a Route go; nil: by their Request-URI.
        public var nextHop: NextHop?
        /// It stays in the way of dialogs.
        public var recordsRoute: Bool
        /// Requests under way at a time.
        public var maxTransactions: Int
        /// What TLS is spoken with the core; nil: none.
        public var tls: TrunkTLS?
        /// Who is asked.
        public var consultation: WebService
        /// What is asked about, and what follows.
        public var service: MobileControlPoint
    }

    /// A service that speaks HTTP/1.1 without TLS.
    public struct WebService: Sendable, Hashable {
        /// Who.
        public var host: LocationTarget.Host
        /// Its port.
        public var port: UInt16
        /// What is asked for there; begins with `/`.
        public var path: String

        /// As it stands in Host: with the port, IPv6 in brackets.
        public var authority: String {
            switch self.host {
            case .address(let address): "\(SocketAddress(address: address, port: self.port))"
            case .name(let name): "\(name):\(self.port)"
            }
        }
    }
}

extension NodeConfiguration.WebService {
    /// `http://HOST[:PORT][/PATH]`; nil for anything else.
    public init?(_ text: String) {
        let scheme = Array("http://".utf8)
        let bytes = Array(text.utf8)
        guard bytes.count <= 1024, bytes.starts(with: scheme),
            bytes.allSatisfy({ (0x21...0x7e).contains($0) && $0 != 0x23 })
        else { return nil }
        let rest = bytes[scheme.count...]
        let slash = rest.firstIndex(of: 0x2f) ?? rest.endIndex
        let authority = String(decoding: rest[..<slash], as: UTF8.self)
        self.path = slash == rest.endIndex ? "/" : String(decoding: rest[slash...], as: UTF8.self)
        if let place = HostPort.parse(authority, defaultPort: 80) {
            guard !place.address.isMulticast, !place.address.isUnspecified else { return nil }
            self.host = .address(place.address)
            self.port = place.port
        } else if let (name, port) = ConfigurationReader.name(rest[..<slash]) {
            self.host = .name(name)
            self.port = port ?? 80
        } else {
            return nil
        }
    }
}
