// SPDX-License-Identifier: Apache-2.0

import FlowABI
import Management
import SDP

extension FlowsFile {
    /// What the members of a flow for SRTP and ICE make of it.
    func secureFlags(_ flow: DocumentPlace) throws(Failure) -> FlowSpecification.Flags {
        var flags: FlowSpecification.Flags = []
        if try flow.optional("srtp") != nil { flags.insert(.srtp) }
        guard let ice = try flow.optional("ice") else { return flags }
        flags.insert(.ice)
        if let latch = try ice.optional("early_latch"), try latch.flag() {
            guard flags.contains(.srtp) else { throw latch.fault("needs srtp too") }
            flags.insert(.earlyLatch)
        }
        return flags
    }
}

extension DocumentPlace {
    /// The keys of both directions.
    func keys() throws(Failure) -> FlowKeys {
        try self.allow(["receive", "send"])
        let receive = try self.required("receive").crypto()
        let sendPlace = try self.required("send")
        let send = try sendPlace.crypto()
        var flags: FlowKeys.Flags = []
        if receive.plainSRTCP { flags.insert(.plainSRTCPIn) }
        if send.plainSRTCP { flags.insert(.plainSRTCPOut) }
        guard
            let keys = FlowKeys(
                keyID: 1, flags: flags, overlapMs: 0, receive: try self.key(receive),
                send: try self.key(send))
        else { throw sendPlace.fault("has a key identifier; what is sent carries none") }
        return keys
    }

    private func key(_ master: SRTPMasterKey) throws(Failure) -> FlowKeys.Key {
        guard
            let key = FlowKeys.Key(
                suite: master.suite.rawValue, key: master.key, salt: master.salt, mki: master.mki)
        else { throw self.fault("the fast path takes no such key") }
        return key
    }

    /// The value of an a=crypto line (RFC 4568).
    private func crypto() throws(Failure) -> SRTPMasterKey {
        let text = try self.string()
        guard let value = SDPText(text.utf8) else { throw self.fault("is more than one line") }
        do {
            return try CryptoAttribute(value).master
        } catch {
            throw self.fault(
                "\(error.rawValue); write what stands behind a=crypto, such as "
                    + "\"1 AES_CM_128_HMAC_SHA1_80 inline:...\"")
        }
    }

    /// ICE credentials.
    func credentials() throws(Failure) -> FlowICE {
        try self.allow(["ufrag", "password", "remote_ufrag", "early_latch"])
        let ufrag = Array(try self.required("ufrag").string().utf8)
        let password = Array(try self.required("password").string().utf8)
        let remote = Array(try self.optional("remote_ufrag")?.string().utf8 ?? "".utf8)
        guard let ice = FlowICE(localUfrag: ufrag, localPassword: password, remoteUfrag: remote)
        else {
            throw self.fault(
                "write a ufrag of 4 to \(FlowICE.ufragMax) bytes without a colon and a password of "
                    + "22 to \(FlowICE.passwordMax)")
        }
        return ice
    }

    func flag() throws(Failure) -> Bool {
        guard let value = self.value.bool else { throw self.fault("write true or false") }
        return value
    }
}
