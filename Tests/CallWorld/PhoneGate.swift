// SPDX-License-Identifier: Apache-2.0

import SIPAuthentication
import SIPMessage
import SIPTransaction

/// What a telephone, or the carrier that it plays, wants to see of requests.
final class PhoneGate {
    var server = DigestServer(key: Array(repeating: 9, count: 32))
    var password = "secret"
    /// 407 instead of 401.
    var isProxy = false
    /// Calls the nonce of so many right answers stale.
    var staleAnswers = 0
    /// Seconds that a REGISTER gets; nil: as many as it asks for.
    var grants: UInt32?
    /// Seconds below which a REGISTER gets 423.
    var least: UInt32 = 0
    /// What REGISTERs get instead of an answer.
    var refuses: Int?
    /// What each REGISTER asked for.
    var registers: [UInt32] = []
    /// Methods that came with right credentials.
    var passed: [String] = []

    /// True when the request was answered with a challenge.
    func asks(
        _ message: SIPMessage, _ id: ServerTransactionID, _ source: Hop, _ phone: Phone
    ) -> Bool {
        guard let method = message.method, method != .ack, method != .cancel else { return false }
        let realm = Array("carrier".utf8)
        let request = DigestRequest(
            method: method.bytes, uri: Array(message.requestURI), body: Array(message.body))
        let name: HeaderName = self.isProxy ? .proxyAuthorization : .authorization
        var isStale = false
        if let value = message.first(name) {
            let verdict = self.server.judge(
                value, of: request, realm: realm, nowMs: phone.world.now
            ) { $0.elementsEqual("edge1".utf8) ? Array(self.password.utf8) : nil }
            if case .accepted = verdict {
                guard self.staleAnswers > 0 else {
                    self.passed.append(method.description)
                    return false
                }
                self.staleAnswers -= 1
                isStale = true
            }
        }
        let status = self.isProxy ? 407 : 401
        var template = ResponseTemplate(status: status, reason: "Test")
        template.toTag = Array("gate".utf8)
        guard var builder = template.builder(for: message, from: source) else { return false }
        let challenges = self.server.challenges(
            realm: realm, isStale: isStale, nowMs: phone.world.now)
        for challenge in challenges {
            builder.add(
                self.isProxy ? .proxyAuthenticate : .wwwAuthenticate, challenge.bytes)
        }
        phone.note("> \(status) \(method.description)")
        phone.layer.respond(id, status: status, bytes: builder.finish())
        phone.pump()
        return true
    }
}

extension Phone {
    /// Answers a REGISTER as a registrar does.
    func registered(_ message: SIPMessage, _ id: ServerTransactionID, _ source: Hop) {
        let asked = ((try? message.seconds(.expires)) ?? nil) ?? 0
        self.gate?.registers.append(asked)
        if let status = self.gate?.refuses { return self.respond(status, message, id, source) }
        let least = self.gate?.least ?? 0
        let isBrief = asked > 0 && asked < least
        var template = ResponseTemplate(status: isBrief ? 423 : 200, reason: "Test")
        template.toTag = Array("r".utf8)
        guard var builder = template.builder(for: message, from: source) else { return }
        if isBrief { builder.add(.minExpires, least) }
        let granted = min(self.gate?.grants ?? asked, asked)
        if !isBrief, granted > 0, let contact = message.first(.contact) {
            let uri = contact.prefix { $0 != UInt8(ascii: ">") } + [UInt8(ascii: ">")]
            builder.add(.contact, "<sip:other@192.0.2.99>;expires=7")
            builder.add(.contact, Array(uri) + Array(";expires=\(granted)".utf8))
        }
        self.note("> \(isBrief ? 423 : 200) REGISTER")
        self.layer.respond(id, status: isBrief ? 423 : 200, bytes: builder.finish())
        self.pump()
    }
}
