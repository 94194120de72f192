// SPDX-License-Identifier: Apache-2.0

/// Looks at records before OpenSSL does. What is unprotected proves nothing, yet OpenSSL ends a
/// handshake over much of it; here what a peer in its role cannot have sent is dropped.
struct RecordFilter {
    private enum Verdict { case keep, drop, alert }

    enum Content {
        static let changeCipherSpec: UInt8 = 20
        static let alert: UInt8 = 21
        static let handshake: UInt8 = 22
        static let applicationData: UInt8 = 23
    }

    static let headerBytes = 13
    static let messageHeaderBytes = 12
    /// GCM's explicit nonce and tag, and a byte: OpenSSL 3.0 ends a session over less.
    private static let protectedBytesMin = 25
    private static let datagramBytesMax = 16_384
    /// A chain of certificates is the longest message.
    private static let messageBytesMax = 16_384
    /// Messages that a peer can have sent by the end of a handshake, with room.
    private static let sequenceMax = 31
    private static let clientHello: UInt8 = 1
    /// ClientHello, Certificate, CertificateVerify, ClientKeyExchange.
    private static let clientMessages: Set<UInt8> = [1, 11, 15, 16]
    /// ServerHello, HelloVerifyRequest, Certificate, ServerKeyExchange, CertificateRequest,
    /// ServerHelloDone.
    private static let serverMessages: Set<UInt8> = [2, 3, 11, 12, 13, 14]

    let role: DTLSRole
    /// The handshake is finished: nothing unprotected is taken any more.
    var isOpen = false
    /// Of a server: the hello is whole. Another one would do no more than use up record numbers.
    var isPastHello = false
    /// A hello has been passed on.
    private(set) var sawHello = false
    /// The peer sent a hello of our own role.
    private(set) var sawConflict = false
    /// The last unprotected alert that looked fatal.
    private(set) var alert: UInt8?
    private let bytes: Int
    private var bytesLeft: Int

    /// - Parameter bytes: what is passed on before `renew`.
    init(role: DTLSRole, bytes: Int) {
        self.role = role
        self.bytes = bytes
        self.bytesLeft = bytes
    }

    /// Another second began.
    mutating func renew() { self.bytesLeft = self.bytes }

    /// Until `renew` nothing more is passed on.
    mutating func exhaust() { self.bytesLeft = 0 }

    /// For a handshake that begins anew.
    mutating func restart() {
        self.sawHello = false
        self.isPastHello = false
    }

    /// What of a datagram is to be passed on, maybe nothing.
    mutating func filter(_ datagram: [UInt8], _ counters: inout DTLSCounters) -> [UInt8] {
        guard datagram.count <= Self.datagramBytesMax else {
            counters.recordsDropped += 1
            return []
        }
        var kept: [UInt8]?
        var start = 0
        while start < datagram.count {
            let end = Self.end(datagram, start) ?? datagram.count
            var verdict = self.judge(datagram, start, end)
            if verdict == .keep, !self.isOpen {
                if end - start > self.bytesLeft {
                    counters.recordsOverLimit += 1
                    self.bytesLeft = 0
                    verdict = .drop
                } else {
                    self.bytesLeft -= end - start
                }
            } else if verdict == .alert {
                counters.alertsIgnored += 1
            } else if verdict == .drop {
                counters.recordsDropped += 1
            }
            if verdict == .keep {
                kept?.append(contentsOf: datagram[start..<end])
            } else if kept == nil {
                kept = Array(datagram[..<start])
            }
            start = end
        }
        return kept ?? datagram
    }

    /// Where the record ends; nil where it is none, or not whole.
    static func end(_ bytes: [UInt8], _ start: Int) -> Int? {
        guard bytes.count - start >= Self.headerBytes else { return nil }
        let end = start + Self.headerBytes + Self.number(bytes, start + 11, 2)
        return end <= bytes.count ? end : nil
    }

    static func number(_ bytes: [UInt8], _ start: Int, _ count: Int) -> Int {
        bytes[start..<start + count].reduce(0) { $0 << 8 | Int($1) }
    }

    private mutating func judge(_ bytes: [UInt8], _ start: Int, _ end: Int) -> Verdict {
        let body = start + Self.headerBytes
        guard Self.end(bytes, start) == end, end > body, bytes[start + 1] == 0xfe,
            bytes[start + 2] == 0xfd || bytes[start + 2] == 0xff
        else { return .drop }
        let type = bytes[start]
        switch Self.number(bytes, start + 3, 2) {
        case 0 where !self.isOpen: return self.judgePlain(type, bytes, body, end)
        // Protected: the MAC decides.
        case 1 where Content.changeCipherSpec...Content.applicationData ~= type:
            return end - body >= Self.protectedBytesMin ? .keep : .drop
        default: return .drop
        }
    }

    private mutating func judgePlain(
        _ type: UInt8, _ bytes: [UInt8], _ body: Int, _ end: Int
    ) -> Verdict {
        switch type {
        case Content.handshake:
            return self.judgeMessages(bytes, body, end) ? .keep : .drop
        case Content.changeCipherSpec:
            return self.sawHello && end - body == 1 && bytes[body] == 1 ? .keep : .drop
        case Content.alert where end - body == 2:
            if bytes[body] == 2 { self.alert = bytes[body + 1] }
            return .alert
        default:
            return .drop
        }
    }

    /// Whether a record's fragments of messages can all be the peer's.
    private mutating func judgeMessages(_ bytes: [UInt8], _ body: Int, _ end: Int) -> Bool {
        var start = body
        var hasHello = self.sawHello
        while start < end {
            guard end - start >= Self.messageHeaderBytes else { return false }
            let type = bytes[start]
            let length = Self.number(bytes, start + 1, 3)
            let offset = Self.number(bytes, start + 6, 3)
            let count = Self.number(bytes, start + 9, 3)
            guard length <= Self.messageBytesMax, offset + count <= length,
                count > 0 || length == 0, end - start - Self.messageHeaderBytes >= count,
                Self.number(bytes, start + 4, 2) <= Self.sequenceMax, self.isOfPeer(type)
            else { return false }
            if type == Self.clientHello,
                self.isPastHello || Self.number(bytes, start + 4, 2) > 1
            { return false }
            // A server waits for nothing but a hello; a client's may have been overtaken.
            if type == Self.clientHello || self.role == .client { hasHello = true }
            guard hasHello else { return false }
            start += Self.messageHeaderBytes + count
        }
        self.sawHello = hasHello
        return true
    }

    private mutating func isOfPeer(_ type: UInt8) -> Bool {
        let (peer, own) =
            self.role == .server
            ? (Self.clientMessages, Self.serverMessages)
            : (Self.serverMessages, Self.clientMessages)
        if peer.contains(type) { return true }
        // Certificates come from both.
        if own.contains(type) { self.sawConflict = true }
        return false
    }
}
