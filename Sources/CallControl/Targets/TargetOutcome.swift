// SPDX-License-Identifier: Apache-2.0

/// What came of a request that went to a target: who knows how targets are is told of it.
enum TargetOutcome: Sendable, Hashable {
    /// It said something, and nothing against itself.
    case answered
    /// It refused with this status, and does not want to be asked again for so many seconds (RFC
    /// 3261 section 20.33); nil: it did not say.
    case refused(status: Int, retryAfterSeconds: UInt32?)
    /// It said nothing in time.
    case silent
    /// The request could not be sent, or not to there.
    case unreachable
}
