// SPDX-License-Identifier: Apache-2.0

import CallControl
import NetworkAddress
import SessionDriver
import Testing

@Suite struct PartyTests {
    private let one = IPAddress(ipv4: 0xc633_6401)
    private let other = IPAddress(ipv4: 0xc633_6402)

    @Test func portsAreEvenAndGoOnAtTheNextAddress() {
        var parties = PartyAddresses([self.one, self.other])
        var seen: [SocketAddress] = []
        while let party = parties.next() { seen.append(party) }
        #expect(seen.count == 2 * PartyAddresses.portsOfAddress)
        #expect(Set(seen).count == seen.count)
        #expect(seen.allSatisfy { $0.port % 2 == 0 && $0.port >= 10_000 })
        #expect(seen[0] == SocketAddress(address: self.one, port: 10_000))
        #expect(seen[PartyAddresses.portsOfAddress - 1].port == 65_534)
        #expect(
            seen[PartyAddresses.portsOfAddress] == SocketAddress(address: self.other, port: 10_000))
    }

    private func leg(_ local: UInt16, _ remote: UInt16?) -> MediaIntent.Leg {
        var leg = MediaIntent.Leg(
            local: MediaPort(
                addressIndex: 0, rtp: SocketAddress(address: self.one, port: local)))
        leg.remote = remote.map { SocketAddress(address: self.other, port: $0) }
        return leg
    }

    @Test func aPlanHasALineForEachCallWhosePartiesAreKnown() {
        var plan = PlanFile()
        plan.add(MediaIntent(a: self.leg(20_000, 10_000), b: self.leg(20_002, 10_002)))
        plan.add(MediaIntent(a: self.leg(20_004, 10_004), b: self.leg(20_006, nil)))
        #expect(
            plan.text == """
                trunkline-plan 1
                198.51.100.2:10000 198.51.100.1:20000 198.51.100.2:10002 198.51.100.1:20002

                """)
    }

    @Test func aPlanHasTheKeysOfPartyB() {
        var secure = self.leg(20_002, 10_002)
        func key(_ first: UInt8) -> SRTPKey { .init(suite: 1, key: [first, 10], salt: [255]) }
        secure.security = LegSecurity(keyID: 1, receive: key(1), send: key(2))
        var plan = PlanFile()
        plan.add(MediaIntent(a: self.leg(20_000, 10_000), b: secure))
        #expect(plan.text.hasSuffix(" 198.51.100.1:20002 1 010aff 020aff\n"))
    }

    @Test func aPlanThatCannotBeWrittenIsRefused() throws {
        let refusal = try #require(throws: Refusal.self) {
            try PlanFile().write(to: "/proc/none/plan")
        }
        #expect(refusal.code == .unavailable)
        #expect(refusal.text.contains("/proc/none/plan"))
    }

    @Test func percentilesAreMeasuredValues() {
        let thousand = Percentiles((1...1000).reversed().map { UInt64($0) * 1000 })
        #expect(thousand.ns(perMille: 500) == 500_000)
        #expect(thousand.ns(perMille: 990) == 990_000)
        #expect(thousand.ns(perMille: 999) == 999_000)
        #expect(thousand.ns(perMille: 1000) == 1_000_000)
        #expect(Percentiles([7]).ns(perMille: 1) == 7)
        #expect(Percentiles([]).ns(perMille: 500) == 0)
        #expect(
            Percentiles([1500, 2500]).jsonUs
                == "{\"count\":2,\"p50\":1.5,\"p99\":2.5,\"p99_9\":2.5,\"max\":2.5}")
    }
}
