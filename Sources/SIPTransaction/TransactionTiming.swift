// SPDX-License-Identifier: Apache-2.0

/// The timers of a transaction, by the letters of RFC 3261 appendix A and RFC 6026 section 7.
public enum TransactionTimer: UInt8, Sendable, Hashable, CaseIterable {
    /// INVITE client: next retransmission of the request.
    case a
    /// INVITE client: no response at all.
    case b
    /// INVITE client: a provisional response and nothing after it (RFC 3261 section 16.6, 11).
    case c
    /// INVITE client: how long repeated final responses are acknowledged.
    case d
    /// Non-INVITE client: next retransmission of the request.
    case e
    /// Non-INVITE: the transaction's end when no final response came, on both sides.
    case f
    /// INVITE server: next retransmission of a final response other than 2xx.
    case g
    /// INVITE server: no ACK came.
    case h
    /// INVITE server: how long repeated ACKs are absorbed.
    case i
    /// Non-INVITE server: how long repeated requests are answered.
    case j
    /// Non-INVITE client: how long repeated responses are absorbed.
    case k
    /// INVITE server, Accepted: how long repeated INVITEs are absorbed.
    case l
    /// INVITE client, Accepted: how long further 2xx responses are passed on.
    case m
    /// INVITE server: 100 Trying is due (RFC 3261 section 17.2.1).
    case trying
    /// Non-INVITE server: 100 Trying is allowed and due (RFC 4320 section 4.1).
    case lateTrying
    /// INVITE client: a CANCEL was sent and no final response came (RFC 3261 section 9.1).
    case cancelled
    /// INVITE server, Accepted: next retransmission of the 2xx (RFC 3261 section 13.3.1.4).
    case success

    /// A transaction has at most one running timer in each lane: one that repeats something, and
    /// one that ends the state.
    enum Lane { case repeating, ending }

    var lane: Lane {
        switch self {
        case .a, .e, .g, .trying, .lateTrying, .success: .repeating
        case .b, .c, .d, .f, .h, .i, .j, .k, .l, .m, .cancelled: .ending
        }
    }
}

/// A set of timers.
public struct TimerSet: OptionSet, Sendable, Hashable {
    /// One bit a timer, at the timer's raw value.
    public let rawValue: UInt32

    /// From the bits.
    public init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    /// The set of the timers named.
    public init(_ timers: TransactionTimer...) {
        self.init(rawValue: timers.reduce(0) { $0 | 1 << UInt32($1.rawValue) })
    }

    /// True when the timer is in the set.
    public func contains(_ timer: TransactionTimer) -> Bool {
        self.rawValue >> UInt32(timer.rawValue) & 1 == 1
    }
}

/// Timer values in milliseconds (RFC 3261 section 17 and appendix A).
public struct TransactionTiming: Sendable, Hashable {
    /// T1, the estimate of a round trip; 1 to 60,000.
    public let t1: UInt32
    /// T2, the longest interval between retransmissions other than an INVITE's; T1 to 60,000.
    public let t2: UInt32
    /// T4, how long a message stays in the network; 1 to 60,000.
    public let t4: UInt32
    /// Timer C, more than 3 minutes by RFC 3261 section 16.6; at least T1.
    public let c: UInt32
    /// How long the user of the layer may stay silent before 100 Trying goes out.
    public let trying: UInt32

    /// Values out of range are moved to the nearest end of the range.
    public init(
        t1: UInt32 = 500, t2: UInt32 = 4000, t4: UInt32 = 5000, c: UInt32 = 181_000,
        trying: UInt32 = 200
    ) {
        let limit: UInt32 = 60_000
        self.t1 = min(max(t1, 1), limit)
        self.t2 = min(max(t2, self.t1), limit)
        self.t4 = min(max(t4, 1), limit)
        self.c = min(max(c, self.t1), 86_400_000)
        self.trying = min(max(trying, 1), limit)
    }

    /// 64 * T1, the length of a transaction that fails.
    public var limit: UInt32 { 64 * self.t1 }

    /// How long timer E takes until it is set to T2: before that, a 100 to a non-INVITE request
    /// over UDP does harm (RFC 4320 section 4.1).
    public var lateTrying: UInt32 {
        var elapsed: UInt32 = 0
        var interval = self.t1
        while interval < self.t2 {
            elapsed += interval
            interval = min(2 * interval, self.t2)
        }
        return elapsed
    }

    /// The duration of a timer when it is first started.
    public func milliseconds(_ timer: TransactionTimer) -> UInt32 {
        switch timer {
        case .a, .e, .g, .success: self.t1
        case .b, .d, .f, .h, .j, .l, .m, .cancelled: self.limit
        case .c: self.c
        case .i, .k: self.t4
        case .trying: self.trying
        case .lateTrying: max(self.lateTrying, 1)
        }
    }
}
