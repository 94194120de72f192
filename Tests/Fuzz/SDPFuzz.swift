// SPDX-License-Identifier: Apache-2.0

// Entry of libFuzzer for SDP: reading, writing, and both legs of offer/answer; README.md says how
// to build it. It is compiled into one module with Sources/SDP and SDPValueFuzz.swift, which looks
// at the values of a description.
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
    #if COST
        // What a call does with an offer and its answer.
        var pair = [leg(1, size), leg(2, size / 4)]
        let both = parts.prefix(2).map { try? SessionDescription.parse(Array($0)) }
        exchange(both.first ?? nil, both.dropFirst().first ?? nil, 0, &pair)
        return 0
    #else
        return check(parts, size)
    #endif
}

private func check(_ parts: [ArraySlice<UInt8>], _ size: Int) -> CInt {
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
    /// What went out last, by session and version of our o= line.
    private var said: [UInt64: [UInt64: [UInt8]]] = [:]

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
        case 8: self.fork(side)
        case 9: self.compare(side)
        case 10: self.legs.swapAt(0, 1)
        case 11: self.answerLate(side)
        case 12: self.outOfTurn(side)
        case 13:
            self.offer(side) { legs throws(OfferAnswerError) in
                let stream = AudioStream(formats: legs[side].codecs.ownFormats)
                return try legs[side].makeOffer(from: stream, local: ours[side])
            }
        case 14: self.offerBare(side)
        default: check(RelayPlan(a: self.legs[0], b: self.legs[1]))
        }
        self.legs.forEach { self.checkVersion($0) }
    }

    /// One version says one thing (RFC 3264 section 8), also where it is rendered again.
    private mutating func checkVersion(_ leg: OfferAnswerLeg) {
        guard let text = leg.lastSent else { return }
        let before = self.said[leg.sessionID]?[leg.version]
        precondition(before == nil || before == text)
        self.said[leg.sessionID, default: [:]][leg.version] = text
    }

    private mutating func provide(_ side: Int) {
        let seed = self.legs[side].sessionID &+ UInt64(self.serial)
        let policy = self.legs[side].policy
        guard let fresh = secrets(policy, seed) else { preconditionFailure("no secrets") }
        self.legs[side].provide(fresh)
        precondition(!self.legs[side].needsSecrets)
        let zeros = [UInt8](repeating: 0, count: LegSecrets.randomBytes(for: policy))
        precondition(LegSecrets(random: zeros, policy: policy, fingerprint: nil) == nil)
        precondition(
            LegSecrets(random: zeros.dropLast(), policy: policy, fingerprint: nil) == nil)
    }

    /// What a copy of the leg said counts for it, and what another one said does not.
    private mutating func fork(_ side: Int) {
        var copy = self.legs[side]
        let stream = self.legs[1 - side].remote ?? AudioStream(formats: [])
        if let offer = try? copy.makeOffer(from: stream, local: ours[side]) { same(offer) }
        self.legs[side].keepVersion(of: copy)
        precondition(self.legs[side].snapshot.version == copy.snapshot.version)
        self.legs[side].keepVersion(of: self.legs[1 - side])
        precondition(self.legs[side].snapshot.version == copy.snapshot.version)
    }

    /// Who is not asked gives no answer, and who waits for one makes no offer.
    private mutating func outOfTurn(_ side: Int) {
        guard let session = self.session() else { return }
        let stream = self.legs[1 - side].remote ?? AudioStream(formats: [])
        if self.legs[side].phase == .offerReceived { self.legs[side].abandonOffer() }
        _ = try? self.legs[side].attempt { leg throws(OfferAnswerError) in
            try leg.receiveAnswer(session)
        }
        self.legs[side].isNotUp { leg throws(OfferAnswerError) in
            try leg.makeAnswer(from: stream, local: ours[side])
        }
        self.legs[side].isNotUp { leg throws(OfferAnswerError) in
            try leg.makeRefusal(local: ours[side])
        }
        let offer = try? self.legs[side].attempt { leg throws(OfferAnswerError) in
            try leg.receiveOffer(session)
        }
        guard offer != nil else { return }
        self.legs[side].isNotUp { leg throws(OfferAnswerError) in try leg.receiveAnswer(session) }
        self.legs[side].isNotUp { leg throws(OfferAnswerError) in try leg.receiveOffer(session) }
        self.legs[side].isNotUp { leg throws(OfferAnswerError) in
            try leg.makeOffer(from: stream, local: ours[side])
        }
        self.legs[side].abandonOffer()
    }

    /// Without the secrets that it needs a leg offers and answers nothing.
    private mutating func offerBare(_ side: Int) {
        let needed = self.legs[side].needsSecrets
        let stream = self.legs[1 - side].remote ?? AudioStream(formats: [])
        let made = try? self.legs[side].attempt { leg throws(OfferAnswerError) in
            try leg.makeOffer(from: stream, local: ours[side])
        }
        precondition(made == nil || !needed)
        self.legs[side].abandonOffer()
        guard let offer = self.session(), (try? self.legs[side].receiveOffer(offer)) != nil else {
            return
        }
        let asked = self.legs[side].needsSecrets
        let answer = try? self.legs[side].attempt { leg throws(OfferAnswerError) in
            try leg.makeAnswer(from: stream, local: ours[side])
        }
        precondition(answer == nil || !asked)
        if answer == nil { self.legs[side].abandonOffer() }
    }

    /// An offer of ours, and what the party says to it.
    private mutating func offer(
        _ side: Int, _ make: (inout [OfferAnswerLeg]) throws(OfferAnswerError) -> SessionDescription
    ) {
        self.provide(side)
        do throws(OfferAnswerError) {
            same(try make(&self.legs))
            guard let answer = self.session() else { return }
            _ = try self.legs[side].attempt { leg throws(OfferAnswerError) in
                try leg.receiveAnswer(answer)
            }
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
        // The policy may be another one by then.
        precondition(OfferAnswerLeg(snapshot, codecs: .all)?.snapshot == snapshot)
        var broken = snapshot
        broken.pendingLocal = nil
        broken.pendingOffer = nil
        let isOpen = snapshot.phase != .stable
        precondition((OfferAnswerLeg(broken, codecs: .all) == nil) == isOpen)
        broken = snapshot
        broken.local?.address = nil
        precondition((OfferAnswerLeg(broken, codecs: .all) == nil) == (snapshot.local != nil))
        let descriptions = self.legs[side].descriptions
        self.legs[side] = restored
        self.legs[side].descriptions = descriptions
    }

    private func compare(_ side: Int) {
        let (own, far) = (self.legs[side], self.legs[1 - side])
        precondition(own.agrees(with: far) == far.agrees(with: own))
        _ = (own.isHeard(by: far), own.expectsHandshake, own.fingerprint, own.localICE)
        precondition(own.remoteICE == nil || own.local?.ice != nil)
        if let stream = far.remote { _ = own.isInLine(with: stream) }
    }
}

extension OfferAnswerLeg {
    /// A call that throws changes nothing.
    fileprivate mutating func attempt<Made>(
        _ call: (inout OfferAnswerLeg) throws(OfferAnswerError) -> Made
    ) throws(OfferAnswerError) -> Made {
        let before = self
        do throws(OfferAnswerError) {
            return try call(&self)
        } catch {
            precondition(self == before)
            throw error
        }
    }

    /// The call is out of turn.
    fileprivate mutating func isNotUp<Made>(
        _ call: (inout OfferAnswerLeg) throws(OfferAnswerError) -> Made
    ) {
        do throws(OfferAnswerError) {
            _ = try self.attempt(call)
            preconditionFailure("a call out of turn")
        } catch {
            precondition(error == .outOfTurn)
        }
    }
}

/// What a trunk may list; every second leg has no list.
private let lists = [
    CodecFilter.all, CodecFilter(names: ["PCMA", "G722", "telephone-event", "CN"]),
    CodecFilter.all, CodecFilter(names: ["opus/48000/2", "X-own", "PCMU/8000/1"]),
]

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
    return OfferAnswerLeg(
        sessionID: sessionID, codecs: lists[number / 64 % lists.count] ?? .all, policy: policy,
        secrets: number & 8 == 0 ? secrets(policy, sessionID) : nil)
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
        fingerprint: seed % 8 == 7
            ? nil : Fingerprint(hash: .sha256, digest: Array(repeating: 7, count: 32)))
}

/// What is read must survive being written; an error must lie inside the bytes.
private func read(_ bytes: ArraySlice<UInt8>) -> SessionDescription? {
    do {
        let session = try SessionDescription.parse(bytes)
        same(session)
        checkValues(session)
        return session
    } catch {
        precondition((0...bytes.count).contains(error.offset))
        precondition(error.description.hasPrefix(error.code.rawValue))
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
        let received = try legs[from].attempt { leg throws(OfferAnswerError) in
            try leg.receiveOffer(offer)
        }
        for side in [from, to] {
            let seed = legs[side].sessionID &+ 3
            if let fresh = secrets(legs[side].policy, seed) { legs[side].provide(fresh) }
        }
        same(try legs[to].makeOffer(from: received.stream, local: ours[to]))
        let stream = try legs[to].attempt { leg throws(OfferAnswerError) in
            try leg.receiveAnswer(answer)
        }
        let made = try legs[from].makeAnswer(from: stream, local: ours[from])
        same(made)
        precondition(made.media.count == offer.media.count)
        for side in [from, to] {
            precondition(legs[side].remote?.fits(ours[side].address) == true)
        }
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
