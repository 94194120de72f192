// SPDX-License-Identifier: Apache-2.0

import CBareDTLS
import DTLS
import FlowABI
import SessionDriver

/// DTLS-SRTP handshakes a second and core: ours as the server, against OpenSSL without anything
/// around it, by the same client in the same thread, in windows by turns. Only what the server
/// takes counts: CPU time of the thread from making it to letting go of it, with the keys.
struct Handshakes {
    static let help = "usage: trunkline-sessions handshakes [--seconds S]    S 1 to 600 (10)"
    private static let windowHandshakes = 100

    /// What one of the two took.
    private struct Figures {
        var count: UInt64 = 0
        var ns: UInt64 = 0
        /// Handshakes a second of each window.
        var windows: [Double] = []

        var perSecond: Double { Double(self.count) * 1e9 / Double(max(self.ns, 1)) }

        mutating func add(_ count: Int, _ ns: UInt64) {
            self.count += UInt64(count)
            self.ns += ns
            self.windows.append(Double(count) * 1e9 / Double(max(ns, 1)))
        }
    }

    private let client: OpaquePointer
    private let server: OpaquePointer
    private let context: DTLSContext
    private let expected: DTLSFingerprint
    private var ours = Figures()
    private var bare = Figures()

    /// `words` are what follows `handshakes`.
    static func run(_ words: [String]) throws(Refusal) {
        var seconds = 10
        if !words.isEmpty {
            guard words.count == 2, words[0] == "--seconds", let number = Int(words[1]),
                1...600 ~= number
            else { throw Refusal(.usage, self.help) }
            seconds = number
        }
        var handshakes = try Self()
        defer { handshakes.free() }
        try handshakes.measure(seconds)
        handshakes.print()
    }

    private init() throws(Refusal) {
        guard let client = bare_setup_new(), let server = bare_setup_new() else {
            throw Refusal(.unavailable, "OpenSSL makes no context")
        }
        self.client = client
        self.server = server
        var digest = [UInt8](repeating: 0, count: 32)
        _ = bare_setup_digest(client, &digest)
        do throws(DTLSFailure) {
            guard let expected = DTLSFingerprint(.sha256, digest: digest) else {
                throw .noFingerprint
            }
            self.expected = expected
            self.context = try DTLSContext(certificate: DTLSCertificate())
        } catch {
            throw Refusal(.unavailable, error.description)
        }
    }

    private func free() {
        bare_setup_free(self.client)
        bare_setup_free(self.server)
    }

    private mutating func measure(_ seconds: Int) throws(Refusal) {
        // The first ones of a process load what OpenSSL needs.
        _ = try self.window { try self.handshake() }
        _ = try self.window { try self.bareHandshake() }
        let end = Clocks.monotonicNs + UInt64(seconds) * 1_000_000_000
        while Clocks.monotonicNs < end {
            let ours = try self.window { try self.handshake() }
            let bare = try self.window { try self.bareHandshake() }
            self.ours.add(Self.windowHandshakes, ours)
            self.bare.add(Self.windowHandshakes, bare)
        }
    }

    private func window(_ handshake: () throws -> UInt64) throws(Refusal) -> UInt64 {
        var ns: UInt64 = 0
        do {
            for _ in 0..<Self.windowHandshakes { ns += try handshake() }
        } catch {
            throw Refusal(.unavailable, "a handshake failed: \(error)")
        }
        return ns
    }

    private func bareHandshake() throws -> UInt64 {
        var ns: UInt64 = 0
        guard bare_handshake(self.client, self.server, &ns) == 1 else {
            throw DTLSFailure.library("the bare one")
        }
        return ns
    }

    /// One of ours; the nanoseconds that it took.
    private func handshake() throws -> UInt64 {
        guard let client = bare_side_new(self.client, 0) else {
            throw DTLSFailure.library("no client")
        }
        defer { bare_side_free(client) }
        bare_side_take(client, nil, 0)
        var start = bare_cpu_ns()
        var association: DTLSAssociation? = try DTLSAssociation(
            context: self.context, role: .server, profiles: [.aes128GCM],
            fingerprints: [self.expected])
        var keys: DTLSKeys?
        var spent = bare_cpu_ns() - start
        for _ in 0..<4 where keys == nil {
            let hellos = Self.take(client)
            start = bare_cpu_ns()
            var answers: [[UInt8]] = []
            for hello in hellos {
                guard let outcome = association?.receive(hello, now: 1) else { break }
                answers += outcome.datagrams
                if case .established(let given) = outcome.event { keys = given }
            }
            spent += bare_cpu_ns() - start
            for answer in answers { bare_side_take(client, answer, UInt32(answer.count)) }
        }
        start = bare_cpu_ns()
        guard keys?.send.key.count == 16 else { throw DTLSFailure.library("no keys") }
        association = nil
        keys = nil
        return spent + bare_cpu_ns() - start
    }

    private static func take(_ side: OpaquePointer) -> [[UInt8]] {
        defer { bare_side_sent(side) }
        return (0..<bare_side_count(side)).map { index in
            guard let datagram = bare_side_datagram(side, index) else { return [] }
            return withUnsafeBytes(of: datagram.pointee.data) {
                Array($0.prefix(Int(datagram.pointee.bytes)))
            }
        }
    }

    private func print() {
        let ratio = self.ours.perSecond / self.bare.perSecond
        let ratios = zip(self.ours.windows, self.bare.windows).map { $0 / $1 }.sorted()
        say(
            """
            {"handshakes_per_s":\(Self.round(self.ours.perSecond)),\
            "bare_per_s":\(Self.round(self.bare.perSecond)),"ratio":\(Self.round(ratio, 1000)),\
            "ratio_median":\(Self.round(ratios[ratios.count / 2], 1000)),\
            "ratio_min":\(Self.round(ratios[0], 1000)),\
            "handshakes":\(self.ours.count),"bare_handshakes":\(self.bare.count),\
            "windows":\(ratios.count)}
            """)
    }

    private static func round(_ value: Double, _ parts: Double = 1) -> Double {
        (value * parts).rounded() / parts
    }
}
