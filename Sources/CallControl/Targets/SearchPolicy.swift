// SPDX-License-Identifier: Apache-2.0

/// How the targets of a trunk are tried for a new call.
public struct SearchPolicy: Sendable, Hashable {
    /// Final statuses after which another target is tried, 300 to 599. A 6xx speaks for the person
    /// called, wherever he is asked: another target never is.
    public var codes: Set<UInt16> = [408, 503, 504]
    /// How long a target may say nothing, not even 100, before another one is tried, ms.
    public var silenceMilliseconds: UInt32 = 2_000
    /// How long the whole search may take before the call is given back with 503, ms; counted to
    /// the first response that reaches the caller. 0: as long as a call may ring.
    public var deadlineMilliseconds: UInt32 = 8_000

    /// The defaults.
    public init() {}

    /// Another target may do what this one refused.
    func allowsAnother(after status: Int) -> Bool {
        status < 600 && UInt16(exactly: status).map(self.codes.contains) == true
    }
}
