// SPDX-License-Identifier: Apache-2.0

/// A master key and salt of one direction; the memory is wiped with its last copy.
public struct DTLSMasterKey: Sendable {
    private let secretKey: SecretBytes
    private let secretSalt: SecretBytes

    /// A copy of the key. Whoever takes one wipes it.
    public var key: [UInt8] { self.secretKey.copy }
    /// A copy of the salt, likewise.
    public var salt: [UInt8] { self.secretSalt.copy }

    init(key: SecretBytes, salt: SecretBytes) {
        self.secretKey = key
        self.secretSalt = salt
    }
}

extension DTLSKeys {
    /// Splits what was exported as RFC 5764 section 4.2 says: the client's key, the server's, the
    /// client's salt, the server's. A party sends under its own.
    init(_ exported: SecretBytes, _ profile: SRTPProfile, _ role: DTLSRole) {
        let (key, salt) = (profile.keyBytes, profile.saltBytes)
        func master(_ index: Int) -> DTLSMasterKey {
            let saltStart = 2 * key + index * salt
            return DTLSMasterKey(
                key: exported.part(index * key..<(index + 1) * key),
                salt: exported.part(saltStart..<saltStart + salt))
        }
        let (client, server) = (master(0), master(1))
        self.profile = profile
        self.receive = role == .client ? server : client
        self.send = role == .client ? client : server
    }
}
