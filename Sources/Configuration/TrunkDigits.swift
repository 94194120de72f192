// SPDX-License-Identifier: Apache-2.0

import CallControl

/// Reads what a trunk's section says of digits.
struct TrunkDigits {
    private typealias Keys = DigitKeys
    private let section: SectionReader

    init(_ section: SectionReader) { self.section = section }

    /// Nil where nothing is said, or where an issue says what is wrong.
    func read() -> DigitPolicy? {
        let isAsked = [Keys.send, Keys.receive].contains { self.section.node($0) != nil }
        guard isAsked else {
            for key in Keys.all where self.section.node(key) != nil {
                self.fault(
                    key, "goes with dtmf-send or dtmf-receive, and this trunk has neither",
                    "write dtmf-send: rfc4733 or the like too, or leave \(key.name) out")
            }
            return nil
        }
        var policy = DigitPolicy()
        if let form: DigitForm = self.section.word(Keys.send) { policy.send = form }
        policy.receive = self.forms() ?? DigitForms(policy.send)
        policy.reports = self.section.flag(Keys.report)
        policy.looksAhead = self.section.flag(Keys.lookAhead)
        if policy.looksAhead, !policy.receive.contains(.tones) {
            self.fault(
                Keys.lookAhead, "is for tones, and its digits are none",
                "write tones in dtmf-receive too, or leave dtmf-look-ahead out")
        }
        policy.volume = UInt8(clamping: self.number(Keys.volume))
        policy.durationMs = UInt32(clamping: self.number(Keys.duration))
        policy.pauseMs = UInt32(clamping: self.number(Keys.pause))
        policy.limitMs = UInt32(clamping: self.number(Keys.limit))
        policy.digitsPerSecond = UInt32(clamping: self.number(Keys.rate))
        policy.notifyClock = UInt32(clamping: self.number(Keys.notifyClock))
        self.type(Keys.infoRelayType, &policy.infoRelayType)
        self.type(Keys.infoType, &policy.infoType)
        self.type(Keys.notifyType, &policy.notifyType)
        if let event = self.section.text(Keys.notifyEvent) {
            policy.notifyEvent = Array(event.value.utf8)
            if !Self.isToken(policy.notifyEvent) { self.refuse(event, Keys.notifyEvent) }
        }
        if policy.infoRelayType == policy.infoType {
            self.fault(
                Keys.infoType, "is that of dtmf-info-relay-type",
                "write another one: the two are told apart by it")
        }
        return policy
    }

    private func forms() -> DigitForms? {
        guard let texts = self.section.texts(Keys.receive) else { return nil }
        var forms: DigitForms = []
        for text in texts {
            guard let form: DigitForm = self.section.word(of: text) else { continue }
            forms.insert(DigitForms(form))
        }
        if texts.isEmpty {
            self.fault(
                Keys.receive, "names no form", "write \(Keys.receive.example) or the like")
        }
        return forms
    }

    private func number(_ key: Key) -> Int { self.section.integer(key)?.value ?? 0 }

    private func type(_ key: Key, _ place: inout [UInt8]) {
        guard let text = self.section.text(key) else { return }
        place = Array(text.value.utf8)
        let parts = place.split(separator: 0x2f, omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy(Self.isToken) else {
            return self.refuse(text, key)
        }
    }

    private func refuse(_ text: Located<String>, _ key: Key) {
        self.section.issues.add(
            text, "is \(Shown.value(text.value))", "write \(key.example) or the like")
    }

    /// A token of RFC 3261 section 25.1, of at most 64 octets.
    private static func isToken(_ bytes: some Collection<UInt8>) -> Bool {
        (1...64).contains(bytes.count)
            && bytes.allSatisfy { byte in
                (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte)
                    || (0x61...0x7a).contains(byte) || "-.!%*_+`'~".utf8.contains(byte)
            }
    }

    private func fault(_ key: Key, _ problem: String, _ fix: String) {
        self.section.issues.add(
            self.section.node(key)?.line ?? self.section.line,
            SectionReader.join(self.section.key, key.name), problem, fix)
    }
}
