// SPDX-License-Identifier: Apache-2.0

import SIPMessage

/// A digest challenge that can be answered (RFC 7616 section 3.3).
public struct DigestChallenge: Sendable, Hashable {
    /// Whom a password is for; unquoted.
    public var realm: [UInt8]
    /// Unquoted.
    public var nonce: [UInt8]
    /// To be given back; unquoted.
    public var opaque: [UInt8]?
    /// What to hash with.
    public var algorithm: DigestAlgorithm
    /// `auth` is offered. Without any qop the challenge is one of RFC 2069.
    public var offersAuth: Bool
    /// `auth-int` is offered.
    public var offersAuthInt: Bool
    /// The last answer was right but for its nonce.
    public var isStale: Bool
    /// The user name may come hashed.
    public var hashesUser: Bool

    /// From its parts.
    public init(realm: [UInt8], nonce: [UInt8], algorithm: DigestAlgorithm) {
        self.realm = realm
        self.nonce = nonce
        self.opaque = nil
        self.algorithm = algorithm
        self.offersAuth = true
        self.offersAuthInt = false
        self.isStale = false
        self.hashesUser = false
    }

    /// From the value of WWW-Authenticate or Proxy-Authenticate; nil for another scheme, an
    /// algorithm or a qop that is not known, and without realm or nonce.
    public init?(_ value: ArraySlice<UInt8>) {
        guard let challenge = try? Challenge(value),
            ASCII.equalsIgnoringCase(challenge.scheme, "Digest"),
            let realm = challenge.text("realm"), let nonce = challenge.text("nonce"),
            let algorithm = DigestAlgorithm(
                token: challenge.text("algorithm") ?? Array("MD5".utf8))
        else { return nil }
        self.init(realm: realm, nonce: nonce, algorithm: algorithm)
        self.opaque = challenge.text("opaque")
        self.isStale = Self.isTrue(challenge.text("stale"))
        self.hashesUser = Self.isTrue(challenge.text("userhash"))
        guard let qop = challenge.text("qop") else {
            self.offersAuth = false
            // Its key would need a client nonce that the response does not have.
            if algorithm.isSession { return nil }
            return
        }
        let words = qop.split(whereSeparator: { $0 == 0x2c || $0 == 0x20 || $0 == 0x09 })
        self.offersAuth = words.contains { ASCII.equalsIgnoringCase($0, "auth") }
        self.offersAuthInt = words.contains { ASCII.equalsIgnoringCase($0, "auth-int") }
        guard self.offersAuth || self.offersAuthInt else { return nil }
    }

    private static func isTrue(_ text: [UInt8]?) -> Bool {
        text.map { ASCII.equalsIgnoringCase($0, "true") } ?? false
    }

    /// The value of WWW-Authenticate or Proxy-Authenticate.
    public var bytes: [UInt8] {
        var text = Array("Digest realm=".utf8) + QuotedString.quoted(self.realm)
        text += Array(", nonce=".utf8) + QuotedString.quoted(self.nonce)
        if let opaque = self.opaque {
            text += Array(", opaque=".utf8) + QuotedString.quoted(opaque)
        }
        text += Array(", algorithm=".utf8) + self.algorithm.token
        if self.isStale { text += ", stale=true".utf8 }
        if self.offersAuth { text += ", qop=\"auth\"".utf8 }
        return text
    }
}

/// Who we are to a peer that asks.
public struct DigestCredentials: Sendable, Hashable {
    /// The user name.
    public var username: [UInt8]
    /// The password; no output shows it.
    public var password: [UInt8]
    /// The realm that they are for; nil: any.
    public var realm: [UInt8]?

    /// From its parts.
    public init(username: [UInt8], password: [UInt8], realm: [UInt8]? = nil) {
        self.username = username
        self.password = password
        self.realm = realm
    }
}

extension DigestCredentials: CustomStringConvertible, CustomReflectable {
    /// Without the password.
    public var description: String { "user \(String(decoding: self.username, as: UTF8.self))" }
    /// Without the password.
    public var customMirror: Mirror { Mirror(self, children: ["username": self.username]) }
}
