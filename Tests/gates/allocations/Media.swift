// SPDX-License-Identifier: Apache-2.0

import CallControl
import FakeFastPath
import FlowABI
import FlowProgramming
import MediaPlanning

/// A programmer and a fast path that does one step at a time; time goes on by 25 ms a step.
private final class Bench {
    let fake: FakeFastPath
    let programmer: FlowProgrammer
    let session = MediaSession(1)
    let intent = sampleIntent(0)
    private var nowNs: UInt64 = 1_000_000_000

    init() throws {
        self.fake = try FakeFastPath()
        self.programmer = FlowProgrammer(.init(directory: self.fake.directory))
        self.programmer.begin()
        self.poll()
        self.poll()
        try self.fake.shakeHands()
        self.poll()
        guard self.programmer.state == .matched else { throw Wrong("no handshake") }
    }

    func poll() {
        self.nowNs += 25_000_000
        self.programmer.poll(nowNs: self.nowNs)
    }

    /// Two commands into the ring, two answers out of it.
    func exchange(_ wish: (Bench) throws -> Void) rethrows -> [MediaOutcome] {
        try counted {
            try wish(self)
            self.poll()
        }
        self.fake.work()
        return counted {
            self.poll()
            return self.programmer.takeOutcomes()
        }
    }

    func install() throws {
        let outcomes = try self.exchange { try $0.programmer.start($0.session, $0.intent) }
        guard outcomes == [.installed(self.session)] else { throw Wrong("not installed") }
    }

    func remove() throws {
        let outcomes = self.exchange { $0.programmer.end($0.session) }
        guard case .ended? = outcomes.first, outcomes.count == 1 else { throw Wrong("not ended") }
        self.fake.forget()
    }
}

/// From what a call wants to what the fast path did.
func media() throws -> [Operation] {
    let bench = try Bench()
    let intent = bench.intent
    let legs = (0..<2 as Range<UInt32>).map {
        LegIdentity(
            flow: FlowID(index: FlowIndex($0), generation: Generation(1)), ssrc: $0,
            initialSequence: 0, initialTimestamp: 0)
    }
    return [
        Operation("plan the media of a call") {
            let commands = try counted {
                let plan = try MediaPlan(
                    intent, a: legs[0], b: legs[1], settings: MediaSettings())
                return try MediaPlan.commands(from: nil, to: plan)
            }
            guard commands.count == 2 else { throw Wrong("plan") }
        },
        Operation("install a call's flows") {
            try bench.install()
            try uncounted { try bench.remove() }
        },
        Operation("remove a call's flows") {
            try uncounted { try bench.install() }
            try bench.remove()
        },
        Operation("a poll without work") {
            let outcomes = counted {
                bench.poll()
                return bench.programmer.takeOutcomes()
            }
            guard outcomes.isEmpty else { throw Wrong("outcomes") }
        },
    ]
}
