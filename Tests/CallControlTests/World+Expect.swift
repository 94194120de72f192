// SPDX-License-Identifier: Apache-2.0

import Admission
import SIPTransaction
import Testing

@testable import CallControl
@testable import CallWorld

extension World {
    /// A world whose faults are the test's.
    convenience init(
        seed: UInt64 = 1, portLimit: Int = 4096, transport: TransportProtocol = .udp
    ) {
        self.init(seed: seed, portLimit: portLimit, transport: transport) {
            Issue.record(Comment(rawValue: $0))
        }
    }

    /// When the box sent its first BYE, in what runs from here on.
    func watchForBye() -> () -> UInt64 {
        var first: UInt64?
        self.tap = { [unowned self] bytes in
            if first == nil, bytes.starts(with: "BYE ".utf8) { first = self.now }
        }
        return { first ?? 0 }
    }

    /// Nothing is left anywhere, and every call has exactly one record.
    func expectClean(_ note: String = "", sourceLocation: SourceLocation = #_sourceLocation) {
        func none(_ count: Int, _ what: String) {
            #expect(count == 0, "\(note): \(what)", sourceLocation: sourceLocation)
        }
        let engine = self.core.engine
        none(engine.callCount, "calls \(engine.listCalls().map(\.state))")
        none(self.core.isEmpty ? 0 : 1, "the core remembers something")
        none(self.ports.reserved.count, "ports")
        none(self.checkpoints.count, "checkpoints")
        none(self.media.count, "media")
        none(self.boxTimers.count, "timers \(self.boxTimers.keys)")
        none(engine.admission.calls, "admission")
        let admitted = self.admittedBefore + engine.counters.callsAdmitted
        #expect(
            UInt64(self.records.count) == admitted, "\(note): records",
            sourceLocation: sourceLocation)
        none(self.records.count - Set(self.records.map(\.id)).count, "records twice")
        for phone in self.phones where !phone.isDead {
            none(phone.isIdle ? 0 : 1, "\(phone.name) still in a call: \(phone.log)")
        }
    }
}

extension TestPorts {
    convenience init(limit: Int = 4096) {
        self.init(limit: limit) { Issue.record(Comment(rawValue: $0)) }
    }
}
