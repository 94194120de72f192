// SPDX-License-Identifier: Apache-2.0

public import CallControl
import FlowABI
import FlowProgramming
import NetworkAddress
public import SDP

/// Calls as signalling would have left them: G.711 in both directions, our ports from the product's
/// pool, party A in the first realm and B in the second (or in the first, where there is one).
public final class CallSet {
    /// How a call's streams are limited.
    public enum Budgets: Sendable {
        /// As a call's: twice what the codec sends.
        case codec
        /// As wide as a flow's can be, 1,000,000 packets and 1,000,000,000 bits a second.
        case open
    }

    let driver: SessionDriver
    private let budgets: Budgets
    /// Of B's legs; nil: they are plain, as A's are.
    private let suite: SRTPSuite?
    private let convertsDigits: Bool
    private var keySets: UInt64 = 0
    private var partiesA: PartyAddresses
    /// Nil where A's addresses serve both.
    private var partiesB: PartyAddresses?

    /// With parties at these addresses; B's speak SRTP where a suite is given. Where digits are
    /// converted, tones in A's audio become telephone-events for B, and B's events tones for A.
    public init(
        _ driver: SessionDriver, a: PartyAddresses, b: PartyAddresses?, budgets: Budgets,
        suite: SRTPSuite? = nil, convertsDigits: Bool = false
    ) {
        self.driver = driver
        self.partiesA = a
        self.partiesB = b
        self.budgets = budgets
        self.suite = suite
        self.convertsDigits = convertsDigits
    }

    /// Reserves our ports for a call whose parties are the next ones. Throws a `Refusal` when
    /// ports of either side have run out; nil while the fast path is away.
    public func reserve() throws(Refusal) -> MediaIntent? {
        let ports = self.driver.programmer.ports
        guard ports.isOpen, let fastPath = self.driver.programmer.fastPath else { return nil }
        var (nextA, nextB) = (self.partiesA, self.partiesB)
        let partyA = nextA.next()
        let partyB = nextB == nil ? nextA.next() : nextB?.next()
        guard let partyA, let partyB else {
            throw Refusal(
                .usage, "the parties have no ports left: an address has "
                    + "\(PartyAddresses.portsOfAddress), name more of them")
        }
        let second = RealmIndex(fastPath.geometry.realms > 1 ? 1 : 0)
        guard
            let local = ports.reserve(
                PortWish(RealmIndex(0), isIPv4: partyA.address.isIPv4),
                PortWish(second, isIPv4: partyB.address.isIPv4))
        else {
            throw Refusal(
                .unavailable, "the realms of the fast path have no ports left: "
                    + "\(ports.counters.reserved) are in use, and a used one rests for 10 s")
        }
        (self.partiesA, self.partiesB) = (nextA, nextB)
        var intent = MediaIntent(a: .init(local: local.a), b: .init(local: local.b))
        intent.a.remote = partyA
        intent.b.remote = partyB
        self.describe(&intent.a)
        self.describe(&intent.b)
        if let suite = self.suite { self.secure(&intent.b, suite) }
        if self.convertsDigits { Self.convertDigits(&intent) }
        return intent
    }

    private static func convertDigits(_ intent: inout MediaIntent) {
        let tones = DigitFormats.Audio(type: 0, codec: .pcmu)
        let events = DigitFormats.Events(type: 101, clockRate: 8000)
        intent.a.dtmf = LegDigits(
            intake: [.tones, .take, .passOn], sending: .tones(tones), audioTypes: [tones])
        intent.b.dtmf = LegDigits(
            intake: [.events, .take, .passOn], sending: .events(events), eventTypes: [events])
    }

    private func secure(_ leg: inout MediaIntent.Leg, _ suite: SRTPSuite) {
        self.keySets += 1
        leg.isSecure = true
        leg.security = LegSecurity(
            keyID: self.keySets, receive: Self.randomKey(suite), send: Self.randomKey(suite))
    }

    private static func randomKey(_ suite: SRTPSuite) -> SRTPKey {
        func bytes(_ count: Int) -> [UInt8] {
            (0..<count).map { _ in UInt8.random(in: .min ... .max) }
        }
        return SRTPKey(
            suite: suite.rawValue, key: bytes(suite.keyBytes), salt: bytes(suite.saltBytes))
    }

    private func describe(_ leg: inout MediaIntent.Leg) {
        leg.receive = true
        leg.send = true
        leg.payloadTypes = [.init(ingress: 0, egress: 0)]
        if self.budgets == .open {
            // A flow's budget is twice what is expected.
            leg.packetsPerSecond = 500_000
            leg.bitsPerSecond = 500_000_000
        }
    }
}
