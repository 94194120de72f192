// SPDX-License-Identifier: Apache-2.0
//
// The one file of this module that calls C and where Swift's checks are switched off.
//
// RULES. Each handle of C belongs to exactly one object here and is freed with it; no pointer
// leaves this file. A context keeps pointers to its identities: it holds their objects. A session
// takes its own references to trust and ticket, and holds its context. Octets are read before a
// call returns.

internal import COpenSSL
internal import Glibc

/// A certificate with its key. `@unchecked`: OpenSSL reads both only, and counts references
/// atomically.
final class IdentityHandle: @unchecked Sendable {
    fileprivate let raw: OpaquePointer

    /// Without a key it is only to be looked at.
    init(certificate: String, key: String?) throws(TLSFailure) {
        var fault = TL_TLS_GOOD
        guard let raw = tl_tls_identity_read(certificate, key, &fault) else {
            throw failure(fault, errno)
        }
        self.raw = raw
    }

    deinit { tl_tls_identity_free(self.raw) }

    var facts: CertificateFacts {
        var facts = tl_tls_facts()
        tl_tls_identity_facts(self.raw, &facts)
        return CertificateFacts(facts)
    }

    var names: CertificateNames {
        CertificateNames(packed: packed { tl_tls_identity_names(self.raw, $0, $1) })
    }

    /// The certificate and its chain.
    var links: [CertificateChain.Link] {
        let count = tl_tls_identity_chain(self.raw) + 1
        return (0..<count).map { at in
            var facts = tl_tls_facts()
            tl_tls_identity_facts_at(self.raw, at, &facts)
            return CertificateChain.Link(
                facts: CertificateFacts(facts),
                subject: line { tl_tls_identity_subject_at(self.raw, at, $0, $1) },
                issuer: line { tl_tls_identity_issuer_at(self.raw, at, $0, $1) },
                isSelfIssued: tl_tls_identity_is_issued(self.raw, at, at) != 0,
                isIssuedByNext: at + 1 < count
                    && tl_tls_identity_is_issued(self.raw, at, at + 1) != 0)
        }
    }
}

/// Authorities. `@unchecked`: OpenSSL locks what it changes in a store.
final class TrustHandle: @unchecked Sendable {
    fileprivate let raw: OpaquePointer

    init(path: String) throws(TLSFailure) {
        var fault = TL_TLS_GOOD
        guard let raw = tl_tls_trust_read(path, &fault) else { throw failure(fault, errno) }
        self.raw = raw
    }

    deinit { tl_tls_trust_free(self.raw) }

    var count: Int { Int(tl_tls_trust_count(self.raw)) }
    var notAfter: Int64 { tl_tls_trust_not_after_s(self.raw) }
}

/// What sessions share.
final class ContextHandle {
    fileprivate let raw: OpaquePointer
    private let identities: [IdentityHandle]

    init?(isServer: Bool, _ identities: [IdentityHandle]) {
        self.identities = identities
        let pointers: [OpaquePointer?] = identities.map(\.raw)
        let made = pointers.withUnsafeBufferPointer {
            tl_tls_context_new(isServer ? 1 : 0, $0.baseAddress, $0.count)
        }
        guard let made else { return nil }
        self.raw = made
    }

    deinit { tl_tls_context_free(self.raw) }
}

/// Where an earlier session goes on.
final class TicketHandle {
    fileprivate let raw: OpaquePointer

    fileprivate init(_ raw: OpaquePointer) { self.raw = raw }

    deinit { tl_tls_ticket_free(self.raw) }
}

/// One session of OpenSSL.
final class SessionHandle {
    /// After a call: how the session is.
    enum State { case handshake, open, closed, failed }

    /// What is special to a role.
    enum Role {
        case server(ClientCertificate, _ acceptsServerOnly: Bool, _ group: [UInt8])
        case client(_ host: String, TicketHandle?)
    }

    private let raw: OpaquePointer
    private let context: ContextHandle

    init?(_ context: ContextHandle, _ trust: TrustHandle?, _ role: Role) {
        var options = tl_tls_options()
        let made: OpaquePointer?
        switch role {
        case .server(let certificate, let acceptsServerOnly, let group):
            options.asks_certificate = certificate == .off ? 0 : 1
            options.requires_certificate = certificate == .require ? 1 : 0
            options.accepts_server_only = acceptsServerOnly ? 1 : 0
            withUnsafeMutableBytes(of: &options.session_group) { $0.copyBytes(from: group) }
            made = tl_tls_session_new(context.raw, trust?.raw, &options)
        case .client(let host, let ticket):
            options.ticket = ticket?.raw
            made = host.withCString { name in
                options.host = host.isEmpty ? nil : name
                return withExtendedLifetime(ticket) {
                    tl_tls_session_new(context.raw, trust?.raw, &options)
                }
            }
        }
        guard let made else { return nil }
        self.raw = made
        self.context = context
    }

    deinit { tl_tls_session_free(self.raw) }

    /// A client's first step.
    func start() -> State { Self.state(tl_tls_session_receive(self.raw, nil, 0)) }

    func receive(_ bytes: RawSpan) -> State {
        bytes.withUnsafeBytes {
            Self.state(
                tl_tls_session_receive(
                    self.raw, $0.baseAddress?.assumingMemoryBound(to: UInt8.self), $0.count))
        }
    }

    /// All that can be read now.
    func read() -> [UInt8] {
        var plain: [UInt8] = []
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 16_384) { room in
            while true {
                let count = tl_tls_session_read(self.raw, room.baseAddress, room.count)
                guard count > 0 else { return }
                plain += room.prefix(count)
            }
        }
        return plain
    }

    func write(_ bytes: [UInt8]) -> Bool {
        bytes.withUnsafeBufferPointer {
            $0.isEmpty || tl_tls_session_write(self.raw, $0.baseAddress, $0.count) != 0
        }
    }

    func close() { tl_tls_session_close(self.raw) }

    var state: State { Self.state(tl_tls_session_state(self.raw)) }
    var reason: String { String(cString: tl_tls_session_reason(self.raw)) }

    func takeOutput() -> [UInt8] {
        var count = 0
        let start = tl_tls_session_output(self.raw, &count)
        guard count > 0 else { return [] }
        let bytes = Array(UnsafeBufferPointer(start: start, count: count))
        tl_tls_session_sent(self.raw)
        return bytes
    }

    func takeTicket() -> TicketHandle? {
        tl_tls_session_take_ticket(self.raw).map { TicketHandle($0) }
    }

    var peer: TLSPeer {
        var facts = tl_tls_facts()
        let isShown = tl_tls_session_peer_facts(self.raw, &facts) != 0
        let names = packed { tl_tls_session_peer_names(self.raw, $0, $1) }
        return TLSPeer(
            names: isShown ? CertificateNames(packed: names) : nil,
            facts: isShown ? CertificateFacts(facts) : nil,
            version: String(cString: tl_tls_session_version(self.raw)),
            suite: String(cString: tl_tls_session_suite(self.raw)),
            isResumed: tl_tls_session_is_resumed(self.raw) != 0)
    }

    private static func state(_ state: tl_tls_state) -> State {
        switch state {
        case TL_TLS_HANDSHAKE: .handshake
        case TL_TLS_OPEN: .open
        case TL_TLS_CLOSED: .closed
        default: .failed
        }
    }
}

extension CertificateFacts {
    fileprivate init(_ facts: tl_tls_facts) {
        self.init(
            notBefore: facts.not_before_s, notAfter: facts.not_after_s,
            keyBits: Int(facts.key_bits), isRSA: facts.is_rsa != 0,
            isForServers: facts.for_servers != 0, isForClients: facts.for_clients != 0,
            fingerprint: withUnsafeBytes(of: facts.sha256) { Array($0) })
    }
}

private func failure(_ fault: tl_tls_fault, _ number: Int32) -> TLSFailure {
    let why = String(cString: strerror(number))
    return switch fault {
    case TL_TLS_CERTIFICATE_UNREADABLE: .certificateUnreadable(why)
    case TL_TLS_CERTIFICATE_NONE: .noCertificate
    case TL_TLS_KEY_UNREADABLE: .keyUnreadable(why)
    case TL_TLS_KEY_NONE: .noKey
    case TL_TLS_MISMATCH: .mismatch
    case TL_TLS_WEAK: .weak
    default: .library("no memory")
    }
}

private func packed(_ fill: (UnsafeMutablePointer<UInt8>, Int) -> Int) -> [UInt8] {
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: Int(TL_TLS_NAMES_MAX)) { room in
        guard let start = room.baseAddress else { return [] }
        return Array(room.prefix(fill(start, room.count)))
    }
}

private func line(_ fill: (UnsafeMutablePointer<CChar>, Int) -> Void) -> String {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(TL_TLS_SUBJECT_MAX)) { room in
        guard let start = room.baseAddress else { return "" }
        fill(start, room.count)
        return String(cString: start)
    }
}
