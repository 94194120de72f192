// SPDX-License-Identifier: Apache-2.0

import CallControl
import FlowABI
import MediaPlanning
import NetworkAddress
import Testing

/// A call between two parties with everything agreed.
struct Sample {
    static let a = LegIdentity(
        flow: FlowID(index: FlowIndex(1), generation: Generation(4)), ssrc: 0xaaaa,
        initialSequence: 100, initialTimestamp: 1000)
    static let b = LegIdentity(
        flow: FlowID(index: FlowIndex(2), generation: Generation(9)), ssrc: 0xbbbb,
        initialSequence: 200, initialTimestamp: 2000)

    static func leg(_ address: UInt16, _ port: UInt16, remote: String?) -> MediaIntent.Leg {
        let local = IPAddress(ipv4: 0xc612_0001 + UInt32(address))
        var leg = MediaIntent.Leg(
            local: MediaPort(
                addressIndex: address, rtp: SocketAddress(address: local, port: port)))
        leg.remote = remote.flatMap { IPAddress($0) }
            .map { SocketAddress(address: $0, port: 30_000) }
        leg.receive = true
        leg.send = true
        leg.payloadTypes = [.init(ingress: 0, egress: 8), .init(ingress: 101, egress: 96)]
        return leg
    }

    static var intent: MediaIntent {
        MediaIntent(
            a: self.leg(0, 20_000, remote: "198.51.100.1"),
            b: self.leg(1, 20_002, remote: "198.51.100.2"))
    }

    static func plan(
        _ intent: MediaIntent, a: LegIdentity = Sample.a, b: LegIdentity = Sample.b,
        settings: MediaSettings = MediaSettings()
    ) throws(MediaPlanError) -> MediaPlan {
        try MediaPlan(intent, a: a, b: b, settings: settings, dscp: (46, 34))
    }
}

@Suite struct MediaPlanTests {
    @Test func bothLegsNameEachOther() throws {
        let plan = try Sample.plan(Sample.intent)
        #expect(plan.a.flow == Sample.a.flow && plan.a.specification.peer == Sample.b.flow)
        #expect(plan.b.flow == Sample.b.flow && plan.b.specification.peer == Sample.a.flow)
    }

    @Test func everyFieldOfALeg() throws {
        var intent = Sample.intent
        intent.a.remoteRTCPPort = 30_011
        let settings = MediaSettings(timeoutMs: 30_000, rtcpIntervalMs: 4000, learnWindowMs: 700)
        let plan = try Sample.plan(intent, settings: settings)
        let a = plan.a.specification
        #expect(a.address == AddressIndex(0) && a.localPort == 20_000)
        #expect(a.remote == intent.a.remote && a.remoteRTCPPort == 30_011)
        #expect(a.flags == [.receive, .send, .rtcp])
        #expect(a.ssrc == 0xaaaa && a.initialSequence == 100 && a.initialTimestamp == 1000)
        #expect(a.dscp == 46 && plan.b.specification.dscp == 34)
        #expect(a.clockRateHz == 8000 && a.packetsPerSecond == 100 && a.bitsPerSecond == 192_000)
        #expect(a.mediaTimeoutMs == 30_000 && a.rtcpIntervalMs == 4000 && a.learnWindowMs == 0)
        #expect(a.payloadTypes == [.init(ingress: 0, egress: 8), .init(ingress: 101, egress: 96)])
        #expect(a.keyID == 0)
    }

    @Test func flagsFollowTheIntent() throws {
        for bits in 0..<16 {
            var intent = Sample.intent
            intent.b.receive = bits & 1 != 0
            intent.b.send = bits & 2 != 0
            intent.b.rtcpMux = bits & 4 != 0
            intent.b.learnSource = bits & 8 != 0
            let flags = try Sample.plan(intent).b.specification.flags
            #expect(flags.contains(.rtcp) && !flags.contains(.deliver))
            #expect(flags.contains(.receive) == intent.b.receive)
            #expect(flags.contains(.send) == intent.b.send)
            #expect(flags.contains(.rtcpMux) == intent.b.rtcpMux)
            #expect(flags.contains(.learn) == intent.b.learnSource)
            let specification = try Sample.plan(intent).b.specification
            #expect((specification.learnWindowMs > 0) == intent.b.learnSource)
            let isTwoWay = intent.b.receive && intent.b.send
            #expect((specification.mediaTimeoutMs > 0) == isTwoWay)
            // A party that hears nothing may say nothing: neither leg is watched on hold.
            let other = try Sample.plan(intent).a.specification
            #expect((other.mediaTimeoutMs > 0) == isTwoWay)
        }
    }

    /// What a shared port must tell apart is neither learned nor latched on to.
    @Test func aSharedPortIsSaidAndExcludesLearning() throws {
        var intent = Sample.intent
        intent.b.local = MediaPort(
            addressIndex: 1, rtp: intent.b.local.rtp, share: Sample.b.ssrc)
        intent.b.learnSource = true
        let plain = try Sample.plan(intent).b
        #expect(plain.specification.flags == [.receive, .send, .rtcp, .shared])
        #expect(plain.specification.learnWindowMs == 0 && plain.specification.ssrc == 0xbbbb)
        #expect(plain.closed.flags == .shared)
        intent.b.isSecure = true
        intent.b.ice = LegICE(
            localUfrag: Array(repeating: 0x41, count: 4),
            localPassword: Array(repeating: 0x42, count: 22), earlyLatch: true)
        let secure = try Sample.plan(intent).b
        #expect(secure.specification.flags == [.receive, .send, .rtcp, .srtp, .ice, .shared])
        // It is fixed for a flow's life, as the port is.
        #expect(plain.specification.canBecome(secure.specification))
        let alone = try Sample.plan(Sample.intent).b.specification
        #expect(!alone.canBecome(plain.specification) && !plain.specification.canBecome(alone))
    }

    @Test func rtcpMuxHasNoPortOfItsOwn() throws {
        var intent = Sample.intent
        intent.a.remoteRTCPPort = 30_011
        intent.a.rtcpMux = true
        #expect(try Sample.plan(intent).a.specification.remoteRTCPPort == 0)
    }

    @Test(arguments: [
        (0, 1), (1, 2), (50, 100), (499_999, 999_998), (500_000, 1_000_000),
        (500_001, 1_000_000), (UInt32.max, 1_000_000),
    ] as [(UInt32, UInt32)])
    func packetBudgetIsTwiceTheCodecs(expected: UInt32, budget: UInt32) throws {
        var intent = Sample.intent
        intent.a.packetsPerSecond = expected
        #expect(try Sample.plan(intent).a.specification.packetsPerSecond == budget)
    }

    @Test(arguments: [
        (0, 1), (96_000, 192_000), (500_000_000, 1_000_000_000), (UInt32.max, 1_000_000_000),
    ] as [(UInt32, UInt32)])
    func bitBudgetIsTwiceTheCodecs(expected: UInt32, budget: UInt32) throws {
        var intent = Sample.intent
        intent.a.bitsPerSecond = expected
        #expect(try Sample.plan(intent).a.specification.bitsPerSecond == budget)
    }

    @Test func settingsKeepTheirRanges() {
        let low = MediaSettings(timeoutMs: 1, rtcpIntervalMs: 0, learnWindowMs: 0)
        #expect(low.timeoutMs == 1000 && low.rtcpIntervalMs == 500 && low.learnWindowMs == 1)
        let high = MediaSettings(timeoutMs: .max, rtcpIntervalMs: .max, learnWindowMs: .max)
        #expect(
            high.timeoutMs == 3_600_000 && high.rtcpIntervalMs == 60_000
                && high.learnWindowMs == 60_000)
        #expect(MediaSettings(timeoutMs: 0).timeoutMs == 0)
    }

    @Test func unknownAndUnspecifiedRemotesAreNone() throws {
        var intent = Sample.intent
        intent.a.remote = nil
        intent.b.remote = SocketAddress(address: IPAddress(ipv4: 0), port: 4000)
        let plan = try Sample.plan(intent)
        #expect(plan.a.specification.remote == nil && plan.b.specification.remote == nil)
        #expect(plan.b.specification.remoteRTCPPort == 0)
    }

    @Test func whatCannotBeAFlow() throws {
        let six = try #require(IPAddress("2001:db8::1"))
        let multicast = try #require(IPAddress("224.0.0.1"))
        let port = Sample.intent.a.local
        let odd = MediaPort(
            addressIndex: 0, rtp: SocketAddress(address: port.rtp.address, port: 20_001))
        let cases: [(MediaPlanError, (inout MediaIntent.Leg) -> Void)] = [
            (.otherFamily, { $0.remote = SocketAddress(address: six, port: 4000) }),
            (.badRemote, { $0.remote = SocketAddress(address: multicast, port: 4000) }),
            (.badRemote, { $0.remote?.port = 0 }),
            (.oddPort(20_001), { $0.local = odd }),
            (.badClockRate(7999), { $0.clockRate = 7999 }),
            (.badClockRate(192_001), { $0.clockRate = 192_001 }),
            (.badPayloadType(128), { $0.payloadTypes.append(.init(ingress: 128, egress: 0)) }),
            (.badPayloadType(255), { $0.payloadTypes.append(.init(ingress: 1, egress: 255)) }),
            (.badPayloadType(0), { $0.payloadTypes.append(.init(ingress: 0, egress: 3)) }),
            (
                .tooManyPayloadTypes(17),
                { $0.payloadTypes = (0..<17).map { .init(ingress: $0, egress: $0) } }
            ),
        ]
        for (error, change) in cases {
            var first = Sample.intent
            change(&first.a)
            #expect(throws: error) { try Sample.plan(first) }
            var second = Sample.intent
            second.b = first.a
            #expect(throws: error) { try Sample.plan(second) }
        }
        var most = Sample.intent
        most.a.payloadTypes = (0..<16).map { .init(ingress: $0, egress: $0) }
        most.a.clockRate = 192_000
        #expect(try Sample.plan(most).a.specification.payloadTypes.count == 16)
    }
}
