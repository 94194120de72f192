// SPDX-License-Identifier: Apache-2.0

/// What a set of transports may hold, and for how long.
public struct TransportLimits: Sendable, Equatable {
    /// Connections at a time, incoming and outgoing.
    public var connections = 20_000
    /// Incoming connections at a time from one IP address.
    public var connectionsPerSource = 1_000
    /// Bytes that may wait for a peer that reads slowly.
    public var queuedBytes = 1 << 20
    /// How long a connection may carry nothing (RFC 3261 section 18: the server decides).
    public var idleMilliseconds: UInt64 = 600_000
    /// How long one message may take from its first byte to its last.
    public var messageMilliseconds: UInt64 = 30_000
    /// How long connecting may take.
    public var connectMilliseconds: UInt64 = 10_000
    /// How long a connection whose peer sends no more may be kept for answers: timer B.
    public var halfClosedMilliseconds: UInt64 = 32_000
    /// TLS handshakes at a time of connections that came in.
    public var handshakes = 1_000
    /// Of them, from one IP address.
    public var handshakesPerSource = 200
    /// How long a handshake of a connection that came in may take. One that goes out is part of
    /// connecting.
    public var handshakeMilliseconds: UInt64 = 8_000
    /// Where there is no room for another, a handshake that has taken so long gives way to it.
    public var handshakeGraceMilliseconds: UInt64 = 1_000
    /// How long an answer to our ping may take (RFC 5626 section 4.4.1).
    public var pongMilliseconds: UInt64 = 10_000
    /// A connection with certificates that were replaced ends when no message has passed for so
    /// long: longer than any transaction takes.
    public var drainIdleMilliseconds: UInt64 = 40_000
    /// And after this time whatever passes.
    public var drainMilliseconds: UInt64 = 600_000
    /// Datagrams of strangers, thrown away in a tenth of a second, after which the kernel keeps
    /// strangers out of this socket.
    public var strangersPerTenth = 200
    /// And for how long it does.
    public var shutMilliseconds: UInt64 = 5_000
    /// How long a connection that is given up may take to hear the last answer.
    public var lingerMilliseconds: UInt64 = 2_000

    /// The defaults.
    public init() {}
}

/// What a set of transports counted. Connections are streams; datagrams count as messages.
public struct TransportCounters: Sendable, Equatable {
    /// Whole messages, and datagrams, handed to the owner.
    public var received: UInt64 = 0
    /// Messages that the system took, or that wait in a queue.
    public var sent: UInt64 = 0
    /// Messages reported as not sent.
    public var failed: UInt64 = 0
    /// Pings of empty lines, answered on streams and ignored in datagrams.
    public var keepAlives: UInt64 = 0
    /// Streams in which the border of messages was lost.
    public var malformedStreams: UInt64 = 0
    /// Incoming connections.
    public var accepted: UInt64 = 0
    /// Outgoing connections that stood.
    public var connected: UInt64 = 0
    /// Outgoing connections that could not be made.
    public var connectFailures: UInt64 = 0
    /// Connections refused because there are too many.
    public var refusedOverall: UInt64 = 0
    /// Connections refused because their source has too many.
    public var refusedPerSource: UInt64 = 0
    /// Connections closed because they carried nothing.
    public var idleClosed: UInt64 = 0
    /// Connections closed because a message took too long to arrive.
    public var slowClosed: UInt64 = 0
    /// Messages not taken because the peer reads too slowly; its connection is closed.
    public var queueFull: UInt64 = 0
    /// Incoming connections of TLS refused before the handshake: nobody is known there.
    public var refusedUnknown: UInt64 = 0
    /// Incoming connections refused because there are too many handshakes.
    public var refusedHandshakes: UInt64 = 0
    /// Incoming connections refused because their source has too many handshakes.
    public var refusedHandshakesPerSource: UInt64 = 0
    /// Handshakes that ended well, of connections of either direction.
    public var handshakes: UInt64 = 0
    /// Of them, those that went on with an earlier session.
    public var resumed: UInt64 = 0
    /// Handshakes that failed.
    public var handshakesFailed: UInt64 = 0
    /// Handshakes of connections that came in that took too long.
    public var handshakesSlow: UInt64 = 0
    /// Handshakes that were ended for new ones: there was no room for both.
    public var handshakesDisplaced: UInt64 = 0
    /// TLS connections that ended without the peer's word.
    public var truncated: UInt64 = 0
    /// Connections that came in and are used for requests to their peer (RFC 5923).
    public var aliases: UInt64 = 0
    /// Connections closed because the peer did not answer a ping.
    public var silentClosed: UInt64 = 0
    /// Connections closed because certificates were replaced.
    public var recycled: UInt64 = 0
    /// Connections that broke.
    public var broken: UInt64 = 0
    /// Times that strangers were kept out of a socket by the kernel.
    public var shutOuts: UInt64 = 0
    /// Datagrams that the kernel dropped meanwhile: those of strangers, but for a full buffer.
    public var droppedWhileShut: UInt64 = 0
    /// Datagrams that the kernel dropped at other times: there was no room for them.
    public var droppedForRoom: UInt64 = 0
    /// Reports of the network that an address cannot be reached.
    public var unreachable: UInt64 = 0

    /// Nothing counted yet.
    public init() {}
}
