// SPDX-License-Identifier: Apache-2.0

public import NetworkAddress
public import SIPTransaction

/// All that a proxy follows. Replaced as a whole; requests in progress keep their way.
public struct ProxyConfiguration: Sendable {
    /// The listener that requests come in at and leave from.
    public var listener: ListenerIndex
    /// What the proxy is called.
    public var identity: ProxyIdentity
    /// Who may send requests.
    public var sources: [AddressPrefix]
    /// Where requests without a Route go; nil: by their Request-URI.
    public var nextHop: NextHop?
    /// The proxy stays in the way of the requests within a dialog.
    public var recordsRoute = false
    /// The service.
    public var service: MobileControlPoint

    /// From what has no default.
    public init(
        listener: ListenerIndex, identity: ProxyIdentity, sources: [AddressPrefix],
        service: MobileControlPoint
    ) {
        self.listener = listener
        self.identity = identity
        self.sources = sources
        self.service = service
    }

    /// Requests are taken from there.
    public func knows(_ source: IPAddress) -> Bool {
        self.sources.contains { $0.contains(source) }
    }
}
