// SPDX-License-Identifier: Apache-2.0
//
// The one file of this module that calls C and where Swift's checks are switched off.
//
// RULES. Each handle of C belongs to exactly one object here and is freed with it; no pointer
// leaves this file. C keeps no pointer to what it is given: a session takes its own references to
// context and certificate, and reads a datagram before the call returns.

internal import COpenSSL

/// Bytes that are overwritten when the last reference goes.
/// `@unchecked`: the memory is written before `init` returns and not again before `deinit`.
final class SecretBytes: @unchecked Sendable {
    private let memory: UnsafeMutableRawBufferPointer

    init(_ bytes: some Collection<UInt8>) {
        self.memory = .allocate(byteCount: bytes.count, alignment: 16)
        self.memory.copyBytes(from: bytes)
    }

    /// `count` bytes that `fill` writes; nil where it says that it could not.
    init?(count: Int, _ fill: (UnsafeMutableRawBufferPointer) -> Bool) {
        self.memory = .allocate(byteCount: count, alignment: 16)
        self.memory.initializeMemory(as: UInt8.self, repeating: 0)
        if !fill(self.memory) { return nil }
    }

    deinit {
        tl_dtls_wipe(self.memory.baseAddress, self.memory.count)
        self.memory.deallocate()
    }

    var count: Int { self.memory.count }

    /// A copy, without one in between.
    func part(_ range: Range<Int>) -> SecretBytes { SecretBytes(self.memory[range]) }

    var copy: [UInt8] { Array(self.memory) }
}

/// A certificate with its key. `@unchecked`: OpenSSL reads both only, and counts references
/// atomically.
final class CertificateHandle: @unchecked Sendable {
    fileprivate let raw: OpaquePointer

    init?(backdateSeconds: Int64, validSeconds: Int64) {
        guard let raw = tl_dtls_certificate_new(backdateSeconds, validSeconds) else { return nil }
        self.raw = raw
    }

    deinit { tl_dtls_certificate_free(self.raw) }

    func digest(bits: UInt32) -> [UInt8] {
        digestBytes { tl_dtls_certificate_digest(self.raw, bits, $0) }
    }
}

/// What sessions share.
final class ContextHandle {
    fileprivate let raw: OpaquePointer

    init?() {
        guard let raw = tl_dtls_context_new() else { return nil }
        self.raw = raw
    }

    deinit { tl_dtls_context_free(self.raw) }
}

/// One session of OpenSSL.
final class SessionHandle {
    /// After a call: what the session is.
    enum State { case handshake, open, closed, failed }
    /// What a listening server makes of a datagram.
    enum Hello { case ignored, asked, proved }

    private let raw: OpaquePointer

    init?(
        _ context: ContextHandle, _ certificate: CertificateHandle, isServer: Bool,
        profiles: String, limits: DTLSLimits
    ) {
        let made = profiles.withCString { profiles in
            var options = tl_dtls_session_options()
            options.profiles = profiles
            options.datagram_bytes_max = UInt32(clamping: limits.datagramBytes)
            options.first_timeout_ms = limits.firstTimeoutMs
            options.longest_timeout_ms = limits.longestTimeoutMs
            options.is_server = isServer ? 1 : 0
            return tl_dtls_session_new(context.raw, certificate.raw, &options)
        }
        guard let made else { return nil }
        self.raw = made
    }

    deinit { tl_dtls_session_free(self.raw) }

    /// A client's first step.
    func start() -> State { Self.state(tl_dtls_session_receive(self.raw, nil, 0)) }

    func receive(_ datagram: [UInt8]) -> State {
        datagram.withUnsafeBufferPointer {
            Self.state(tl_dtls_session_receive(self.raw, $0.baseAddress, $0.count))
        }
    }

    /// Of a server that has no handshake yet.
    func listen(_ datagram: [UInt8], cookie: [UInt8], mayAsk: Bool) -> Hello {
        guard cookie.count == Int(TL_DTLS_COOKIE_BYTES) else { return .ignored }
        return datagram.withUnsafeBufferPointer { datagram in
            cookie.withUnsafeBufferPointer { cookie in
                switch tl_dtls_session_listen(
                    self.raw, datagram.baseAddress, datagram.count, cookie.baseAddress,
                    mayAsk ? 1 : 0)
                {
                case TL_DTLS_HELLO_PROVED: .proved
                case TL_DTLS_HELLO_ASKED: .asked
                default: .ignored
                }
            }
        }
    }

    /// Whether a ServerKeyExchange is signed by the certificate for our hello and this random.
    func isSigned(_ random: [UInt8], _ certificate: [UInt8], _ exchange: [UInt8]) -> Bool {
        guard random.count == 32, !certificate.isEmpty, !exchange.isEmpty else { return false }
        return random.withUnsafeBufferPointer { random in
            certificate.withUnsafeBufferPointer { certificate in
                exchange.withUnsafeBufferPointer { exchange in
                    tl_dtls_session_is_signed(
                        self.raw, random.baseAddress, certificate.baseAddress, certificate.count,
                        exchange.baseAddress, exchange.count) != 0
                }
            }
        }
    }

    func timeout() -> State { Self.state(tl_dtls_session_timeout(self.raw)) }

    func close() { tl_dtls_session_close(self.raw) }

    /// Milliseconds, nil without a timer.
    var timer: UInt64? {
        let left = tl_dtls_session_timer_ms(self.raw)
        return left < 0 ? nil : UInt64(left)
    }

    var retransmissions: Int { Int(tl_dtls_session_retransmissions(self.raw)) }
    var refused: UInt64 { UInt64(tl_dtls_session_refused(self.raw)) }
    var isAlerted: Bool { tl_dtls_session_is_alerted(self.raw) != 0 }
    var reason: String { String(cString: tl_dtls_session_reason(self.raw)) }
    var profile: UInt16 { tl_dtls_session_profile(self.raw) }

    /// Takes the datagrams to send out of the session.
    func takeDatagrams() -> [[UInt8]] {
        let count = tl_dtls_session_sends(self.raw)
        guard count > 0 else { return [] }
        var datagrams: [[UInt8]] = []
        datagrams.reserveCapacity(Int(count))
        for index in 0..<count {
            var bytes = 0
            let start = tl_dtls_session_send(self.raw, index, &bytes)
            datagrams.append(Array(UnsafeBufferPointer(start: start, count: bytes)))
        }
        tl_dtls_session_sent(self.raw)
        return datagrams
    }

    func export(_ count: Int) -> SecretBytes? {
        SecretBytes(count: count) { memory in
            let start = memory.baseAddress?.assumingMemoryBound(to: UInt8.self)
            return tl_dtls_session_export(self.raw, start, memory.count) != 0
        }
    }

    func peerDigest(bits: UInt32) -> [UInt8] {
        digestBytes { tl_dtls_session_peer_digest(self.raw, bits, $0) }
    }

    private static func state(_ state: tl_dtls_state) -> State {
        switch state {
        case TL_DTLS_HANDSHAKE: .handshake
        case TL_DTLS_OPEN: .open
        case TL_DTLS_CLOSED: .closed
        default: .failed
        }
    }
}

/// Whether both are the same bytes, in a time that does not depend on which.
func equalInConstantTime(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    guard left.count == right.count, !left.isEmpty else { return false }
    return left.withUnsafeBytes { left in
        right.withUnsafeBytes { right in
            tl_dtls_equal(left.baseAddress, right.baseAddress, left.count) != 0
        }
    }
}

/// As many bytes as a cookie has, which nobody without the key can name.
func cookieBytes(_ key: [UInt8], _ text: [UInt8]) -> [UInt8] {
    let digest = key.withUnsafeBufferPointer { key in
        text.withUnsafeBufferPointer { text in
            digestBytes {
                tl_hmac_sha256(key.baseAddress, key.count, text.baseAddress, text.count, $0)
            }
        }
    }
    return Array(digest.prefix(Int(TL_DTLS_COOKIE_BYTES)))
}

private func digestBytes(_ fill: (UnsafeMutablePointer<UInt8>) -> Int) -> [UInt8] {
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 64) { room in
        guard let start = room.baseAddress else { return [] }
        return Array(room.prefix(fill(start)))
    }
}
