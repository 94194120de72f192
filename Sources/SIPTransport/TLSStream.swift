// SPDX-License-Identifier: Apache-2.0

internal import TLS

/// TLS over a TCP connection: another stream under the same SIP connection.
final class TLSStream: OctetStream {
    var owner: (any ByteStreamOwner)?
    /// The session, which says what became of the handshake.
    let session: TLSSession

    private let stream: ByteStream
    private let loop: EventLoop
    private let queueLimit: Int
    /// Written before the handshake has ended.
    private var early: [(bytes: [UInt8], token: UInt64)] = []
    private var earlyBytes = 0
    private var hasStood = false
    private var isEnded = false
    /// The connection ended without the peer's word that nothing more comes.
    private(set) var wasTruncated = false
    /// Hears of writes that were lost by closing.
    private var lastOwner: (any ByteStreamOwner)?

    /// What records add to the octets in them, and handshakes to an empty queue.
    static let overheadBytes = 65_536
    /// The token of octets that nobody asked for: handshakes and alerts.
    private static let noToken: UInt64 = 0
    // Codes of the system, negative as libuv has them.
    private static let protocolError: Int32 = -71
    private static let reset: Int32 = -104

    /// Over a stream with room for `queueLimit` and `overheadBytes`, that stands or is being
    /// connected.
    init(_ stream: ByteStream, session: TLSSession, loop: EventLoop, queueLimit: Int) {
        self.stream = stream
        self.session = session
        self.loop = loop
        self.queueLimit = queueLimit
    }

    func startReading() {
        self.stream.owner = self
        self.stream.startReading()
    }

    /// Waits for a connection that was asked for; the handshake follows.
    func waitForConnection() { self.stream.owner = self }

    func write(_ bytes: [UInt8], token: UInt64) -> ByteStream.WriteResult {
        switch self.session.state {
        case .failed(let failure): return .failed(Self.error(failure))
        case .handshake:
            guard self.earlyBytes + bytes.count <= self.queueLimit else { return .full }
            self.early.append((bytes, token))
            self.earlyBytes += bytes.count
            return .queued
        case .open, .closed:
            guard self.stream.queuedBytes + bytes.count <= self.queueLimit else { return .full }
            guard self.session.write(bytes) else {
                return .failed(TransportError("write", code: Self.protocolError))
            }
            return self.stream.write(self.session.takeOutput(), token: token)
        }
    }

    func finish() {
        self.session.close()
        self.flush()
        self.stream.finish()
    }

    func close() {
        let owner = self.owner
        self.owner = nil
        self.session.close()
        self.flush()
        if self.stream.waitingWrites > 0 { self.lastOwner = owner }
        let early = self.early
        self.early = []
        self.stream.close()
        guard !early.isEmpty, let owner else { return }
        self.loop.defer { for write in early { owner.stream(self, lost: write.token) } }
    }

    /// Hands over what the session wants to say; nil, or why it cannot.
    @discardableResult
    private func flush() -> TransportError? {
        let output = self.session.takeOutput()
        guard !output.isEmpty else { return nil }
        switch self.stream.write(output, token: Self.noToken) {
        case .written, .queued: return nil
        case .full: return TransportError("write", code: Self.reset)
        case .failed(let error): return error
        }
    }

    /// The handshake has ended: what was written meanwhile leaves.
    private func sendEarly() {
        let early = self.early
        self.early = []
        self.earlyBytes = 0
        for write in early {
            switch self.write(write.bytes, token: write.token) {
            case .written, .queued: break
            case .full, .failed: self.owner?.stream(self, lost: write.token)
            }
        }
    }

    static func error(_ failure: TLSFailure) -> TransportError {
        TransportError("TLS: \(failure)", code: Self.protocolError)
    }
}

extension TLSStream: ByteStreamOwner {
    func streamConnected(_ stream: any OctetStream) {
        self.session.start()
        if let error = self.flush() { self.owner?.streamFailed(self, error) }
    }

    func stream(_ stream: any OctetStream, received bytes: RawSpan) {
        let plain = self.session.receive(bytes)
        let fault = self.flush()
        if !self.hasStood, self.isOpen {
            self.hasStood = true
            self.sendEarly()
            self.owner?.streamConnected(self)
        }
        if !plain.isEmpty { self.owner?.stream(self, received: plain.span.bytes) }
        if case .failed(let failure) = self.session.state {
            self.owner?.streamFailed(self, Self.error(failure))
        } else if let fault {
            self.owner?.streamFailed(self, fault)
        } else if self.session.state == .closed, !self.isEnded {
            self.isEnded = true
            self.owner?.streamEnded(self)
        }
    }

    /// The session is open, or was within this one call.
    private var isOpen: Bool {
        switch self.session.state {
        case .open, .closed: true
        case .handshake, .failed: false
        }
    }

    func streamEnded(_ stream: any OctetStream) {
        guard !self.isEnded else { return }
        self.isEnded = true
        guard self.session.state != .handshake else {
            self.owner?.streamFailed(
                self, TransportError("TLS: the peer left the handshake", code: Self.reset))
            return
        }
        // Messages say how long they are: what was cut short is none (RFC 3261 section 18.3).
        self.wasTruncated = true
        self.owner?.streamEnded(self)
    }

    func stream(_ stream: any OctetStream, lost token: UInt64) {
        let owner = self.owner ?? self.lastOwner
        if self.stream.waitingWrites == 0 { self.lastOwner = nil }
        guard token != Self.noToken else { return }
        owner?.stream(self, lost: token)
    }

    func streamFailed(_ stream: any OctetStream, _ error: TransportError) {
        self.owner?.streamFailed(self, error)
    }
}
