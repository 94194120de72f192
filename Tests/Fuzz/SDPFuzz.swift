// SPDX-License-Identifier: Apache-2.0

// Entry of libFuzzer for SDP: reading, writing, and both legs of offer/answer; README.md says how
// to build it. It is compiled into one module with Sources/SDP.
//
// An input is up to four descriptions, ended by a zero byte each (a NUL has no place in SDP): the
// caller's offer, the callee's answer, and then an offer of the callee and its answer.

import NetworkAddress

private let ourA = SocketAddress(address: IPAddress(ipv4: 0xc633_6401), port: 20000)
private let ourB = SocketAddress(address: IPAddress(ipv4: 0xcb00_7101), port: 30000)

/// One input: what is read must survive being written, and what is negotiated must hold.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzSDP(_ data: UnsafePointer<UInt8>, _ size: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: data, count: size))
    let parts = bytes.split(separator: 0, maxSplits: 3, omittingEmptySubsequences: false)
    let sessions = parts.map(read)
    var a = leg(1, size)
    var b = leg(2, size / 4)
    exchange(sessions.first ?? nil, sessions.dropFirst().first ?? nil, &a, ourA, &b, ourB)
    exchange(
        sessions.dropFirst(2).first ?? nil, sessions.dropFirst(3).first ?? nil, &b, ourB, &a, ourA)
    return 0
}

/// A leg under one of four policies, which the input chooses by its length.
private func leg(_ sessionID: UInt64, _ number: Int) -> OfferAnswerLeg {
    let policies = [
        MediaSecurityPolicy(rtcpMux: .offer), MediaSecurityPolicy(srtp: .preferred, ice: .lite),
        MediaSecurityPolicy(srtp: .required, ice: .lite), .plain,
    ]
    let policy = policies[number % 4]
    return OfferAnswerLeg(sessionID: sessionID, policy: policy, secrets: secrets(policy, sessionID))
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

/// One offer by the party of `from`, with the answer of the party of `to`.
private func exchange(
    _ offer: SessionDescription?, _ answer: SessionDescription?, _ from: inout OfferAnswerLeg,
    _ fromAddress: SocketAddress, _ to: inout OfferAnswerLeg, _ toAddress: SocketAddress
) {
    guard let offer, let answer else { return }
    do throws(OfferAnswerError) {
        let received = try from.receiveOffer(offer)
        if let fresh = secrets(from.policy, from.sessionID &+ 3) { from.provide(fresh) }
        same(try to.makeOffer(from: received.stream, local: toAddress))
        let stream = try to.receiveAnswer(answer)
        let made = try from.makeAnswer(from: stream, local: fromAddress)
        same(made)
        precondition(made.media.count == offer.media.count)
        check(RelayPlan(a: from, b: to))
    } catch {
        from.abandonOffer()
        to.abandonOffer()
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
