// SPDX-License-Identifier: Apache-2.0

/// One TLS session without a socket: octets of the wire come in by `receive`, those for the wire
/// go out by `takeOutput`. It belongs to one thread.
///
///     handshake ──► open ──► closed (the peer sends no more)
///         └───────────┴────► failed
///
/// It is open only when the peer's certificate is good and has a name that the policy wants. What
/// the peer sent before that is not read.
public final class TLSSession {
    /// How it is.
    public enum State: Sendable, Hashable {
        /// Goes on.
        case handshake
        /// Octets can go both ways.
        case open
        /// The peer said that no more comes.
        case closed
        /// Nothing can go any more.
        case failed(TLSFailure)
    }

    /// What the peer must show.
    public let policy: TLSPeerPolicy
    /// How it is now.
    public private(set) var state = State.handshake
    /// The peer, once the session is open.
    public private(set) var peer: TLSPeer?
    /// What is shown to the peer: told apart by `===` when certificates were replaced.
    public let context: AnyObject
    /// Whom it believes; nil where nothing is asked of the peer.
    public let trust: TLSTrust?
    private let handle: SessionHandle
    private let client: (context: TLSClientContext, host: String)?

    /// A server's session. `trust` may be nil only where the policy asks for no certificate.
    public init(
        server context: TLSServerContext, trust: TLSTrust?, policy: TLSPeerPolicy
    ) throws(TLSFailure) {
        guard trust != nil || policy.clientCertificate == .off,
            let handle = SessionHandle(
                context.handle, trust?.handle,
                .server(policy.clientCertificate, policy.acceptsServerOnly, policy.sessionGroup))
        else { throw .library("no session could be made") }
        self.policy = policy
        self.context = context
        self.trust = trust
        self.handle = handle
        self.client = nil
    }

    /// A client's session. `host` is the name to ask for; empty for none. Where the policy has no
    /// names, it is also what the certificate must have.
    public init(
        client context: TLSClientContext, trust: TLSTrust, policy: TLSPeerPolicy, host: String
    ) throws(TLSFailure) {
        var policy = policy
        if policy.names.isEmpty, !host.isEmpty { policy.names = [host] }
        let asked = Self.canAsk(for: host) ? host : ""
        guard
            let handle = SessionHandle(
                context.handle, trust.handle, .client(asked, context.takeTicket(host)))
        else { throw .library("no session could be made") }
        self.policy = policy
        self.context = context
        self.trust = trust
        self.handle = handle
        self.client = (context, host)
    }

    /// True where a client can ask for a host by this name: an address is none.
    public static func canAsk(for host: String) -> Bool { NameRule.isName(Array(host.utf8)) }

    /// Begins a client's handshake; nothing for a server.
    public func start() {
        guard self.client != nil, self.state == .handshake else { return }
        self.settle(self.handle.start())
    }

    /// Takes octets of the wire and gives what the peer sent in them. `state` tells what follows.
    public func receive(_ bytes: RawSpan) -> [UInt8] {
        switch self.state {
        case .failed, .closed: return []
        case .handshake, .open: self.settle(self.handle.receive(bytes))
        }
        guard self.state == .open else { return [] }
        let plain = self.handle.read()
        self.settle(self.handle.state)
        if let client, let ticket = self.handle.takeTicket() {
            client.context.keep(ticket, client.host)
        }
        return plain
    }

    /// Octets for the peer; false where the session cannot take them.
    public func write(_ bytes: [UInt8]) -> Bool {
        switch self.state {
        case .open, .closed: self.handle.write(bytes)
        case .handshake, .failed: false
        }
    }

    /// Says to the peer that no more comes.
    public func close() { self.handle.close() }

    /// Octets for the wire since the last call.
    public func takeOutput() -> [UInt8] { self.handle.takeOutput() }

    private func settle(_ now: SessionHandle.State) {
        switch now {
        case .handshake: break
        case .open: if self.state == .handshake { self.open() }
        case .closed: self.state = self.state == .handshake ? .failed(.slow) : .closed
        case .failed: self.state = .failed(.library(self.handle.reason))
        }
    }

    private func open() {
        let peer = self.handle.peer
        self.peer = peer
        let isExempt = self.client == nil && peer.names == nil
        guard isExempt || peer.names.map(self.policy.matches) == true else {
            self.state = .failed(.wrongName(peer.names?.description ?? "no name"))
            self.handle.close()
            return
        }
        self.state = .open
    }
}
