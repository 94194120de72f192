// SPDX-License-Identifier: Apache-2.0

public import CallControl
import NetworkAddress
import SIPTransaction

/// Whole calls through one box, one after another, for those who measure what the box does.
///
/// INVITE, 100, 180, 200, ACK on both legs, five seconds of the world's time, BYE, 200, and then
/// every timer until nothing is remembered.
public final class CallCourse {
    private final class Noted { var faults: [String] = [] }

    private let world: World
    private let noted: Noted

    /// `meter` is called with each piece of the box's own work: what it does with one message that
    /// is parsed already, or with one timer.
    public init(meter: @escaping (() -> Void) -> Void) {
        let noted = Noted()
        self.noted = noted
        self.world = World(seed: 1, portLimit: 4096, transport: .udp) { noted.faults.append($0) }
        self.world.meter = meter
    }

    /// The record of such a call, for those who measure what becomes of it.
    public static func record() -> CallRecord {
        let course = CallCourse { $0() }
        let alice = course.world.phone("alice", side: .a)
        _ = course.world.phone("bob", side: .b)
        alice.script.hangUpAfter = 5000
        alice.dial()
        course.world.run()
        return course.world.records[0]
    }

    /// One call. False if it was not answered and ended as it should, or anything of it is left.
    public func call() -> Bool {
        let alice = self.world.phone("alice", side: .a)
        let bob = self.world.phone("bob", side: .b)
        alice.script.hangUpAfter = 5000
        alice.dial()
        self.world.run()
        let isEnded = self.world.records.map(\.end) == [.callerBye]
        let isQuiet = alice.isIdle && bob.isIdle && self.world.media.isEmpty
        self.world.forget()
        return isEnded && isQuiet && self.world.core.engine.callCount == 0
            && self.noted.faults.isEmpty
    }
}
