// SPDX-License-Identifier: Apache-2.0

internal import CUV

#if canImport(Glibc)
    internal import Glibc
#endif

/// One libuv loop on one thread: the ground under a shard. Everything here belongs to the thread
/// that runs it.
///
/// A turn is: timers that are due, then what sockets brought, then `defer`red work
/// and the hooks of `onTurnEnd`, just before the loop waits again.
public final class EventLoop {
    let raw: UnsafeMutablePointer<uv_loop_t>
    /// Where every socket of this loop reads into; used only within one read callback.
    let readBuffer: UnsafeMutableRawBufferPointer

    private var timer: UnsafeMutablePointer<uv_timer_t>?
    private var prepare: UnsafeMutablePointer<uv_prepare_t>?
    private var signals: [SignalHandle] = []
    private var wheels: [any DrivenTimers] = []
    private var actionTimers: LoopTimers<LoopTimer>?
    private var actions: [LoopTimer: () -> Void] = [:]
    private var lastTimer: UInt64 = 0
    private var armedFor: UInt64?
    private var deferred: [() -> Void] = []
    private var turnHooks: [() -> Void] = []
    private var turnCondition: (() -> Void)?
    private var isRunning = false
    /// True after `close`: no handle of this loop exists any more.
    private(set) var isClosed = false

    /// libuv hands over at most this many datagrams in one system call, each of 64 KiB at most.
    private static let readBufferBytes = 16 * 65536
    private static let deferRounds = 16

    /// A loop with nothing in it. Writing to a dead peer must be an error and not a signal, so
    /// SIGPIPE is ignored from here on.
    public init() throws(TransportError) {
        signal(SIGPIPE, SIG_IGN)
        self.raw = .allocate(capacity: 1)
        let status = uv_loop_init(self.raw)
        guard status == 0 else {
            self.raw.deallocate()
            throw TransportError("event loop", code: status)
        }
        self.readBuffer = .allocate(byteCount: Self.readBufferBytes, alignment: 64)
        let loop = self.raw
        self.timer = Handle.open(uv_timer_t.self, owner: self) { uv_timer_init(loop, $0) }
        self.prepare = Handle.open(uv_prepare_t.self, owner: self) { uv_prepare_init(loop, $0) }
        if let timer { uv_unref(Handle.raw(timer)) }
        if let prepare {
            uv_prepare_start(prepare) { Handle.owner(of: $0, EventLoop.self)?.endTurn() }
            uv_unref(Handle.raw(prepare))
        }
    }

    deinit {
        self.readBuffer.deallocate()
        self.raw.deallocate()
    }

    /// Milliseconds of the monotonic clock, as of the start of this turn.
    public var now: UInt64 { uv_now(self.raw) }

    /// Runs until `stop` is called.
    public func run() {
        // A loop without sockets must wait for its timers all the same.
        if let prepare { uv_ref(Handle.raw(prepare)) }
        self.isRunning = true
        uv_run(self.raw, UV_RUN_DEFAULT)
        self.isRunning = false
        if let prepare, !self.isClosed { uv_unref(Handle.raw(prepare)) }
        self.endTurn()
    }

    /// Runs until `condition` holds at the end of a turn, or `milliseconds` have passed; says
    /// whether it holds.
    public func run(for milliseconds: UInt64, until condition: () -> Bool) -> Bool {
        let timeout = self.schedule(after: milliseconds) { [unowned self] in self.stop() }
        defer { self.cancel(timeout) }
        var holds = false
        withoutActuallyEscaping(condition) { condition in
            self.turnCondition = { [unowned self] in
                holds = holds || condition()
                if holds { self.stop() }
            }
            self.run()
            self.turnCondition = nil
        }
        return holds
    }

    /// Ends `run` after this turn; without effect outside it.
    public func stop() {
        if self.isRunning { uv_stop(self.raw) }
    }

    /// Closes every handle of the loop, whoever opened it, and lets go of their owners. The loop
    /// cannot run again.
    public func close() {
        guard !self.isClosed else { return }
        self.isClosed = true
        self.signals = []
        uv_walk(
            self.raw,
            { handle, _ in
                if let handle { Handle.close(handle) }
            }, nil)
        self.timer = nil
        self.prepare = nil
        while uv_run(self.raw, UV_RUN_DEFAULT) != 0 {}
        uv_loop_close(self.raw)
        self.deferred = []
        self.turnHooks = []
        self.wheels = []
        self.actions = [:]
        self.actionTimers = nil
    }

    // MARK: Timers

    /// Runs `action` after so many milliseconds, on this thread. For timers that come by the
    /// thousand, `LoopTimers` with a token is cheaper.
    @discardableResult
    public func schedule(after milliseconds: UInt64, _ action: @escaping () -> Void) -> LoopTimer {
        self.lastTimer &+= 1
        let timer = LoopTimer(number: self.lastTimer)
        let timers =
            self.actionTimers
            ?? LoopTimers(loop: self) { [unowned self] timer in
                self.actions.removeValue(forKey: timer)?()
            }
        self.actionTimers = timers
        self.actions[timer] = action
        timers.start(timer, milliseconds: milliseconds)
        return timer
    }

    /// Stops a timer that has not fired.
    public func cancel(_ timer: LoopTimer) {
        self.actionTimers?.stop(timer)
        self.actions[timer] = nil
    }

    func drive(_ timers: any DrivenTimers) {
        self.wheels.append(timers)
    }

    /// Points libuv's timer at the next slot of the wheels; it is left early rather than moved
    /// later, because a turn too many is cheaper than a move for every stopped timer.
    private func arm() {
        var first: UInt64?
        for wheel in self.wheels {
            if let due = wheel.nextDue { first = min(due, first ?? due) }
        }
        guard let timer, let next = first else { return }
        if let armedFor, armedFor <= next { return }
        self.armedFor = next
        uv_timer_start(
            timer, { Handle.owner(of: $0, EventLoop.self)?.timerFired() },
            next - min(self.now, next), 0)
    }

    private func timerFired() {
        self.armedFor = nil
        for wheel in self.wheels { wheel.fire(self.now) }
    }

    // MARK: Turns

    /// Runs `action` at the end of this turn, outside the call that asks for it.
    public func `defer`(_ action: @escaping () -> Void) {
        self.deferred.append(action)
    }

    /// Runs `hook` at the end of every turn: the place to write what the turn gathered.
    public func onTurnEnd(_ hook: @escaping () -> Void) {
        self.turnHooks.append(hook)
    }

    private func endTurn() {
        for _ in 0..<Self.deferRounds {
            let actions = self.deferred
            self.deferred = []
            for action in actions { action() }
            for hook in self.turnHooks { hook() }
            if self.deferred.isEmpty { break }
        }
        // More keeps coming: let the sockets have their turn and go on right after it.
        if !self.deferred.isEmpty { self.schedule(after: 0) {} }
        if !self.isClosed { self.arm() }
        self.turnCondition?()
    }

    // MARK: Signals

    /// Runs `action` on this thread whenever the process gets the signal.
    public func onSignal(
        _ number: Int32, _ action: @escaping () -> Void
    ) throws(TransportError) {
        let owner = SignalHandle(action)
        let loop = self.raw
        let handle = Handle.open(uv_signal_t.self, owner: owner) { uv_signal_init(loop, $0) }
        guard let handle else { throw TransportError("signal \(number)", code: -ENOMEM) }
        let status = uv_signal_start(
            handle, { handle, _ in Handle.owner(of: handle, SignalHandle.self)?.action() }, number)
        guard status == 0 else {
            Handle.close(handle)
            throw TransportError("signal \(number)", code: status)
        }
        uv_unref(Handle.raw(handle))
        self.signals.append(owner)
    }
}

/// A timer of `EventLoop.schedule`.
public struct LoopTimer: Sendable, Hashable {
    let number: UInt64
}

private final class SignalHandle {
    let action: () -> Void

    init(_ action: @escaping () -> Void) {
        self.action = action
    }
}
