// SPDX-License-Identifier: Apache-2.0

import Admission
import NetworkAddress
import Testing

private func address(_ number: UInt32) -> IPAddress { IPAddress(ipv4: 0x0a00_0000 + number) }

/// Mutating calls have no place in an expectation.
private func admits(
    _ guardian: inout SourceGuard, _ number: UInt32, isKnown: Bool, now: UInt64
) -> Bool {
    guardian.admits(address(number), isKnown: isKnown, now: now)
}

private func isScanner(_ guardian: inout SourceGuard, _ text: String) -> Bool {
    guardian.isScanner(Array(text.utf8))
}

private func take(_ bucket: inout TokenBucket, _ now: UInt64) -> Bool { bucket.take(now: now) }

@Suite struct SourceGuardTests {
    private func admitted(
        _ guardian: inout SourceGuard, _ count: Int, isKnown: Bool, now: UInt64,
        from source: (Int) -> IPAddress
    ) -> Int {
        var admitted = 0
        for number in 0..<count where guardian.admits(source(number), isKnown: isKnown, now: now) {
            admitted += 1
        }
        return admitted
    }

    @Test func oneUnknownSourceGetsItsShare() {
        var guardian = SourceGuard()
        let first = self.admitted(&guardian, 500, isKnown: false, now: 0) { _ in address(1) }
        #expect(first == 20)
        #expect(guardian.shed[.unknownFlood] == 480)
        // A second later there is as much again, for another one too.
        for number in UInt32(1)...2 {
            let again = self.admitted(&guardian, 500, isKnown: false, now: 1000) { _ in
                address(number)
            }
            #expect(again == 20)
        }
    }

    /// 100,000 messages of one second, each from another address: the table does not grow with
    /// them.
    @Test func unknownSourcesTogetherGetTheirs() {
        var guardian = SourceGuard()
        let admitted = self.admitted(&guardian, 100_000, isKnown: false, now: 5) {
            address(UInt32($0))
        }
        #expect(admitted == 100)
        #expect(guardian.shed[.unknownTotal] == 99_900)
        #expect(guardian.sourceCount == 100)
    }

    @Test func knownSourcesAreNotHarmedByUnknownOnes() {
        var guardian = SourceGuard()
        _ = self.admitted(&guardian, 100_000, isKnown: false, now: 0) { address(UInt32($0)) }
        let known = self.admitted(&guardian, 1000, isKnown: true, now: 0) { _ in address(200_000) }
        #expect(known == 1000)
        #expect(guardian.shed[.sourceFlood] == nil)
    }

    @Test func aKnownSourceHasALimitOfItsOwn() {
        var guardian = SourceGuard()
        guardian.policy.sourcePerSecond = 300
        let much = self.admitted(&guardian, 1000, isKnown: true, now: 0) { _ in address(1) }
        let other = self.admitted(&guardian, 100, isKnown: true, now: 0) { _ in address(2) }
        #expect(much == 300 && other == 100)
        #expect(guardian.shed[.sourceFlood] == 700)
    }

    @Test func unknownSourcesMayBeDroppedUnread() {
        var guardian = SourceGuard()
        guardian.policy.dropsUnknown = true
        #expect(!admits(&guardian, 1, isKnown: false, now: 0))
        #expect(admits(&guardian, 1, isKnown: true, now: 0))
        #expect(guardian.shed == [.unknownSource: 1])
    }

    @Test func theTableIsBoundedAndAges() {
        var guardian = SourceGuard()
        let most = SourceGuard.sourcesMax
        _ = self.admitted(&guardian, most + 100, isKnown: true, now: 0) { address(UInt32($0)) }
        #expect(guardian.sourceCount == most)
        // Who finds no place: a trunk's source is let in, nobody's is not.
        #expect(admits(&guardian, 900_000, isKnown: true, now: 5000))
        #expect(!admits(&guardian, 900_001, isKnown: false, now: 5000))
        #expect(admits(&guardian, 900_002, isKnown: false, now: 20_000))
        #expect(guardian.sourceCount == 1)
    }

    @Test func faultsAreAnsweredUpToARate() {
        var guardian = SourceGuard()
        _ = guardian.admits(address(1), isKnown: true, now: 0)
        var answered = 0
        for _ in 0..<10_000 where guardian.answersFault(address(1), now: 0) { answered += 1 }
        #expect(answered == 50 && guardian.shed[.faultFlood] == 9950)
    }

    @Test func scannersAreKnownByTheirWords() {
        var guardian = SourceGuard()
        let request = "OPTIONS sip:a SIP/2.0\r\nUser-Agent: Friendly-Scanner\r\n\r\n"
        #expect(isScanner(&guardian, request))
        #expect(!isScanner(&guardian, "OPTIONS sip:a SIP/2.0\r\n\r\n"))
        #expect(!isScanner(&guardian, ""))
        let late = String(repeating: "x", count: 4000) + "sipvicious"
        #expect(!isScanner(&guardian, late), "only the beginning is looked at")
        #expect(guardian.shed == [.scanner: 1])
        guardian.policy.scanners = []
        #expect(!isScanner(&guardian, request))
    }
}

@Suite struct TokenBucketTests {
    @Test func soManyASecond() {
        var bucket = TokenBucket(rate: 4)
        var taken = 0
        for millisecond in UInt64(77)..<10_077 where bucket.take(now: millisecond) { taken += 1 }
        #expect(taken == 4 + 39)
        // Time that goes back gives nothing and takes nothing.
        #expect(!take(&bucket, 0))
        #expect(!bucket.has(now: 1))
        #expect(bucket.has(now: 20_000))
    }

    @Test func slowAndFastOnes() {
        var none = TokenBucket(rate: 0)
        #expect(!take(&none, 0) && !take(&none, 1_000_000))
        var fast = TokenBucket(rate: .max)
        #expect(fast.rate == 1_000_000)
        #expect(take(&fast, .max) && take(&fast, .max))
        var deep = TokenBucket(rate: 1, burst: 3)
        let deepTaken = (0..<5).count { _ in deep.take(now: 0) }
        #expect(deepTaken == 3)
    }
}

@Suite struct EmergencyAdmissionTests {
    private let a = TrunkName("a")
    private let b = TrunkName("b")

    @Test func exemptCallsPassEveryLimitUpToTheirCap() throws {
        var limits = AdmissionLimits(callsMax: 0, trunkCallsMax: [self.a: 0])
        limits.rate = 0
        limits.emergencyCallsMax = 2
        var admission = Admission(limits: limits)
        admission.drainNode()
        let exempt = CallKind.emergency(isExempt: true)
        var tokens: [AdmissionToken] = []
        for _ in 0..<2 {
            tokens.append(try admission.admit(from: self.a, to: self.b, exempt).get())
        }
        #expect(admission.emergencyCalls == 2 && admission.calls == 2)
        #expect(admission.refusal(from: self.a, to: self.b, exempt) == .nodeDraining)
        #expect(
            admission.refusal(from: self.a, to: self.b, .emergency(isExempt: false))
                == .nodeDraining)
        for token in tokens { admission.release(token) }
        #expect(admission.emergencyCalls == 0 && admission.calls == 0)
    }

    @Test func ratesOfNodeTrunkAndTenant() {
        var limits = AdmissionLimits(callsMax: 100)
        let acme = TenantName("acme")
        limits.trunks[self.a] = .init(rate: 2)
        limits.tenantOf = [self.a: acme, self.b: acme]
        limits.tenants[acme] = .init(calls: 5, rate: 3)
        limits.rate = 4
        var admission = Admission(limits: limits)
        let c = TrunkName("c")
        func admit(_ from: TrunkName, _ to: TrunkName) -> AdmissionRefusal? {
            switch admission.admit(from: from, to: to, now: 1) {
            case .success: nil
            case .failure(let error): error.refusal
            }
        }
        #expect(admit(self.a, self.b) == nil)
        #expect(admit(self.a, c) == nil)
        #expect(admit(self.a, c) == .trunkRate(self.a))
        #expect(admit(c, self.b) == nil)
        #expect(admit(c, self.b) == .tenantRate(acme))
        #expect(admit(c, c) == nil)
        #expect(admit(c, c) == .nodeRate)
        #expect(admission.calls(of: acme) == 3)
        #expect(admission.refusal(from: c, to: c, now: 1001) == nil)
        // Limits that stay keep their buckets, others are full.
        limits.rate = 10
        admission.limits = limits
        #expect(admission.refusal(from: c, to: c, now: 1) == nil)
        #expect(admission.refusal(from: self.a, to: c, now: 1) == .trunkRate(self.a))
    }

    @Test func aCallMovesToAnotherTrunk() throws {
        let c = TrunkName("c")
        var admission = Admission(limits: AdmissionLimits(callsMax: 1, trunkCallsMax: [c: 1]))
        let token = try admission.admit(from: self.a, to: self.b).get()
        let moved = try admission.move(token, to: c).get()
        #expect(admission.calls == 1 && admission.calls(of: self.b) == 0)
        #expect(admission.calls(of: c) == 1 && admission.calls(of: self.a) == 1)
        let same = try admission.move(moved, to: c).get()
        #expect(same == moved)
        admission.drain(self.b)
        let refused = admission.move(moved, to: self.b)
        #expect(throws: AdmissionRefusalError.self) { try refused.get() }
        admission.release(moved)
        #expect(admission.calls == 0 && admission.calls(of: c) == 0)
    }
}
