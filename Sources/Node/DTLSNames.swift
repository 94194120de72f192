// SPDX-License-Identifier: Apache-2.0

import CallControl
import DTLS
import SDP

// What the module DTLS and signalling, which know nothing of each other, each have a type for.
extension Fingerprint {
    /// As SDP writes it; never nil for what the DTLS module made.
    init?(_ fingerprint: DTLSFingerprint) {
        let hash: Hash =
            switch fingerprint.hash {
            case .sha256: .sha256
            case .sha384: .sha384
            case .sha512: .sha512
            }
        self.init(hash: hash, digest: fingerprint.digest)
    }
}

extension DTLSFingerprint {
    /// What SDP wrote; nil by SHA-1, which identifies nobody.
    init?(_ fingerprint: Fingerprint) {
        let hash: Hash
        switch fingerprint.hash {
        case .sha1: return nil
        case .sha256: hash = .sha256
        case .sha384: hash = .sha384
        case .sha512: hash = .sha512
        }
        self.init(hash, digest: fingerprint.digest)
    }
}

extension HandshakeKeys {
    /// As signalling takes them; nil never comes of a finished handshake.
    init?(_ keys: DTLSKeys) {
        self.init(
            profile: keys.profile.rawValue, receive: (keys.receive.key, keys.receive.salt),
            send: (keys.send.key, keys.send.salt))
    }
}
