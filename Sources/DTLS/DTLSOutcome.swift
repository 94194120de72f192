// SPDX-License-Identifier: Apache-2.0

/// Who sends the ClientHello (RFC 5763 section 5): `a=setup:active` is the client.
public enum DTLSRole: Sendable { case client, server }

/// The master keys of both directions (RFC 5764 section 4.2), turned to our side. They are wiped
/// when the last copy of this value goes.
public struct DTLSKeys: Sendable {
    /// What both sides agreed on.
    public let profile: SRTPProfile
    /// For what the peer sends.
    public let receive: DTLSMasterKey
    /// For what we send.
    public let send: DTLSMasterKey
}

/// Why an association ended without keys, or lost its session.
public enum DTLSFailure: Error, Sendable, Hashable, CustomStringConvertible {
    /// The peer's certificate is not one of those that were signalled; its fingerprint.
    case wrongFingerprint(DTLSFingerprint)
    /// The handshake ended without an SRTP profile that both sides take.
    case noProfile
    /// The peer's hello says that it has our role.
    case roleConflict
    /// The handshake took longer than its limit. The last fault that was seen, if any.
    case timedOut(String)
    /// As many retransmissions as the limit says stayed without an answer.
    case unanswered
    /// Fingerprints did not come in time.
    case noFingerprint
    /// The peer refused, under the handshake's keys.
    case alert(String)
    /// OpenSSL has no memory or no randomness.
    case library(String)

    /// A sentence for operators.
    public var description: String {
        switch self {
        case .wrongFingerprint(let shown):
            "the peer's certificate is not the signalled one: it has \(shown)"
        case .noProfile: "no SRTP profile that both sides take"
        case .roleConflict: "the peer has the same DTLS role as we have"
        case .timedOut(let fault):
            fault.isEmpty ? "the handshake timed out" : "the handshake timed out after: \(fault)"
        case .unanswered: "the peer answers nothing"
        case .noFingerprint: "no fingerprint of the peer was signalled in time"
        case .alert(let reason): "the peer refused: \(reason)"
        case .library(let reason): "OpenSSL failed: \(reason)"
        }
    }
}

/// What happened to an association; each at most once.
public enum DTLSEvent: Sendable {
    /// The peer is the signalled one; media may flow under these keys.
    case established(DTLSKeys)
    /// There are no keys and will be none.
    case failed(DTLSFailure)
    /// The peer ended the session after it was established, while ours was still kept.
    case closed
}

/// What the owner of an association has to do after a call.
public struct DTLSOutcome: Sendable {
    /// To be sent in this order, each as one datagram.
    public internal(set) var datagrams: [[UInt8]] = []
    /// `timeout` is to be called after so many milliseconds; this replaces what was said before.
    /// Nil: no timer is needed.
    public internal(set) var timer: UInt64?
    /// What happened, if anything did.
    public internal(set) var event: DTLSEvent?
}

/// What an association takes before it gives up.
public struct DTLSLimits: Sendable, Hashable {
    /// Bytes of a datagram that is sent, 256 to 16,384.
    public var datagramBytes = 1200
    /// The first retransmission comes after so many milliseconds; RFC 6347 section 4.2.4.1 allows
    /// less than a second where latency matters. It doubles each time.
    public var firstTimeoutMs: UInt32 = 100
    /// The longest wait between retransmissions, in milliseconds.
    public var longestTimeoutMs: UInt32 = 4000
    /// Retransmissions of our flights, 1 to 12.
    public var retransmissions = 10
    /// Milliseconds from the first hello to the last Finished.
    public var handshakeMs: UInt64 = 30_000
    /// Milliseconds that finished handshakes wait for fingerprints.
    public var fingerprintMs: UInt64 = 180_000
    /// Milliseconds for which an established association keeps OpenSSL's session, some 60 KiB, to
    /// repeat its last flight to a peer that missed it.
    public var lingerMs: UInt64 = 15_000
    /// Bytes within a second of records that look like a handshake's; what comes after them is
    /// dropped until it is over.
    public var handshakeBytes = 65_536
    /// Handshakes that are begun anew within a second, at least one, after OpenSSL refused what
    /// came unprotected; then records are dropped until it is over.
    public var restarts = 16

    /// Cookies that a server asks for within a second. A hello that brings one is always taken.
    public var cookies = 64

    /// The values that stand here.
    public init() {}
}

/// What an association dropped.
public struct DTLSCounters: Sendable, Hashable {
    /// Records that cannot be the peer's: malformed, out of place, of another epoch or role.
    public internal(set) var recordsDropped: UInt64 = 0
    /// Unprotected alerts. They prove nothing and end nothing.
    public internal(set) var alertsIgnored: UInt64 = 0
    /// Records beyond the limit of bytes.
    public internal(set) var recordsOverLimit: UInt64 = 0
    /// Hellos that a server answered with nothing but the request for a cookie.
    public internal(set) var cookiesAsked: UInt64 = 0
    /// Handshakes begun anew.
    public internal(set) var restarts: UInt64 = 0
    /// Our flights sent again.
    public internal(set) var retransmissions: UInt64 = 0
    /// Datagrams of ours that found no room.
    public internal(set) var datagramsRefused: UInt64 = 0
}
