// SPDX-License-Identifier: Apache-2.0

import SIPMessage

// What comes of the DTLS handshakes that offer and answer spoke of.
extension Call {
    /// A handshake gave keys.
    func dtlsEstablished(_ side: Side, association: UInt32, keys: HandshakeKeys) {
        guard !self.isEnding, self.legs[side].keys.finish(association, .success(keys)) else {
            self.context.counters.handshakesStale &+= 1
            return
        }
        self.context.counters.handshakes &+= 1
        self.refreshMedia()
        self.checkpoint()
    }

    /// The party made a handshake again, and there are other keys.
    func dtlsRenewed(_ side: Side, association: UInt32, keys: HandshakeKeys) {
        guard !self.isEnding, self.legs[side].keys.renew(association, keys) else {
            self.context.counters.handshakesStale &+= 1
            return
        }
        self.context.counters.handshakes &+= 1
        self.refreshMedia()
        self.checkpoint()
    }

    /// A handshake came to nothing. Before the answer that ends the call if it was the caller's:
    /// of the callee's there may be other branches.
    func dtlsFailed(_ side: Side, association: UInt32, reason: String) {
        let failure = LegKeys.Failure(reason: Self.quotable(reason))
        guard !self.isEnding, self.legs[side].keys.finish(association, .failure(failure)) else {
            self.context.counters.handshakesStale &+= 1
            return
        }
        if side == .b, case .settingUp = self.state { return }
        self.endIfHandshakeFailed()
    }

    /// Ends the call if a handshake that its media waits for has failed.
    func endIfHandshakeFailed() {
        for side in Side.allCases {
            guard let number = self.media[side].dtlsAgreement?.association,
                let reason = self.legs[side].keys.failure(of: number)
            else { continue }
            self.context.counters.handshakesFailed &+= 1
            return self.end(
                .handshakeFailed, status: 488,
                reason: "SIP;cause=488;text=\"DTLS: \(reason)\"")
        }
    }

    /// What may stand in a quoted string.
    private static func quotable(_ text: String) -> String {
        let bytes = text.utf8.prefix(120).map { byte -> UInt8 in
            (0x20...0x7e).contains(byte) && byte != UInt8(ascii: "\"")
                && byte != UInt8(ascii: "\\") ? byte : UInt8(ascii: "'")
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
