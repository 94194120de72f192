// SPDX-License-Identifier: Apache-2.0

public import FlowABI
public import MediaPlanning
public import NetworkAddress

/// The media of one call, as its owner names it: any number that no other live call has.
public struct MediaSession: Sendable, Hashable {
    /// The number.
    public let value: UInt64
    /// From a number.
    public init(_ value: UInt64) { self.value = value }
}

/// One leg of a call.
public enum MediaLeg: Sendable, Hashable, CaseIterable {
    /// The caller's.
    case a
    /// The callee's.
    case b
}

/// What became of a wish, or what a worker noticed.
public enum MediaOutcome: Sendable, Hashable {
    /// Both legs are as they were last wished; after each change, and after a fast path restart.
    case installed(MediaSession)
    /// The worker refused; the leg has no flow.
    case refused(MediaSession, MediaLeg, CommandStatus)
    /// The worker refused a change; the leg's flow is as it was before.
    case kept(MediaSession, MediaLeg, CommandStatus)
    /// Both legs are gone; their last figures where the fast path still had them.
    case ended(MediaSession, a: FlowStatistics?, b: FlowStatistics?)
    /// Nothing accepted for so many milliseconds.
    case mediaTimeout(MediaSession, MediaLeg, silentMs: UInt32)
    /// The party sends from another address than signalled, and was accepted.
    case sourceLearned(MediaSession, MediaLeg, SocketAddress)
    /// Where media goes now, by ICE or early latch; nominated by the party, or not yet.
    case pathSelected(MediaSession, MediaLeg, SocketAddress, isNominated: Bool)
    /// How far this key set was used is not known any more, after the fast path lost its records:
    /// it must not be used again. The leg has its flow, without keys, and nothing passes until it
    /// gets other ones (with another number) by an update: a re-INVITE.
    case keysSpent(MediaSession, MediaLeg, keyID: UInt64)
    /// A digit of the leg's party is over.
    case digit(MediaSession, MediaLeg, FlowDigit)
    /// The worker does not take or send digits of this leg as it should; its media goes on.
    case digitsRefused(MediaSession, MediaLeg, CommandStatus)
    /// So many digits for the leg's party were not sent.
    case digitsLost(MediaSession, MediaLeg, count: Int)
    /// A session of before the fast path's restart cannot be had again: its media is gone.
    case lost(MediaSession, MediaSessionError)
}

/// Why media cannot be had.
public enum MediaSessionError: Error, Sendable, Hashable {
    /// The fast path was never there.
    case fastPathAway
    /// Too many commands wait for the fast path.
    case backPressure
    /// The worker of these ports has no flow left.
    case noFlow
    /// There is a session of this name, or none.
    case badSession
    /// The intent cannot become flows.
    case plan(MediaPlanError)
}

/// Figures of a programmer.
public struct ProgrammerCounters: Sendable, Hashable {
    /// Commands put into rings.
    public var commands: UInt64 = 0
    /// Commands answered with a refusal.
    public var refused: UInt64 = 0
    /// Of these, legs for which the fast path's table of shared ports had no room.
    public var sharedFull: UInt64 = 0
    /// Times that a command found its ring full.
    public var ringFull: UInt64 = 0
    /// Sessions refused because too much was waiting.
    public var backPressure: UInt64 = 0
    /// Sessions refused because a worker had no flow left.
    public var flowsExhausted: UInt64 = 0
    /// Matches with the fast path, the first included.
    public var matches: UInt64 = 0
    /// Flows that were found without a call, and removed.
    public var orphansRemoved: UInt64 = 0
    /// Flows installed again after a restart.
    public var reinstalled: UInt64 = 0
    /// Events about flows that are not ours, and events that this version does not know.
    public var strayEvents: UInt64 = 0
    /// Packets that workers handed over and that nobody here wants, or took in time.
    public var packetsUnwanted: UInt64 = 0
    /// Packets of flows that are gone by now.
    public var packetsStale: UInt64 = 0
    /// Packets whose length cannot be true.
    public var packetsMalformed: UInt64 = 0
    /// Packets that were handed to workers to send.
    public var packetsInjected: UInt64 = 0
    /// Packets that were not: the ring was full or lost, or the flow is gone.
    public var packetsRefused: UInt64 = 0
    /// Key sets that must not be used again: nobody knows how far they were.
    public var keySetsSpent: UInt64 = 0
    /// Digits for parties that were handed to workers.
    public var digitsSent: UInt64 = 0
    /// Digits for parties that were not: too many waited, or the flow takes none.
    public var digitsLost: UInt64 = 0
    /// Times that a worker had no room for digits, and they waited here.
    public var digitsHeld: UInt64 = 0
    /// Times that the fast path's end of a ring could not be true.
    public var faults: UInt64 = 0
    /// Commands whose latency was measured.
    public var latencyCount: UInt64 = 0
    /// Longest time from writing a command to reading its answer.
    public var latencyMaxNs: UInt64 = 0
    /// Sum of these times.
    public var latencySumNs: UInt64 = 0

    mutating func measure(latencyNs: UInt64) {
        self.latencyCount &+= 1
        self.latencySumNs &+= latencyNs
        self.latencyMaxNs = max(self.latencyMaxNs, latencyNs)
    }
}
