// SPDX-License-Identifier: Apache-2.0

/// Session timers on a trunk (RFC 4028). Each leg has its own; nothing of it passes to the other.
public struct SessionTimerPolicy: Sendable, Hashable {
    /// Who begins it.
    public enum Mode: UInt8, Sendable, Hashable, CaseIterable {
        /// None; who requires timer gets 420.
        case off = 0
        /// If the party asks for one.
        case accept = 1
        /// In every call: where the party does not know timers, the box refreshes alone.
        case request = 2
    }

    /// Who begins it.
    public var mode: Mode
    /// Session-Expires of our own requests, and what a longer one of the party's is shortened to,
    /// seconds.
    public var seconds: UInt32
    /// The shortest that is accepted, seconds: 422 below it.
    public var minimum: UInt32

    /// RFC 4028 section 5 forbids less, seconds.
    public static let leastMinimum: UInt32 = 90
    /// No session timers.
    public static let off = SessionTimerPolicy(mode: .off)

    /// `seconds` is at least `minimum`.
    public init(
        mode: Mode, seconds: UInt32 = 1800, minimum: UInt32 = SessionTimerPolicy.leastMinimum
    ) {
        self.mode = mode
        self.minimum = max(minimum, 1)
        self.seconds = max(seconds, self.minimum)
    }
}
