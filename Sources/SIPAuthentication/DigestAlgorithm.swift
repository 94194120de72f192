// SPDX-License-Identifier: Apache-2.0

import SIPMessage

/// An algorithm of digest authentication (RFC 7616 section 3.3, RFC 8760).
public struct DigestAlgorithm: Sendable, Hashable {
    /// The hash, weakest first.
    public enum Hash: UInt32, Sendable, Hashable, CaseIterable, Comparable {
        case md5 = 0
        case sha256 = 1
        case sha512_256 = 2

        /// By strength.
        public static func < (left: Hash, right: Hash) -> Bool { left.rawValue < right.rawValue }

        /// Without "-sess".
        var token: StaticString {
            switch self {
            case .md5: "MD5"
            case .sha256: "SHA-256"
            case .sha512_256: "SHA-512-256"
            }
        }
    }

    /// The hash.
    public var hash: Hash
    /// The key is made once for a nonce ("-sess").
    public var isSession: Bool

    /// From its parts.
    public init(_ hash: Hash, isSession: Bool = false) {
        self.hash = hash
        self.isSession = isSession
    }

    /// From the value of the parameter, quotes taken off; nil for one that is not known.
    public init?(token: some Collection<UInt8>) {
        let suffix = Array("-sess".utf8)
        for hash in Hash.allCases {
            if ASCII.equalsIgnoringCase(token, hash.token) {
                self.init(hash)
                return
            }
            let session = hash.token.withUTF8Buffer { Array($0) } + suffix
            if ASCII.equalsIgnoringCase(token, session) {
                self.init(hash, isSession: true)
                return
            }
        }
        return nil
    }

    /// As it stands in a header.
    public var token: [UInt8] {
        self.hash.token.withUTF8Buffer { Array($0) } + (self.isSession ? Array("-sess".utf8) : [])
    }

    /// H(data) in hexadecimal; empty where the library refuses the hash.
    func hex(_ data: [UInt8]) -> [UInt8] {
        SIPAuthentication.hash(self.hash.rawValue, data).flatMap { byte -> [UInt8] in
            [Self.digits[Int(byte >> 4)], Self.digits[Int(byte & 15)]]
        }
    }

    static let digits = Array("0123456789abcdef".utf8)
}

/// What is hashed for one request (RFC 7616 section 3.4).
struct DigestInput {
    var algorithm: DigestAlgorithm
    var username: [UInt8]
    var realm: [UInt8]
    var nonce: [UInt8]
    var method: [UInt8]
    var uri: [UInt8]
    /// Without: the way of RFC 2069.
    var quality: Quality?

    /// What goes with qop.
    struct Quality {
        /// Eight hexadecimal digits, as they stand in the header.
        var count: [UInt8]
        var clientNonce: [UInt8]
        /// Of auth-int; nil for auth.
        var body: [UInt8]?

        var token: [UInt8] { Array((self.body == nil ? "auth" : "auth-int").utf8) }
    }

    /// The response in hexadecimal. With "-sess" a client nonce is needed; without qop it is empty.
    func response(password: [UInt8]) -> [UInt8] {
        let colon: [UInt8] = [0x3a]
        var a1 = self.username + colon + self.realm + colon + password
        if self.algorithm.isSession {
            a1 =
                self.algorithm.hex(a1) + colon + self.nonce + colon
                + (self.quality?.clientNonce ?? [])
        }
        var a2 = self.method + colon + self.uri
        if let body = self.quality?.body { a2 += colon + self.algorithm.hex(body) }
        var text = self.algorithm.hex(a1) + colon + self.nonce + colon
        if let quality = self.quality {
            text += quality.count + colon + quality.clientNonce + colon + quality.token + colon
        }
        return self.algorithm.hex(text + self.algorithm.hex(a2))
    }
}
