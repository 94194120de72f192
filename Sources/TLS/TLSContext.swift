// SPDX-License-Identifier: Apache-2.0

/// What the sessions of a listener share: its certificates.
public final class TLSServerContext {
    /// The first is for clients that ask for no name of another.
    public let identities: [TLSIdentity]
    let handle: ContextHandle

    /// - Parameter identities: at least one.
    public init(identities: [TLSIdentity]) throws(TLSFailure) {
        self.identities = identities
        guard !identities.isEmpty,
            let handle = ContextHandle(isServer: true, identities.map(\.handle))
        else { throw .library("no context could be made") }
        self.handle = handle
    }
}

/// What the sessions to one party share: our certificate, and where earlier sessions can go on.
public final class TLSClientContext {
    /// What is shown where the server asks; nil: nothing.
    public let identity: TLSIdentity?
    let handle: ContextHandle
    private var tickets: [String: TicketHandle] = [:]

    /// Hosts of one party whose sessions are remembered.
    static let ticketsMax = 64

    /// Without an identity nothing is shown.
    public init(identity: TLSIdentity?) throws(TLSFailure) {
        self.identity = identity
        let identities = identity.map { [$0.handle] } ?? []
        guard let handle = ContextHandle(isServer: false, identities) else {
            throw .library("no context could be made")
        }
        self.handle = handle
    }

    /// Each ticket is used once (RFC 8446 appendix C.4).
    func takeTicket(_ host: String) -> TicketHandle? { self.tickets.removeValue(forKey: host) }

    func keep(_ ticket: TicketHandle, _ host: String) {
        if self.tickets[host] == nil, self.tickets.count >= Self.ticketsMax { self.tickets = [:] }
        self.tickets[host] = ticket
    }
}
