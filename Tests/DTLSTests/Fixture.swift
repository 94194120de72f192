// SPDX-License-Identifier: Apache-2.0

import Glibc
import TestSupport

@testable import DTLS

/// Milliseconds of a clock that never goes back.
func monotonicMs() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1000 + UInt64(time.tv_nsec) / 1_000_000
}

extension SeededGenerator {
    mutating func happens(_ percent: Int) -> Bool {
        Int.random(in: 0..<100, using: &self) < percent
    }
}

extension DTLSLimits {
    /// Retransmits soon, since OpenSSL's timer runs by the machine's clock, yet gives a busy
    /// machine two seconds.
    static var quick: Self {
        var limits = Self()
        limits.firstTimeoutMs = 20
        limits.longestTimeoutMs = 200
        limits.retransmissions = 12
        return limits
    }
}

/// One side, and what it did.
final class Side {
    let association: DTLSAssociation
    var sent: [[UInt8]] = []
    var timer: UInt64?
    var keys: DTLSKeys?
    var failure: DTLSFailure?
    var isClosed = false
    var events = 0

    init(_ association: DTLSAssociation) { self.association = association }

    convenience init(
        _ role: DTLSRole, _ certificate: DTLSCertificate, expects: [DTLSFingerprint],
        _ profiles: [SRTPProfile] = SRTPProfile.preferred, _ limits: DTLSLimits = .quick
    ) throws {
        try self.init(
            DTLSAssociation(
                context: DTLSContext(certificate: certificate), role: role, profiles: profiles,
                fingerprints: expects, limits: limits))
    }

    func take(_ outcome: DTLSOutcome) {
        self.sent += outcome.datagrams
        self.timer = outcome.timer
        switch outcome.event {
        case .established(let keys): self.keys = keys
        case .failed(let failure): self.failure = failure
        case .closed: self.isClosed = true
        case nil: return
        }
        self.events += 1
    }

    func start() { self.take(self.association.start(now: monotonicMs())) }

    func receive(_ datagram: [UInt8]) {
        self.take(self.association.receive(datagram, now: monotonicMs()))
    }

    func takeSent() -> [[UInt8]] {
        defer { self.sent = [] }
        return self.sent
    }
}

/// Two associations and a network that loses, doubles and reorders, in percent.
final class World {
    let client: Side
    let server: Side
    var dice = SeededGenerator(seed: 1)
    var loss = 0
    var doubling = 0
    var reordering = 0
    /// The longest datagram that was sent.
    var longest = 0
    /// Sees what is carried, before it is.
    var onCarry: ((Side, [UInt8]) -> Void)?

    init(client: Side, server: Side) {
        self.client = client
        self.server = server
    }

    /// Both with certificates that they were told of.
    convenience init(
        _ clientProfiles: [SRTPProfile] = SRTPProfile.preferred,
        _ serverProfiles: [SRTPProfile] = SRTPProfile.preferred, limits: DTLSLimits = .quick
    ) throws {
        let (one, other) = (try DTLSCertificate(), try DTLSCertificate())
        try self.init(
            client: Side(.client, one, expects: [other.fingerprint], clientProfiles, limits),
            server: Side(.server, other, expects: [one.fingerprint], serverProfiles, limits))
    }

    /// Until both have an event, nothing moves any more, or ten seconds are over.
    func run() {
        let end = monotonicMs() + 10_000
        self.client.start()
        while monotonicMs() < end, self.client.events == 0 || self.server.events == 0 {
            if self.carry() { continue }
            guard let wait = [self.client.timer, self.server.timer].compactMap(\.self).min()
            else { return }
            usleep(UInt32(min(wait, 50)) * 1000)
            for side in [self.client, self.server] where side.timer != nil {
                side.take(side.association.timeout(now: monotonicMs()))
            }
        }
        // What the last one said.
        while self.carry() {}
    }

    /// One turn in both directions; false where nothing was sent.
    func carry() -> Bool {
        let fromClient = self.client.takeSent()
        let fromServer = self.server.takeSent()
        self.carry(fromClient, to: self.server)
        self.carry(fromServer, to: self.client)
        return !fromClient.isEmpty || !fromServer.isEmpty
    }

    private func carry(_ datagrams: [[UInt8]], to side: Side) {
        var arriving: [[UInt8]] = []
        for datagram in datagrams {
            self.longest = max(self.longest, datagram.count)
            if self.dice.happens(self.loss) { continue }
            arriving.append(datagram)
            if self.dice.happens(self.doubling) { arriving.append(datagram) }
        }
        if self.dice.happens(self.reordering) { arriving.shuffle(using: &self.dice) }
        for datagram in arriving {
            self.onCarry?(side, datagram)
            side.receive(datagram)
        }
    }

    /// The same keys, each side's for its own direction.
    var agrees: Bool {
        guard let one = self.client.keys, let other = self.server.keys else { return false }
        return one.profile == other.profile && one.send.key == other.receive.key
            && one.send.salt == other.receive.salt && one.receive.key == other.send.key
            && one.receive.salt == other.send.salt && one.send.key != one.receive.key
            && one.send.key.count == one.profile.keyBytes
            && one.send.salt.count == one.profile.saltBytes
    }
}
