// SPDX-License-Identifier: Apache-2.0

import Admission
import Testing

private let carrier = TrunkName("carrier")
private let service = TrunkName("service")

@Suite struct AdmissionTests {
    @Test func nodeLimitIsTemporary() throws {
        var admission = Admission(limits: AdmissionLimits(callsMax: 2))
        let first = try admission.admit(from: carrier, to: service).get()
        _ = try admission.admit(from: service, to: carrier).get()
        #expect(admission.refusal(from: carrier, to: service) == .nodeFull)
        #expect(AdmissionRefusal.nodeFull.isTemporary)
        admission.release(first)
        #expect(admission.refusal(from: carrier, to: service) == nil)
        #expect(admission.calls == 1)
    }

    @Test func trunkLimitCountsBothDirectionsAndIsLasting() throws {
        let limits = AdmissionLimits(callsMax: 10, trunkCallsMax: [service: 1])
        var admission = Admission(limits: limits)
        let token = try admission.admit(from: carrier, to: service).get()
        #expect(admission.refusal(from: service, to: carrier) == .trunkFull(service))
        #expect(!AdmissionRefusal.trunkFull(service).isTemporary)
        #expect(admission.refusal(from: carrier, to: carrier) == nil)
        admission.release(token)
        #expect(admission.calls(of: service) == 0)
    }

    @Test func oneTrunkOnBothSidesCountsOnce() throws {
        let limits = AdmissionLimits(callsMax: 10, trunkCallsMax: [carrier: 2])
        var admission = Admission(limits: limits)
        let token = try admission.admit(from: carrier, to: carrier).get()
        #expect(admission.calls(of: carrier) == 1)
        admission.release(token)
        #expect(admission.calls(of: carrier) == 0)
    }

    @Test func drainingRefusesNewCallsAndKeepsOldOnes() throws {
        var admission = Admission(limits: AdmissionLimits(callsMax: 10))
        _ = try admission.admit(from: carrier, to: service).get()
        admission.drain(service)
        #expect(admission.refusal(from: carrier, to: service) == .trunkDraining(service))
        #expect(admission.refusal(from: carrier, to: carrier) == nil)
        admission.drainNode()
        #expect(admission.refusal(from: carrier, to: carrier) == .nodeDraining)
        #expect(admission.calls == 1)
        admission.drainNode(false)
        admission.drain(service, false)
        #expect(admission.refusal(from: carrier, to: service) == nil)
    }

    @Test func aTrunkThatIsNotOpenToAllTakesWhatItsStateSays() throws {
        var admission = Admission(limits: AdmissionLimits(callsMax: 10))
        let token = try admission.admit(from: carrier, to: carrier).get()
        admission.open(service, to: .sent)
        #expect(admission.refusal(from: carrier, to: service) == .trunkDraining(service))
        #expect(admission.refusal(from: service, to: carrier) == nil)
        #expect(admission.wantsNone(service) && !admission.wantsNone(carrier))
        guard case .failure(let error) = admission.move(token, to: service) else {
            Issue.record("it was moved")
            return
        }
        #expect(error.refusal == .trunkDraining(service))
        admission.open(service, to: .none)
        #expect(admission.refusal(from: service, to: carrier) == .trunkDraining(service))
        // Draining is beside that, and its end changes nothing here.
        admission.drain(service)
        admission.drain(service, false)
        #expect(admission.refusal(from: service, to: carrier) == .trunkDraining(service))
        admission.open(service, to: .all)
        #expect(admission.refusal(from: service, to: carrier) == nil)
        #expect(!admission.wantsNone(service))
    }

    @Test func restoredCallsCountEvenAboveTheLimit() {
        var admission = Admission(limits: AdmissionLimits(callsMax: 0))
        let token = admission.restore(from: carrier, to: service)
        #expect(admission.calls == 1)
        admission.release(token)
        #expect(admission.calls == 0)
    }
}
