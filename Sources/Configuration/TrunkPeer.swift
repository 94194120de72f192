// SPDX-License-Identifier: Apache-2.0

public import NetworkAddress
public import SIPLocation

/// Where a trunk's requests go: one item of `peers:`, or `peer:`.
public struct TrunkPeer: Sendable, Hashable {
    /// Numeric, or a name that the DNS knows.
    public enum Host: Sendable, Hashable {
        /// An address of the listener's IP version.
        case address(IPAddress)
        /// A name, which is looked up when the node starts and whenever its time is over.
        case name(DomainName)
    }

    /// Who.
    public var host: Host
    /// The port that is written; nil: the transport's own, or what the DNS says of a name.
    public var port: UInt16?
    /// The transport that is written, which is the listener's; nil: the listener's, or what the DNS
    /// says of a name and a listener of the same address has.
    public var transport: NodeConfiguration.Transport?
    /// Lower ones are tried first; its place in the list where none is written.
    public var priority: Int
    /// Share of the calls among those of one priority.
    public var weight: Int

    /// As it stands in URIs: IPv6 in brackets.
    public var hostText: String {
        switch self.host {
        case .address(let address): address.isIPv4 ? "\(address)" : "[\(address)]"
        case .name(let name): name.description
        }
    }
}

extension NodeConfiguration {
    /// Whom the node asks for names.
    public struct DNS: Sendable, Hashable {
        /// In the order in which they are asked; none: the system's.
        public var servers: [SocketAddress]
        /// For the first answer of a server, ms.
        public var timeoutMilliseconds: Int
        /// How often each server is asked.
        public var attempts: Int
    }
}
