// SPDX-License-Identifier: Apache-2.0

public import CallControl
import FlowABI
public import FlowProgramming
import Glibc

extension SessionDriver {
    /// How long nothing may happen before a wait is given up.
    private static let patienceNs: UInt64 = 10_000_000_000
    /// Between two polls while a worker is to do something: it may be on the same core.
    private static let pauseUs: UInt32 = 50

    /// Polls until `isDone`. Throws a `Refusal` when for 10 s no command was answered; `what` says
    /// what was waited for.
    public func poll(_ what: String, until isDone: () -> Bool) throws(Refusal) {
        var settled = self.programmer.settledCommands
        var deadline = Clocks.monotonicNs + Self.patienceNs
        while !isDone() {
            self.poll()
            let now = Clocks.monotonicNs
            if self.programmer.settledCommands != settled {
                settled = self.programmer.settledCommands
                deadline = now + Self.patienceNs
                continue
            }
            guard now < deadline else {
                throw Refusal(.unavailable, "10 s without \(what): \(self.stateText)")
            }
            usleep(Self.pauseUs)
        }
    }

    /// Attaches, and waits for the fast path to take commands.
    public func attach() throws(Refusal) {
        self.programmer.begin()
        try self.poll("a fast path") {
            self.programmer.state == .matched && self.programmer.ports.isOpen
        }
    }

    private var stateText: String {
        switch self.programmer.state {
        case .detached(let refusal):
            refusal?.text ?? "its file was replaced, or its rings were given up"
        case .waiting: "it does not answer the handshake"
        case .matched: "\(self.programmer.pending) commands are not answered"
        }
    }

    /// Ends all sessions and waits until their flows are gone, or the fast path is.
    public func endAll(_ sessions: some Sequence<MediaSession>) throws(Refusal) {
        for session in sessions { self.programmer.end(session) }
        try self.poll("an answer") { self.programmer.sessionCount == 0 }
    }
}

extension CallSet {
    /// Installs calls with sessions from `first` on and waits until all flows are there. What they
    /// are, in order. Throws a `Refusal` when one cannot be had.
    public func install(_ count: Int, first: UInt64) throws(Refusal) -> [MediaIntent] {
        var intents: [MediaIntent] = []
        intents.reserveCapacity(count)
        let installed = self.driver.installed.count
        while intents.count < count {
            try self.driver.poll("an answer") { self.driver.hasRoom }
            guard let intent = try self.reserve() else { continue }
            let session = MediaSession(first + UInt64(intents.count))
            try self.start(session, intent)
            intents.append(intent)
        }
        try self.driver.poll("an answer") {
            self.driver.installed.count >= installed + count || self.driver.hasFailed
        }
        guard !self.driver.hasFailed else {
            throw Refusal(
                .unavailable, "\(self.driver.refused) commands were refused, "
                    + "\(self.driver.lost) calls lost")
        }
        return intents
    }

    /// Wishes the flows of one call; the next polls install them.
    public func start(_ session: MediaSession, _ intent: MediaIntent) throws(Refusal) {
        do {
            try self.driver.programmer.start(session, intent)
        } catch .noFlow {
            throw Refusal(
                .unavailable, "a worker has no flow left for call \(session.value + 1): start the "
                    + "fast path with more --flows-per-worker (two a call)")
        } catch {
            throw Refusal(.unavailable, "call \(session.value + 1): \(error)")
        }
    }
}
