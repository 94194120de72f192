// SPDX-License-Identifier: Apache-2.0

import SDP

// Policies, keys and credentials. Whatever has a rule is made by the initialiser that knows it.
extension CheckpointReader {
    mutating func policy() throws(CheckpointError) -> MediaSecurityPolicy {
        var policy = MediaSecurityPolicy()
        switch try self.integer(UInt8.self) {
        case 0: policy.srtp = .off
        case 1: policy.srtp = .preferred
        case 2: policy.srtp = .required
        default: throw self.failure(.badValue)
        }
        policy.keying = try self.array(most: MediaSecurityPolicy.Keying.allCases.count) {
            r throws(CheckpointError) in try r.flag() ? .dtls : .sdes
        }
        policy.suites = try self.array(most: SRTPSuite.allCases.count) {
            r throws(CheckpointError) in try r.choice()
        }
        guard Set(policy.suites).count == policy.suites.count else {
            throw self.failure(.badValue)
        }
        policy.ice = try self.flag() ? .lite : .off
        policy.earlyLatch = try self.flag()
        switch try self.integer(UInt8.self) {
        case 0: policy.rtcpMux = .offer
        case 1: policy.rtcpMux = .accept
        case 2: policy.rtcpMux = .off
        case 3: policy.rtcpMux = .required
        default: throw self.failure(.badValue)
        }
        policy.allowsUnencryptedSRTCP = try self.flag()
        policy.allowsSHA1Fingerprint = try self.flag()
        return policy
    }

    mutating func keys() throws(CheckpointError) -> LegKeys {
        let named = try self.array(most: LegKeys.limit) { r throws(CheckpointError) in
            LegKeys.Named(id: try r.integer(), key: try r.key())
        }
        let lastID: UInt64 = try self.integer()
        let associations = try self.array(most: LegKeys.limit) { r throws(CheckpointError) in
            try r.association()
        }
        let keys = LegKeys(
            named: named, lastID: lastID, associations: associations,
            lastNumber: try self.integer())
        guard let keys else { throw self.failure(.badValue) }
        return keys
    }

    private mutating func association() throws(CheckpointError) -> LegKeys.Association {
        LegKeys.Association(
            number: try self.integer(), agreement: try self.agreement(),
            remoteUfrag: try self.optional { r throws(CheckpointError) in
                try r.string(most: 256)
            },
            receive: try self.optional { r throws(CheckpointError) in try r.key() },
            send: try self.optional { r throws(CheckpointError) in try r.key() },
            failure: try self.optional { r throws(CheckpointError) in
                String(decoding: try r.string(most: 512), as: UTF8.self)
            })
    }

    mutating func securityState() throws(CheckpointError) -> SecurityState {
        var state = SecurityState()
        switch try self.integer(UInt8.self) {
        case 0: state.agreed = .plain
        case 1: state.agreed = .sdes(receive: try self.master(), send: try self.master())
        case 2: state.agreed = .dtls(try self.agreement())
        default: throw self.failure(.badValue)
        }
        state.secrets = try self.optional { r throws(CheckpointError) in try r.secrets() }
        state.renewsKeys = try self.flag()
        state.renewsICE = try self.flag()
        state.renewsOwn = try self.flag()
        state.renewed = try self.optional { r throws(CheckpointError) in try r.secrets() }
        state.usedMasters = try self.flag()
        state.associations = try self.integer()
        return state
    }

    mutating func streamSecurity() throws(CheckpointError) -> StreamSecurity {
        StreamSecurity(
            crypto: try self.array(most: SDPLimits.keys) { r throws(CheckpointError) in
                let tag: UInt32 = try r.integer()
                guard tag <= CryptoAttribute.largestTag else { throw r.failure(.badValue) }
                let name = try r.sdpText()
                return CryptoAttribute(tag: tag, master: try r.master(), suiteName: name)
            },
            fingerprints: try self.fingerprints(),
            setup: try self.optional { r throws(CheckpointError) in try r.choice() })
    }

    mutating func ice() throws(CheckpointError) -> ICEDescription {
        ICEDescription(
            credentials: try self.credentials(), isLite: try self.flag(),
            trickles: try self.flag(),
            candidates: try self.array(most: SDPLimits.candidatesKept) {
                r throws(CheckpointError) in try r.candidate()
            },
            chosenByRemote: try self.optional { r throws(CheckpointError) in try r.address() })
    }

    private mutating func candidate() throws(CheckpointError) -> ICECandidate {
        ICECandidate(
            component: try self.integer(), priority: try self.integer(),
            address: try self.address(), kind: try self.choice())
    }

    mutating func protection(of leg: inout MediaIntent.Leg) throws(CheckpointError) {
        leg.isSecure = try self.flag()
        leg.security = try self.optional { r throws(CheckpointError) in
            let id: UInt64 = try r.integer()
            guard id != 0 else { throw r.failure(.badValue) }
            return LegSecurity(
                keyID: id, receive: try r.key(), send: try r.key(), plainSRTCPIn: try r.flag(),
                plainSRTCPOut: try r.flag(), overlapMs: try r.integer())
        }
        leg.ice = try self.optional { r throws(CheckpointError) in
            LegICE(
                localUfrag: try r.string(most: 256), localPassword: try r.string(most: 256),
                remoteUfrag: try r.optional { r throws(CheckpointError) in
                    try r.string(most: 256)
                }, earlyLatch: try r.flag())
        }
        leg.dtls = try self.flag()
        leg.dtlsAgreement = try self.optional { r throws(CheckpointError) in
            LegDTLS(
                association: try r.integer(), role: try r.choice(),
                fingerprints: try r.fingerprints(),
                certificate: try r.optional { r throws(CheckpointError) in try r.fingerprint() },
                profiles: try r.array(most: SRTPSuite.allCases.count) {
                    r throws(CheckpointError) in try r.integer()
                })
        }
    }

    private mutating func key() throws(CheckpointError) -> SRTPKey {
        let suite: SRTPSuite = try self.choice()
        let key = try self.string(most: SRTPSuite.longestMaster)
        let salt = try self.string(most: SRTPSuite.longestMaster)
        let mki = try self.string(most: SRTPMasterKey.longestMKI)
        guard key.count == suite.keyBytes, salt.count == suite.saltBytes else {
            throw self.failure(.badValue)
        }
        return SRTPKey(suite: suite.rawValue, key: key, salt: salt, mki: mki)
    }

    private mutating func master() throws(CheckpointError) -> SRTPMasterKey {
        let suite: SRTPSuite = try self.choice()
        let master = try self.string(most: SRTPSuite.longestMaster)
        let mki = try self.string(most: SRTPMasterKey.longestMKI)
        let value = SRTPMasterKey(
            suite: suite, master: master, mki: mki, plainSRTCP: try self.flag())
        guard let value else { throw self.failure(.badValue) }
        return value
    }

    private mutating func secrets() throws(CheckpointError) -> LegSecrets {
        LegSecrets(
            masters: try self.array(most: SRTPSuite.allCases.count) {
                r throws(CheckpointError) in try r.master()
            },
            ice: try self.credentials(),
            fingerprint: try self.optional { r throws(CheckpointError) in try r.fingerprint() })
    }

    private mutating func credentials() throws(CheckpointError) -> ICECredentials {
        let credentials = ICECredentials(
            ufrag: try self.string(most: 256), password: try self.string(most: 256))
        guard let credentials else { throw self.failure(.badValue) }
        return credentials
    }

    private mutating func agreement() throws(CheckpointError) -> DTLSAgreement {
        DTLSAgreement(
            role: try self.choice(), fingerprints: try self.fingerprints(),
            association: try self.integer())
    }

    private mutating func fingerprints() throws(CheckpointError) -> [Fingerprint] {
        try self.array(most: SDPLimits.keys) { r throws(CheckpointError) in
            try r.fingerprint()
        }
    }

    private mutating func fingerprint() throws(CheckpointError) -> Fingerprint {
        let hash: Fingerprint.Hash = try self.choice()
        let digest = try self.string(most: hash.bytes)
        guard let fingerprint = Fingerprint(hash: hash, digest: digest) else {
            throw self.failure(.badValue)
        }
        return fingerprint
    }
}
