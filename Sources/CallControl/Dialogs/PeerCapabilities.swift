// SPDX-License-Identifier: Apache-2.0

import SIPMessage

/// What a party said last of what it understands: Allow and Supported (RFC 3261 sections 20.5 and
/// 20.37).
struct PeerCapabilities: OptionSet, Sendable, Hashable {
    let rawValue: UInt16

    /// It sent an Allow; what is not in it must not be sent to it.
    static let hasAllow = PeerCapabilities(rawValue: 1)
    /// Allow names UPDATE.
    static let update = PeerCapabilities(rawValue: 1 << 1)
    /// Allow names OPTIONS.
    static let options = PeerCapabilities(rawValue: 1 << 2)
    /// Allow names PRACK.
    static let prack = PeerCapabilities(rawValue: 1 << 3)
    /// Supported or Require names 100rel.
    static let reliable = PeerCapabilities(rawValue: 1 << 4)
    /// Supported or Require names timer.
    static let timer = PeerCapabilities(rawValue: 1 << 5)

    /// It refused an UPDATE although Allow names it.
    static let refusesUpdate = PeerCapabilities(rawValue: 1 << 6)

    /// Allow names NOTIFY.
    static let notify = PeerCapabilities(rawValue: 1 << 7)
    /// Allow names REFER.
    static let refer = PeerCapabilities(rawValue: 1 << 8)

    /// Allow leaves INFO out. The other way round than its sisters, since of parties in checkpoints
    /// without this bit nobody knows.
    static let refusesInfo = PeerCapabilities(rawValue: 1 << 9)

    static let all = PeerCapabilities(rawValue: 1023)

    /// Takes up what a message says. A list that it does not have leaves that part as it was.
    mutating func learn(from message: SIPMessage) {
        if message.first(.allow) != nil {
            self.subtract(Self.allowed)
            self.insert([.hasAllow, .refusesInfo])
            for method in message.all(.allow) {
                if method.elementsEqual("INFO".utf8) { self.remove(.refusesInfo) }
                self.formUnion(Self.capability(method))
            }
        }
        if message.first(.supported) != nil {
            self.set(.reliable, message.lists(.supported, "100rel"))
            self.set(.timer, message.lists(.supported, "timer"))
        }
        if message.lists(.require, "100rel") { self.insert(.reliable) }
        if message.lists(.require, "timer") { self.insert(.timer) }
    }

    /// What Allow alone says.
    private static let allowed: PeerCapabilities = [.update, .options, .prack, .notify, .refer]

    /// Nothing for a method that nobody asks about. Methods are case-sensitive (RFC 3261 section
    /// 7.1).
    private static func capability(_ method: ArraySlice<UInt8>) -> PeerCapabilities {
        if method.elementsEqual("UPDATE".utf8) { return .update }
        if method.elementsEqual("OPTIONS".utf8) { return .options }
        if method.elementsEqual("PRACK".utf8) { return .prack }
        if method.elementsEqual("NOTIFY".utf8) { return .notify }
        if method.elementsEqual("REFER".utf8) { return .refer }
        return []
    }

    private mutating func set(_ capability: PeerCapabilities, _ isThere: Bool) {
        if isThere { self.insert(capability) } else { self.remove(capability) }
    }

    /// UPDATE may be sent: only to who names it (RFC 3311 section 5.1).
    var takesUpdate: Bool { self.contains(.update) && !self.contains(.refusesUpdate) }
    /// OPTIONS may be sent: every user agent serves it, but for one whose Allow leaves it out.
    var takesOptions: Bool { !self.contains(.hasAllow) || self.contains(.options) }
    /// NOTIFY may be sent: the party never said that it does not take it.
    var takesNotify: Bool { !self.contains(.hasAllow) || self.contains(.notify) }
    /// The same of REFER.
    var takesRefer: Bool { !self.contains(.hasAllow) || self.contains(.refer) }
    /// The same of INFO.
    var takesInfo: Bool { !self.contains(.refusesInfo) }
    /// 18x may be sent reliably: an Allow without PRACK says that none will come.
    var takesReliable: Bool {
        self.contains(.reliable) && (!self.contains(.hasAllow) || self.contains(.prack))
    }
}
