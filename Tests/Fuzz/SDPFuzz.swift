// SPDX-License-Identifier: Apache-2.0

// Entry of libFuzzer for SDP: reading, writing, and both legs of offer/answer; README.md says how
// to build it. It is compiled into one module with Sources/SDP.
//
// An input is up to four descriptions, ended by a zero byte each (a NUL has no place in SDP): the
// caller's offer, the callee's answer, and then an offer of the callee and its answer. What stands
// behind the fourth zero are steps, an octet each, that the two legs go through in place of these
// two exchanges, with the descriptions by turns.

import NetworkAddress

private let ours = [
    SocketAddress(address: IPAddress(ipv4: 0xc633_6401), port: 20000),
    SocketAddress(address: IPAddress(ipv4: 0xcb00_7101), port: 30000),
]

/// One input: what is read must survive being written, and what is negotiated must hold.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzSDP(_ data: UnsafePointer<UInt8>, _ size: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: data, count: size))
    let parts = bytes.split(separator: 0, maxSplits: 4, omittingEmptySubsequences: false)
    let sessions = parts.prefix(4).map(read)
    guard parts.count == 5, let first = parts[4].first else {
        var legs = [leg(1, size), leg(2, size / 4)]
        exchange(sessions.first ?? nil, sessions.dropFirst().first ?? nil, 0, &legs)
        exchange(
            sessions.dropFirst(2).first ?? nil, sessions.dropFirst(3).first ?? nil, 1, &legs)
        return 0
    }
    var course = Course(sessions, Int(first))
    for step in parts[4].dropFirst().prefix(32) { course.take(step) }
    return 0
}

/// Two legs of a call, and descriptions of their parties by turns.
private struct Course {
    private let sessions: [SessionDescription?]
    private var next = 0
    private var serial = 0
    private var legs: [OfferAnswerLeg]

    init(_ sessions: [SessionDescription?], _ choice: Int) {
        self.sessions = sessions
        self.legs = [leg(1, choice), leg(2, choice / 8)]
        self.legs[0].descriptions = descriptions(choice / 64)
        self.legs[1].descriptions = descriptions(choice / 32)
    }

    private mutating func session() -> SessionDescription? {
        defer { self.next += 1 }
        return self.sessions[self.next % self.sessions.count]
    }

    mutating func take(_ step: UInt8) {
        let side = Int(step & 1)
        let other = 1 - side
        self.serial += 1
        switch step >> 1 & 15 {
        case 0: exchange(self.session(), self.session(), side, &self.legs)
        case 1: self.legs[side].renewKeys()
        case 2: self.offer(side) { legs throws(OfferAnswerError) in try legs[side].repeatOffer() }
        case 3: self.legs[side].abandonOffer()
        case 4: self.refuse(side)
        case 5:
            self.offer(side) { legs throws(OfferAnswerError) in
                let stream = legs[other].remote ?? AudioStream(formats: [])
                return try legs[side].makeOffer(from: stream, local: ours[side])
            }
        case 6: self.restore(side)
        case 7: self.provide(side)
        case 8: self.legs[side].keepVersion(of: self.legs[other])
        case 9: self.compare(side)
        case 10: self.legs.swapAt(0, 1)
        case 11: self.answerLate(side)
        default: check(RelayPlan(a: self.legs[0], b: self.legs[1]))
        }
    }

    private mutating func provide(_ side: Int) {
        let seed = self.legs[side].sessionID &+ UInt64(self.serial)
        if let fresh = secrets(self.legs[side].policy, seed) { self.legs[side].provide(fresh) }
    }

    /// An offer of ours, and what the party says to it.
    private mutating func offer(
        _ side: Int, _ make: (inout [OfferAnswerLeg]) throws(OfferAnswerError) -> SessionDescription
    ) {
        self.provide(side)
        do throws(OfferAnswerError) {
            same(try make(&self.legs))
            guard let answer = self.session() else { return }
            _ = try self.legs[side].receiveAnswer(answer)
        } catch {
            _ = (error.text, error.warningCode)
            self.legs[side].abandonOffer()
        }
    }

    private mutating func refuse(_ side: Int) {
        guard let offer = self.session(), (try? self.legs[side].receiveOffer(offer)) != nil,
            let refusal = try? self.legs[side].makeRefusal(local: ours[side])
        else { return self.legs[side].abandonOffer() }
        same(refusal)
        precondition(refusal.media.allSatisfy { $0.port == 0 })
    }

    /// An offer whose answer is what was agreed with the other party before.
    private mutating func answerLate(_ side: Int) {
        guard let offer = self.session(), (try? self.legs[side].receiveOffer(offer)) != nil,
            let stream = self.legs[1 - side].remote
        else { return }
        self.provide(side)
        if let answer = try? self.legs[side].makeAnswer(from: stream, local: ours[side]) {
            same(answer)
        } else {
            self.legs[side].abandonOffer()
        }
    }

    /// What a checkpoint keeps makes the same leg.
    private mutating func restore(_ side: Int) {
        let snapshot = self.legs[side].snapshot
        guard
            let restored = OfferAnswerLeg(
                snapshot, codecs: self.legs[side].codecs, policy: self.legs[side].policy)
        else { preconditionFailure("a leg that cannot be restored") }
        precondition(restored.snapshot == snapshot)
        let descriptions = self.legs[side].descriptions
        self.legs[side] = restored
        self.legs[side].descriptions = descriptions
    }

    private func compare(_ side: Int) {
        let (own, far) = (self.legs[side], self.legs[1 - side])
        precondition(own.agrees(with: far) == far.agrees(with: own))
        _ = (own.isHeard(by: far), own.expectsHandshake, own.fingerprint, own.localICE)
        if let stream = far.remote { _ = own.isInLine(with: stream) }
    }
}

/// A leg under one of eight policies.
private func leg(_ sessionID: UInt64, _ number: Int) -> OfferAnswerLeg {
    var only = MediaSecurityPolicy(srtp: .required, ice: .lite)
    only.keying = [.dtls]
    var first = MediaSecurityPolicy(srtp: .preferred, ice: .off)
    first.keying = [.dtls, .sdes]
    first.allowsSHA1Fingerprint = true
    var old = MediaSecurityPolicy(srtp: .required, ice: .off)
    old.keying = [.sdes]
    old.suites = old.suites.reversed()
    old.allowsUnencryptedSRTCP = true
    let policies = [
        MediaSecurityPolicy(rtcpMux: .offer), MediaSecurityPolicy(srtp: .preferred, ice: .lite),
        MediaSecurityPolicy(srtp: .required, ice: .lite), .plain,
        only, first, old, MediaSecurityPolicy(ice: .lite, rtcpMux: .off),
    ]
    let policy = policies[number % policies.count]
    return OfferAnswerLeg(sessionID: sessionID, policy: policy, secrets: secrets(policy, sessionID))
}

private func descriptions(_ number: Int) -> DescriptionPolicy {
    var policy = DescriptionPolicy()
    let holds = DescriptionPolicy.Hold.allCases
    let orders = DescriptionPolicy.CodecOrder.allCases
    let answers = DescriptionPolicy.AnswerCodecs.allCases
    policy.hold = holds[number % holds.count]
    policy.order = orders[number / 2 % orders.count]
    policy.answer = answers[number / 4 % answers.count]
    policy.ptimeMilliseconds = number % 3 == 0 ? nil : 20
    return policy
}

private func secrets(_ policy: MediaSecurityPolicy, _ seed: UInt64) -> LegSecrets? {
    let count = LegSecrets.randomBytes(for: policy)
    return LegSecrets(
        random: (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ Int(seed)) }, policy: policy,
        fingerprint: Fingerprint(hash: .sha256, digest: Array(repeating: 7, count: 32)))
}

/// What is read must survive being written; an error must lie inside the bytes.
private func read(_ bytes: ArraySlice<UInt8>) -> SessionDescription? {
    do {
        let session = try SessionDescription.parse(bytes)
        same(session)
        for media in session.media {
            _ = (media.rtpFormats, media.rtcp, media.connection(in: session)?.host)
        }
        return session
    } catch {
        precondition((0...bytes.count).contains(error.offset))
        return nil
    }
}

private func same(_ session: SessionDescription) {
    precondition((try? SessionDescription.parse(session.serialise())) == session)
}

/// One offer by the party of a leg, with the answer of the other one's.
private func exchange(
    _ offer: SessionDescription?, _ answer: SessionDescription?, _ from: Int,
    _ legs: inout [OfferAnswerLeg]
) {
    guard let offer, let answer else { return }
    let to = 1 - from
    do throws(OfferAnswerError) {
        let received = try legs[from].receiveOffer(offer)
        for side in [from, to] {
            let seed = legs[side].sessionID &+ 3
            if let fresh = secrets(legs[side].policy, seed) { legs[side].provide(fresh) }
        }
        same(try legs[to].makeOffer(from: received.stream, local: ours[to]))
        let stream = try legs[to].receiveAnswer(answer)
        let made = try legs[from].makeAnswer(from: stream, local: ours[from])
        same(made)
        precondition(made.media.count == offer.media.count)
        check(RelayPlan(a: legs[from], b: legs[to]))
    } catch {
        _ = (error.text, error.warningCode)
        legs[from].abandonOffer()
        legs[to].abandonOffer()
    }
}

private func check(_ plan: RelayPlan?) {
    guard let plan else { return }
    for leg in [plan.a, plan.b] {
        precondition(leg.payloadTypes.count <= AudioStream.formatLimit)
        precondition(Set(leg.payloadTypes.map(\.ingress)).count == leg.payloadTypes.count)
        precondition(leg.payloadTypes.allSatisfy { $0.ingress < 128 && $0.egress < 128 })
        precondition((50...1000).contains(leg.packetsPerSecond))
        precondition((1...1_000_000_000).contains(leg.bitsPerSecond))
        precondition((1...192_000).contains(leg.clockRate))
    }
}
