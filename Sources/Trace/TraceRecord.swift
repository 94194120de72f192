// SPDX-License-Identifier: Apache-2.0

public import NetworkAddress

/// The leg that something belongs to.
public enum TraceSide: UInt8, Sendable, Hashable {
    /// The whole call, or no call.
    case none = 0
    /// The caller's leg.
    case a = 1
    /// The callee's leg.
    case b = 2

    /// "a", "b", or nothing.
    public var name: String {
        switch self {
        case .none: ""
        case .a: "a"
        case .b: "b"
        }
    }
}

/// What carried a message.
public enum TraceTransport: UInt8, Sendable, Hashable, CaseIterable {
    case udp = 0
    case tcp = 1
    case tls = 2

    /// As in a Via, in lower case.
    public var name: String {
        switch self {
        case .udp: "udp"
        case .tcp: "tcp"
        case .tls: "tls"
        }
    }
}

/// A SIP message that came or went.
public struct TraceMessage: Sendable, Hashable {
    /// It left the box.
    public var isSent: Bool
    /// What carried it.
    public var transport: TraceTransport
    /// Our address.
    public var local: SocketAddress
    /// The other end's.
    public var remote: SocketAddress
    /// The message, or as much of it as was kept.
    public var bytes: [UInt8]
    /// Bytes of the whole message.
    public var length: Int

    /// From its parts; whole.
    public init(
        isSent: Bool, transport: TraceTransport, local: SocketAddress, remote: SocketAddress,
        bytes: [UInt8]
    ) {
        self.isSent = isSent
        self.transport = transport
        self.local = local
        self.remote = remote
        self.bytes = bytes
        self.length = bytes.count
    }
}

/// Something other than a message that happened to a call.
public struct TraceEvent: Sendable, Hashable {
    /// What happened.
    public var kind: TraceEventKind
    /// Where, if it has a place.
    public var address: SocketAddress?
    /// More about it, in words; short.
    public var text: [UInt8]

    /// From its parts.
    public init(_ kind: TraceEventKind, address: SocketAddress? = nil, text: [UInt8] = []) {
        self.kind = kind
        self.address = address
        self.text = text
    }
}

/// What happens to a call beside its messages.
public enum TraceEventKind: UInt8, Sendable, Hashable, CaseIterable {
    case parties = 1, callEnded
    case sendFailed
    case mediaInstalled, mediaRefused, mediaKept, mediaTimeout, mediaLost, mediaEnded
    case sourceLearned, pathSelected, pathNominated
    case dtlsEstablished, dtlsRenewed, dtlsFailed
    case keysChanged, keysSpent
    case digit, digitSent, digitFallback, digitsUnsent

    /// In JSON.
    public var name: String {
        switch self {
        case .parties: "parties"
        case .callEnded: "call_ended"
        case .sendFailed: "send_failed"
        case .mediaInstalled: "media_installed"
        case .mediaRefused: "media_refused"
        case .mediaKept: "media_kept"
        case .mediaTimeout: "media_timeout"
        case .mediaLost: "media_lost"
        case .mediaEnded: "media_ended"
        case .sourceLearned: "source_learned"
        case .pathSelected: "path_selected"
        case .pathNominated: "path_nominated"
        case .dtlsEstablished: "dtls_established"
        case .dtlsRenewed: "dtls_renewed"
        case .dtlsFailed: "dtls_failed"
        case .keysChanged: "keys_changed"
        case .keysSpent: "keys_spent"
        case .digit: "digit"
        case .digitSent: "digit_sent"
        case .digitFallback: "digit_fallback"
        case .digitsUnsent: "digits_unsent"
        }
    }

    /// For people.
    public var words: String {
        switch self {
        case .parties: "call"
        case .callEnded: "call over"
        case .sendFailed: "not sent"
        case .mediaInstalled: "media installed"
        case .mediaRefused: "media refused"
        case .mediaKept: "media stays as it was"
        case .mediaTimeout: "no media"
        case .mediaLost: "media lost"
        case .mediaEnded: "media removed"
        case .sourceLearned: "source learned"
        case .pathSelected: "ICE path selected"
        case .pathNominated: "ICE path nominated"
        case .dtlsEstablished: "DTLS done"
        case .dtlsRenewed: "DTLS done again"
        case .dtlsFailed: "DTLS failed"
        case .keysChanged: "SRTP keys"
        case .keysSpent: "SRTP keys spent"
        case .digit: "digit"
        case .digitSent: "digit sent for the operator:"
        case .digitFallback: "digits go as"
        case .digitsUnsent: "digits not sent:"
        }
    }
}

/// One thing that is kept: a message or an event, with its time and its call.
public struct TraceRecord: Sendable, Hashable {
    /// Microseconds since 1970-01-01 UTC.
    public var wallUs: UInt64
    /// CLOCK_MONOTONIC, nanoseconds: what order and distances go by.
    public var monotonicNs: UInt64
    /// The call; zero for none.
    public var call: UInt64
    /// Its leg.
    public var side: TraceSide
    /// What happened.
    public var content: Content

    /// A message or an event.
    public enum Content: Sendable, Hashable {
        case message(TraceMessage)
        case event(TraceEvent)
    }

    /// From its parts.
    public init(
        wallUs: UInt64, monotonicNs: UInt64, call: UInt64 = 0, side: TraceSide = .none,
        _ content: Content
    ) {
        self.wallUs = wallUs
        self.monotonicNs = monotonicNs
        self.call = call
        self.side = side
        self.content = content
    }

    /// The message, if it is one.
    public var message: TraceMessage? {
        if case .message(let message) = self.content { message } else { nil }
    }

    /// The event, if it is one.
    public var event: TraceEvent? {
        if case .event(let event) = self.content { event } else { nil }
    }
}
