// SPDX-License-Identifier: Apache-2.0

public import NetworkAddress

/// What both legs agreed, as the relay needs it: the source for `MediaIntent`.
public struct RelayPlan: Sendable, Hashable {
    /// A payload type as one party sends it and as the other wants it.
    public struct PayloadType: Sendable, Hashable {
        /// As it arrives, 0 to 127.
        public var ingress: UInt8
        /// As it leaves on the other leg, 0 to 127.
        public var egress: UInt8
        /// From its parts.
        public init(ingress: UInt8, egress: UInt8) {
            self.ingress = ingress
            self.egress = egress
        }
    }

    /// One party's side.
    public struct Leg: Sendable, Hashable {
        /// Where the party receives RTP; nil if it never said.
        public var remote: SocketAddress?
        /// Where it receives RTCP, if neither on the next port nor by rtcp-mux.
        public var remoteRTCPPort: UInt16?
        /// RTCP shares the RTP port, both ways.
        public var rtcpMux: Bool
        /// The party may send to us.
        public var receive: Bool
        /// We may send to the party.
        public var send: Bool
        /// What the party may send, at most 16 and each `ingress` once.
        public var payloadTypes: [PayloadType]
        /// RTP clock of the preferred codec, Hz.
        public var clockRate: UInt32
        /// Packets a second that the party is expected to send at most, 50 to 1000.
        public var packetsPerSecond: UInt32
        /// RTP bits a second (header included) that the party is expected to send at most.
        public var bitsPerSecond: UInt32
        /// How the media of both directions is protected.
        public var security: AgreedSecurity
        /// ICE, where both sides speak it; media may then go without `remote`.
        public var ice: ICE?
    }

    /// ICE of one leg.
    public struct ICE: Sendable, Hashable {
        /// Ours.
        public var local: ICECredentials
        /// The party's.
        public var remote: ICECredentials
        /// The party is lite too: no checks come, media goes to `remote` of the leg.
        public var remoteIsLite: Bool
        /// Media of the first source whose SRTP authenticates is taken before a nomination.
        public var earlyLatch: Bool
    }

    /// The caller's leg.
    public var a: Leg
    /// The callee's leg.
    public var b: Leg

    /// From two legs; nil until both have an agreement.
    public init?(a: OfferAnswerLeg, b: OfferAnswerLeg) {
        guard let localA = a.local, let remoteA = a.remote, let localB = b.local,
            let remoteB = b.remote
        else { return nil }
        self.a = Self.leg(localA, remoteA, other: (localB, remoteB), a)
        self.b = Self.leg(localB, remoteB, other: (localA, remoteA), b)
    }

    private static func leg(
        _ local: OfferAnswerLeg.Local, _ remote: AudioStream,
        other: (local: OfferAnswerLeg.Local, remote: AudioStream), _ leg: OfferAnswerLeg
    ) -> Leg {
        let direction = remote.direction.intersection(local.direction.reversed)
        let agreed = local.formats.filter { format in
            remote.formats.contains { $0.carries(format) }
        }
        let mux = local.rtcpMux && remote.rtcpMux
        let budget = AudioBudget(agreed, [local.ptimeMicroseconds, remote.ptimeMicroseconds])
        let ice = self.ice(leg)
        return Leg(
            remote: remote.address.map { SocketAddress(address: $0, port: remote.port) },
            remoteRTCPPort: mux ? nil : remote.rtcpPort, rtcpMux: mux,
            receive: direction.sends,
            send: direction.receives && (remote.address != nil || ice != nil),
            payloadTypes: self.mapping(local, remote, other),
            clockRate: (agreed.first { !$0.isAuxiliary } ?? agreed.first)?.clockRate ?? 8000,
            packetsPerSecond: budget.packetsPerSecond, bitsPerSecond: budget.bitsPerSecond,
            security: leg.agreedSecurity, ice: ice)
    }

    private static func ice(_ leg: OfferAnswerLeg) -> ICE? {
        guard let local = leg.local?.ice, let remote = leg.remote?.ice else { return nil }
        return ICE(
            local: local.credentials, remote: remote.credentials, remoteIsLite: remote.isLite,
            earlyLatch: leg.policy.earlyLatch)
    }

    /// Payload types from one party to the other. The party sends with the numbers that we gave it;
    /// where its own description has another number for the same format, that one is understood
    /// too if it is free, since implementations exist that send with their own.
    private static func mapping(
        _ local: OfferAnswerLeg.Local, _ remote: AudioStream,
        _ other: (local: OfferAnswerLeg.Local, remote: AudioStream)
    ) -> [PayloadType] {
        var result: [PayloadType] = []
        func add(_ ingress: UInt8, _ egress: UInt8) {
            guard result.count < AudioStream.formatLimit,
                !result.contains(where: { $0.ingress == ingress })
            else { return }
            result.append(PayloadType(ingress: ingress, egress: egress))
        }
        var own: [(UInt8, UInt8)] = []
        for format in local.formats {
            guard let theirs = Self.match(format, in: remote.formats),
                Self.match(format, in: other.local.formats) != nil,
                let egress = Self.match(format, in: other.remote.formats)
            else { continue }
            add(format.payloadType, egress.payloadType)
            own.append((theirs.payloadType, egress.payloadType))
        }
        for (ingress, egress) in own
        where !local.formats.contains(where: {
            $0.payloadType == ingress
        }) {
            add(ingress, egress)
        }
        return result
    }

    /// The same format in another list: with the same parameters if possible, else the first.
    private static func match(_ format: RTPFormat, in list: [RTPFormat]) -> RTPFormat? {
        list.first { format.carries($0) && $0.parameters == format.parameters }
            ?? list.first(where: format.carries)
    }
}
