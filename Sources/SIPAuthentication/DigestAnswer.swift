// SPDX-License-Identifier: Apache-2.0

public import SIPMessage

/// The request that is asked for.
public struct DigestRequest: Sendable {
    /// Its method.
    public var method: [UInt8]
    /// Its Request-URI.
    public var uri: [UInt8]
    /// Its body.
    public var body: [UInt8]

    /// From its parts.
    public init(method: [UInt8], uri: [UInt8], body: [UInt8] = []) {
        self.method = method
        self.uri = uri
        self.body = body
    }
}

/// Answers the challenges that one peer sends, and counts how often each nonce was used.
public struct DigestClient: Sendable {
    /// Nonces whose uses are counted; the least recently used one is forgotten first. A nonce that
    /// was forgotten would be counted from 1 again, which its peer calls stale.
    public static let nonceLimit = 16
    /// Challenges of one response that are looked at.
    public static let challengeLimit = 16

    private var uses: [(nonce: [UInt8], count: UInt32)] = []

    /// Without a nonce.
    public init() {}

    /// The header fields that answer a 401 or 407, one for each realm and kind; empty where no
    /// challenge can be answered. `answered` are the nonces that the request carried already: a
    /// second challenge with one of them, and one with another nonce that is not called stale,
    /// says that the password is wrong.
    public mutating func answer(
        _ response: SIPMessage, to request: DigestRequest, _ credentials: DigestCredentials,
        answered: Set<[UInt8]>, clientNonce: [UInt8]
    ) -> [(name: HeaderName, value: [UInt8], nonce: [UInt8])] {
        let kinds: [(HeaderName, HeaderName)] = [
            (.wwwAuthenticate, .authorization), (.proxyAuthenticate, .proxyAuthorization),
        ]
        var answers: [(name: HeaderName, value: [UInt8], nonce: [UInt8])] = []
        for (challengeName, answerName) in kinds {
            for challenge in Self.strongest(response.lines(challengeName)) {
                guard credentials.realm == nil || credentials.realm == challenge.realm else {
                    continue
                }
                let isRefused =
                    answered.contains(challenge.nonce) || (!answered.isEmpty && !challenge.isStale)
                if isRefused { continue }
                let count = self.count(challenge.nonce)
                let value = Self.value(challenge, request, credentials, count, clientNonce)
                answers.append((answerName, value, challenge.nonce))
            }
        }
        return answers
    }

    /// One challenge for each realm: the one with the strongest hash, of equal ones the first.
    static func strongest(_ values: [ArraySlice<UInt8>]) -> [DigestChallenge] {
        var best: [DigestChallenge] = []
        for value in values.prefix(Self.challengeLimit) {
            guard let challenge = DigestChallenge(value) else { continue }
            guard let index = best.firstIndex(where: { $0.realm == challenge.realm }) else {
                best.append(challenge)
                continue
            }
            if challenge.algorithm.hash > best[index].algorithm.hash { best[index] = challenge }
        }
        return best
    }

    /// How often the nonce is used with this time.
    private mutating func count(_ nonce: [UInt8]) -> UInt32 {
        var count: UInt32 = 1
        if let index = self.uses.firstIndex(where: { $0.nonce == nonce }) {
            count = self.uses.remove(at: index).count &+ 1
        } else if self.uses.count >= Self.nonceLimit {
            self.uses.removeFirst()
        }
        self.uses.append((nonce, count))
        return count
    }

    /// The value of Authorization or Proxy-Authorization.
    static func value(
        _ challenge: DigestChallenge, _ request: DigestRequest, _ credentials: DigestCredentials,
        _ count: UInt32, _ clientNonce: [UInt8]
    ) -> [UInt8] {
        var input = DigestInput(
            algorithm: challenge.algorithm, username: credentials.username,
            realm: challenge.realm, nonce: challenge.nonce, method: request.method,
            uri: request.uri)
        if challenge.offersAuth || challenge.offersAuthInt {
            input.quality = DigestInput.Quality(
                count: Self.eightDigits(count), clientNonce: clientNonce,
                body: challenge.offersAuth ? nil : request.body)
        }
        var text = Array("Digest username=".utf8) + QuotedString.quoted(credentials.username)
        func add(_ name: StaticString, _ value: [UInt8]) {
            text += [0x2c, 0x20]
            text += name.withUTF8Buffer { Array($0) }
            text.append(0x3d)
            text += value
        }
        add("realm", QuotedString.quoted(challenge.realm))
        add("nonce", QuotedString.quoted(challenge.nonce))
        add("uri", QuotedString.quoted(request.uri))
        add("response", QuotedString.quoted(input.response(password: credentials.password)))
        add("algorithm", challenge.algorithm.token)
        if let opaque = challenge.opaque { add("opaque", QuotedString.quoted(opaque)) }
        if let quality = input.quality {
            add("qop", quality.token)
            add("nc", quality.count)
            add("cnonce", QuotedString.quoted(quality.clientNonce))
        }
        return text
    }

    /// nc-value: eight hexadecimal digits.
    static func eightDigits(_ count: UInt32) -> [UInt8] {
        (0..<8).map { DigestAlgorithm.digits[Int(count >> UInt32(28 - 4 * $0) & 15)] }
    }
}
