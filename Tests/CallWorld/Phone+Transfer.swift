// SPDX-License-Identifier: Apache-2.0

import SIPDialog
import SIPMessage
import SIPTransaction

// A telephone that transfers.
extension Phone {
    /// Asks for the other party of a call to be connected with somebody else. `target` is the
    /// value of Refer-To.
    @discardableResult
    func refer(
        _ call: PhoneCall, to target: String, headers: [(HeaderName, String)] = []
    ) -> ClientTransactionID? {
        guard self.calls[call.callID] != nil, call.dialog != nil, !call.byeSent else { return nil }
        return self.send(
            .refer, in: call,
            headers: [
                (.referTo, target), (.contact, String(decoding: self.contact, as: UTF8.self)),
            ] + headers)
    }

    /// News of what a REFER led to.
    func noteNews(_ message: SIPMessage) {
        let text = String(decoding: message.body, as: UTF8.self)
        let line = text.split(separator: "\r\n").first.map(String.init) ?? ""
        let state = message.first(.subscriptionState).map { String(decoding: $0, as: UTF8.self) }
        let word = state?.split(separator: ";").first ?? ""
        self.news.append("\(line.dropFirst(8)) \(word)")
        guard line.hasPrefix("SIP/2.0 2"), let after = self.script.byeAfterSuccess,
            let callID = try? Array(message.callID()), let call = self.calls[callID]
        else { return }
        self.world.after(after) { self.hangUp(call) }
    }

    /// A REFER was answered.
    func referAnswered(_ call: PhoneCall, _ status: Int) {
        guard status < 300, let after = self.script.byeAfterAccepted else { return }
        self.world.after(after) { self.hangUp(call) }
    }
}

extension PhoneCall {
    /// Its dialog as the other end is asked to replace it: the value of Replaces. `escaped`: as it
    /// stands in a URI.
    func replaces(escaped: Bool = false, farEnd: Bool = false) -> String? {
        guard let key = self.dialog?.key else { return nil }
        func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
        let tags = farEnd ? (key.localTag, key.remoteTag) : (key.remoteTag, key.localTag)
        let value = "\(text(key.callID));to-tag=\(text(tags.0));from-tag=\(text(tags.1))"
        guard escaped else { return value }
        return value.replacing(";", with: "%3B").replacing("=", with: "%3D")
            .replacing("@", with: "%40")
    }
}
