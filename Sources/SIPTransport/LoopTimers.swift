// SPDX-License-Identifier: Apache-2.0

internal import SIPTransaction

/// Timers of one kind of token on an event loop: a wheel that the loop's one libuv timer drives.
public final class LoopTimers<Token: Hashable> {
    private let loop: EventLoop
    private let wheel: TimerWheel<Token>
    private let fired: (Token) -> Void

    /// Timers that call `fired` on the loop's thread; at most `limit` run at a time.
    public init(loop: EventLoop, limit: Int = 1 << 22, fired: @escaping (Token) -> Void) {
        self.loop = loop
        self.wheel = TimerWheel(nowMilliseconds: loop.now, limit: limit)
        self.fired = fired
        loop.drive(self)
    }

    /// Starts a timer, or starts it anew. False at the limit.
    @discardableResult
    public func start(_ token: Token, milliseconds: UInt64) -> Bool {
        // The wheel stands at its last turn, which may be long ago on an idle loop.
        let behind = self.loop.now &- min(self.wheel.nowMilliseconds, self.loop.now)
        let (sum, overflow) = milliseconds.addingReportingOverflow(behind)
        return self.wheel.start(token, milliseconds: overflow ? UInt64.max : sum)
    }

    /// Stops a timer; false when it does not run.
    @discardableResult
    public func stop(_ token: Token) -> Bool {
        self.wheel.stop(token)
    }

    /// Timers that run.
    public var count: Int { self.wheel.count }

    /// How often `start` refused.
    public var refusedCount: UInt64 { self.wheel.refusedCount }
}

/// What the loop asks of the wheels that it drives.
protocol DrivenTimers {
    var nextDue: UInt64? { get }
    func fire(_ now: UInt64)
}

extension LoopTimers: DrivenTimers {
    var nextDue: UInt64? { self.wheel.nextDue }

    func fire(_ now: UInt64) {
        guard let due = self.wheel.nextDue, due <= now else { return }
        for token in self.wheel.advance(to: now) { self.fired(token) }
    }
}
