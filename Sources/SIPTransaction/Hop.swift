// SPDX-License-Identifier: Apache-2.0

public import NetworkAddress

/// A configured listener, by its place in the configuration.
public struct ListenerIndex: RawRepresentable, Sendable, Hashable {
    /// The index.
    public let rawValue: UInt16

    /// From the index.
    public init(rawValue: UInt16) {
        self.rawValue = rawValue
    }
}

/// A connection of a reliable transport; never used twice in the life of a process.
public struct ConnectionID: RawRepresentable, Sendable, Hashable {
    /// The number.
    public let rawValue: UInt64

    /// From the number.
    public init(rawValue: UInt64) {
        self.rawValue = rawValue
    }
}

/// A transport of SIP.
public enum TransportProtocol: UInt8, Sendable, Hashable, CaseIterable {
    /// UDP, RFC 3261 section 18.
    case udp
    /// TCP, RFC 3261 section 18.
    case tcp
    /// TLS over TCP, RFC 3261 section 26.
    case tls

    /// True where the transport repeats what is lost, so that transactions do not.
    public var isReliable: Bool { self != .udp }

    /// The port where none is written (RFC 3261 section 18.2.2 and 19.1.2).
    public var defaultPort: UInt16 { self == .tls ? 5061 : 5060 }
}

/// Where a message came from, or goes to.
public struct Hop: Sendable, Hashable {
    /// The listener that received it, or that sends it.
    public var listener: ListenerIndex
    /// The transport.
    public var transport: TransportProtocol
    /// The address at the other end.
    public var remote: SocketAddress
    /// The connection it came over; when sending: the one to use while it lives, nil for any. A
    /// request goes over another one to `remote` when it is gone, a response does not.
    public var connection: ConnectionID?

    /// From its parts.
    public init(
        listener: ListenerIndex, transport: TransportProtocol, remote: SocketAddress,
        connection: ConnectionID? = nil
    ) {
        self.listener = listener
        self.transport = transport
        self.remote = remote
        self.connection = connection
    }

    /// Where the other end is, as people see and write it: "tls:198.18.1.1:5061".
    public var place: String { "\(self.transport):\(self.remote)" }
}
