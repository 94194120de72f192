// SPDX-License-Identifier: Apache-2.0

import Admission
import Routing
import SIPMessage

// Emergency calls: what they are, and the room that is made for them.
extension CallEngine {
    /// Emergency calls that are live, exempt from the limits or not.
    public var emergencyCallCount: Int { self.calls.values.count { $0.isEmergency } }

    /// What a call from a trunk is.
    func kind(of number: CalledNumber, from trunk: TrunkSettings) -> CallKind {
        trunk.emergency.applies(to: number)
            ? .emergency(isExempt: trunk.emergency.isExempt) : .normal
    }

    /// An emergency call was let in: the alarm, and room for it where the node is full and the
    /// policy says so.
    func admitted(emergency call: Call, _ token: AdmissionToken, _ kind: CallKind) {
        self.context.counters.emergencyCalls &+= 1
        self.context.actions.append(.emergency(call.id, from: token.from, to: token.to))
        guard case .emergency(isExempt: true) = kind else { return }
        guard token.isExempt else {
            self.context.counters.emergencyCapHits &+= 1
            return
        }
        let isOver = self.context.admission.calls > self.context.configuration.callsMax
        if isOver, self.context.configuration.overload.emergencyPreempts { self.preempt() }
    }

    /// Ends the call that loses least: the youngest that is not answered, else the one that was
    /// answered last. Never an emergency call.
    private func preempt() {
        let victim = self.calls.values.filter { !$0.isEmergency && !$0.isEnding }
            .max { left, right in
                (left.answeredAt == nil ? 1 : 0, left.answeredAt ?? left.startedAt, left.id.value)
                    < (
                        right.answeredAt == nil ? 1 : 0, right.answeredAt ?? right.startedAt,
                        right.id.value
                    )
            }
        guard let victim else { return }
        self.context.counters.callsPreempted &+= 1
        // RFC 4411 section 5: the network took the call's place.
        victim.end(
            .preempted, status: 503, reason: "preemption;cause=5;text=\"Network Preemption\"")
    }
}
