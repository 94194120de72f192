// SPDX-License-Identifier: Apache-2.0

import SIPMessage

/// What a request's credentials are worth.
public enum DigestVerdict: Sendable, Hashable {
    /// They are right, and were not seen before.
    case accepted(user: [UInt8])
    /// There are none, or none that could be right: ask.
    case missing
    /// Right but for a nonce that is old or was used: ask with `stale`.
    case stale
    /// User or password is wrong.
    case wrong
}

/// Asks for credentials, and judges them (RFC 7616). Nonces are made of a time, a number and a code
/// over both, so that nothing is kept for one that was only given out; a nonce that was used is
/// kept with the counts that it was used with. No clock: times come with each call.
public struct DigestServer: Sendable {
    /// What bounds it.
    public struct Limits: Sendable, Hashable {
        /// How long a nonce is good for, ms.
        public var nonceMilliseconds: UInt64 = 300_000
        /// Used nonces that are kept.
        public var nonces = 4_096

        /// The defaults.
        public init() {}
    }

    /// Counts that a nonce was used with: the highest, and which of the 64 below it.
    private struct Uses {
        var highest: UInt32
        var window: UInt64
    }

    private let key: [UInt8]
    private let limits: Limits
    private var serial: UInt64 = 0
    private var used: [UInt64: Uses] = [:]
    /// In the order of their first use; what is in front is forgotten first.
    private var order: [UInt64] = []
    private var head = 0
    /// A nonce with this number or a lower one that is not in `used` may have been forgotten.
    private var forgotten: UInt64 = 0
    /// Credentials that were replayed.
    public private(set) var replays: UInt64 = 0

    /// `key` is random, at least 16 octets.
    public init(key: [UInt8], limits: Limits = Limits()) {
        self.key = key
        self.limits = limits
    }

    // MARK: Asking

    /// Challenges for one request, the strongest first (RFC 8760 section 2.3).
    public mutating func challenges(
        realm: [UInt8], isStale: Bool, nowMs: UInt64,
        algorithms: [DigestAlgorithm.Hash] = [.sha512_256, .sha256, .md5]
    ) -> [DigestChallenge] {
        self.serial &+= 1
        let nonce = self.nonce(time: nowMs, serial: self.serial)
        return algorithms.map { hash in
            var challenge = DigestChallenge(
                realm: realm, nonce: nonce, algorithm: DigestAlgorithm(hash))
            challenge.isStale = isStale
            return challenge
        }
    }

    private func nonce(time: UInt64, serial: UInt64) -> [UInt8] {
        let plain = Self.hex(time) + Self.hex(serial)
        let code = authenticationCode(key: self.key, plain).prefix(16)
        return plain
            + code.flatMap {
                [DigestAlgorithm.digits[Int($0 >> 4)], DigestAlgorithm.digits[Int($0 & 15)]]
            }
    }

    private static func hex(_ value: UInt64) -> [UInt8] {
        (0..<16).map { DigestAlgorithm.digits[Int(value >> UInt64(60 - 4 * $0) & 15)] }
    }

    // MARK: Judging

    /// Judges one value of Authorization or Proxy-Authorization. `password` gives a user's.
    public mutating func judge(
        _ value: ArraySlice<UInt8>, of request: DigestRequest, realm: [UInt8], nowMs: UInt64,
        password: ([UInt8]) -> [UInt8]?
    ) -> DigestVerdict {
        guard let answer = DigestAuthorization(value), answer.realm == realm,
            let (time, serial) = self.opened(answer.nonce)
        else { return .missing }
        guard let password = password(answer.username), answer.isRight(password, request) else {
            return .wrong
        }
        guard nowMs >= time, nowMs - time <= self.limits.nonceMilliseconds else { return .stale }
        guard self.use(serial, count: answer.count ?? 1) else {
            self.replays &+= 1
            return .stale
        }
        return .accepted(user: answer.username)
    }

    /// Time and number of a nonce of ours; nil for another.
    private func opened(_ nonce: [UInt8]) -> (UInt64, UInt64)? {
        guard nonce.count == 64, let time = Self.number(nonce[0..<16]),
            let serial = Self.number(nonce[16..<32]),
            isSame(self.nonce(time: time, serial: serial), nonce)
        else { return nil }
        return (time, serial)
    }

    private static func number(_ digits: ArraySlice<UInt8>) -> UInt64? {
        var value: UInt64 = 0
        for digit in digits {
            guard let part = DigestAlgorithm.digits.firstIndex(of: digit) else { return nil }
            value = value << 4 | UInt64(part)
        }
        return value
    }

    /// False for a count that the nonce was used with before, or that is too old to tell.
    private mutating func use(_ serial: UInt64, count: UInt32) -> Bool {
        guard count > 0 else { return false }
        guard var uses = self.used[serial] else {
            guard serial > self.forgotten else { return false }
            self.keep(serial)
            self.used[serial] = Uses(highest: count, window: 1)
            return true
        }
        if count > uses.highest {
            let step = UInt64(count - uses.highest)
            uses.window = step >= 64 ? 1 : uses.window << step | 1
            uses.highest = count
        } else {
            let back = UInt64(uses.highest - count)
            guard back < 64, uses.window >> back & 1 == 0 else { return false }
            uses.window |= 1 << back
        }
        self.used[serial] = uses
        return true
    }

    private mutating func keep(_ serial: UInt64) {
        if self.used.count >= self.limits.nonces, self.head < self.order.count {
            let oldest = self.order[self.head]
            self.head += 1
            self.used[oldest] = nil
            self.forgotten = max(self.forgotten, oldest)
            if self.head > self.order.count / 2 {
                self.order.removeFirst(self.head)
                self.head = 0
            }
        }
        self.order.append(serial)
    }
}

/// Credentials as a request carries them.
public struct DigestAuthorization: Sendable, Hashable {
    /// Unquoted; a hash where `isUserHashed`.
    public let username: [UInt8]
    /// The user name is hashed (RFC 7616 section 3.4.4); the box does not ask for that.
    public let isUserHashed: Bool
    /// Unquoted.
    public let realm: [UInt8]
    /// Unquoted.
    public let nonce: [UInt8]
    /// Unquoted.
    public let uri: [UInt8]
    /// In hexadecimal.
    public let response: [UInt8]
    /// What was hashed with.
    public let algorithm: DigestAlgorithm
    /// nc as a number; nil without qop.
    public let count: UInt32?
    private let quality: (count: [UInt8], clientNonce: [UInt8], coversBody: Bool)?

    /// From a value; nil for another scheme, and where something that is needed is missing.
    public init?(_ value: ArraySlice<UInt8>) {
        guard let fields = try? Challenge(value),
            ASCII.equalsIgnoringCase(fields.scheme, "Digest"),
            let username = fields.text("username"), let realm = fields.text("realm"),
            let nonce = fields.text("nonce"), let uri = fields.text("uri"),
            let response = fields.text("response"),
            let algorithm = DigestAlgorithm(token: fields.text("algorithm") ?? Array("MD5".utf8))
        else { return nil }
        self.username = username
        self.isUserHashed =
            fields.text("userhash").map { ASCII.equalsIgnoringCase($0, "true") } ?? false
        self.realm = realm
        self.nonce = nonce
        self.uri = uri
        self.response = response.map(ASCII.lowered)
        self.algorithm = algorithm
        guard let qop = fields.text("qop") else {
            guard !algorithm.isSession else { return nil }
            self.count = nil
            self.quality = nil
            return
        }
        let coversBody = ASCII.equalsIgnoringCase(qop, "auth-int")
        guard coversBody || ASCII.equalsIgnoringCase(qop, "auth"),
            let count = fields.text("nc"), count.count == 8, let number = Self.number(count),
            let clientNonce = fields.text("cnonce")
        else { return nil }
        self.count = number
        self.quality = (count, clientNonce, coversBody)
    }

    private static func number(_ digits: [UInt8]) -> UInt32? {
        var value: UInt32 = 0
        for digit in digits {
            guard let part = DigestAlgorithm.digits.firstIndex(of: ASCII.lowered(digit)) else {
                return nil
            }
            value = value << 4 | UInt32(part)
        }
        return value
    }

    /// They were made with this password for this request. The URI is the one that they name: a
    /// proxy on the way may have changed that of the request (RFC 3261 section 22.4).
    func isRight(_ password: [UInt8], _ request: DigestRequest) -> Bool {
        let input = DigestInput(
            algorithm: self.algorithm, username: self.username, realm: self.realm,
            nonce: self.nonce, method: request.method, uri: self.uri,
            quality: self.quality.map {
                DigestInput.Quality(
                    count: $0.count, clientNonce: $0.clientNonce,
                    body: $0.coversBody ? request.body : nil)
            })
        let expected = input.response(password: password)
        return !expected.isEmpty && isSame(expected, self.response)
    }

    /// By what the client said.
    public static func == (left: DigestAuthorization, right: DigestAuthorization) -> Bool {
        left.username == right.username && left.nonce == right.nonce
            && left.response == right.response && left.count == right.count
    }

    /// Fits `==`.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(self.nonce)
        hasher.combine(self.response)
    }
}
