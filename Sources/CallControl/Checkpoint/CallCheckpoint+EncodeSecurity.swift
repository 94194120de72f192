// SPDX-License-Identifier: Apache-2.0

import SDP

// Policies, keys and credentials.
extension CheckpointWriter {
    mutating func policy(_ policy: MediaSecurityPolicy) {
        let srtp: UInt8 =
            switch policy.srtp {
            case .off: 0
            case .preferred: 1
            case .required: 2
            }
        self.integer(srtp)
        self.array(policy.keying) { $0.flag($1 == .dtls) }
        self.array(policy.suites) { $0.choice($1) }
        self.flag(policy.ice == .lite)
        self.flag(policy.earlyLatch)
        let mux: UInt8 =
            switch policy.rtcpMux {
            case .offer: 0
            case .accept: 1
            case .off: 2
            case .required: 3
            }
        self.integer(mux)
        self.flag(policy.allowsUnencryptedSRTCP)
        self.flag(policy.allowsSHA1Fingerprint)
    }

    mutating func keys(_ keys: LegKeys) {
        self.array(keys.named) {
            $0.integer($1.id)
            $0.key($1.key)
        }
        self.integer(keys.lastID)
        self.array(keys.associations) {
            $0.integer($1.number)
            $0.agreement($1.agreement)
            $0.optional($1.remoteUfrag) { $0.string($1) }
            $0.optional($1.receive) { $0.key($1) }
            $0.optional($1.send) { $0.key($1) }
            $0.optional($1.failure) { $0.string($1.utf8) }
        }
        self.integer(keys.lastNumber)
    }

    mutating func security(_ state: SecurityState) {
        switch state.agreed {
        case .plain: self.integer(UInt8(0))
        case .sdes(let receive, let send):
            self.integer(UInt8(1))
            self.master(receive)
            self.master(send)
        case .dtls(let agreement):
            self.integer(UInt8(2))
            self.agreement(agreement)
        }
        self.optional(state.secrets) { $0.secrets($1) }
        self.flag(state.renewsKeys)
        self.flag(state.renewsICE)
        self.flag(state.renewsOwn)
        self.optional(state.renewed) { $0.secrets($1) }
        self.flag(state.usedMasters)
        self.integer(state.associations)
    }

    mutating func security(_ security: StreamSecurity) {
        self.array(security.crypto) {
            $0.integer($1.tag)
            $0.text($1.suiteName)
            $0.master($1.master)
        }
        self.array(security.fingerprints) { $0.fingerprint($1) }
        self.optional(security.setup) { $0.choice($1) }
    }

    mutating func ice(_ ice: ICEDescription) {
        self.credentials(ice.credentials)
        self.flag(ice.isLite)
        self.flag(ice.trickles)
        self.array(ice.candidates) {
            $0.integer($1.component)
            $0.integer($1.priority)
            $0.address($1.address)
            $0.choice($1.kind)
        }
        self.optional(ice.chosenByRemote) { $0.address($1) }
    }

    mutating func protection(_ leg: MediaIntent.Leg) {
        self.flag(leg.isSecure)
        self.optional(leg.security) {
            $0.integer($1.keyID)
            $0.key($1.receive)
            $0.key($1.send)
            $0.flag($1.plainSRTCPIn)
            $0.flag($1.plainSRTCPOut)
            $0.integer($1.overlapMs)
        }
        self.optional(leg.ice) {
            $0.string($1.localUfrag)
            $0.string($1.localPassword)
            $0.optional($1.remoteUfrag) { $0.string($1) }
            $0.flag($1.earlyLatch)
        }
        self.flag(leg.dtls)
        self.optional(leg.dtlsAgreement) {
            $0.integer($1.association)
            $0.choice($1.role)
            $0.array($1.fingerprints) { $0.fingerprint($1) }
            $0.optional($1.certificate) { $0.fingerprint($1) }
            $0.array($1.profiles) { $0.integer($1) }
        }
    }

    private mutating func key(_ key: SRTPKey) {
        self.integer(key.suite)
        self.string(key.key)
        self.string(key.salt)
        self.string(key.mki)
    }

    private mutating func master(_ master: SRTPMasterKey) {
        self.choice(master.suite)
        self.string(master.key + master.salt)
        self.string(master.mki)
        self.flag(master.plainSRTCP)
    }

    private mutating func secrets(_ secrets: LegSecrets) {
        self.array(secrets.masters) { $0.master($1) }
        self.credentials(secrets.ice)
        self.optional(secrets.fingerprint) { $0.fingerprint($1) }
    }

    private mutating func credentials(_ credentials: ICECredentials) {
        self.string(credentials.ufrag)
        self.string(credentials.password)
    }

    private mutating func agreement(_ agreement: DTLSAgreement) {
        self.choice(agreement.role)
        self.array(agreement.fingerprints) { $0.fingerprint($1) }
        self.integer(agreement.association)
    }

    private mutating func fingerprint(_ fingerprint: Fingerprint) {
        self.choice(fingerprint.hash)
        self.string(fingerprint.digest)
    }
}
