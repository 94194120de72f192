// SPDX-License-Identifier: Apache-2.0

import CallControl
import SDP

/// What passes between a trunk and the other leg of a call, read from the trunk's section.
struct TrunkInterworking {
    private typealias Keys = InterworkingKeys
    private let section: SectionReader
    private let hasCodecs: Bool

    /// For the section of one trunk; `hasCodecs` says that it lists codecs.
    init(_ section: SectionReader, hasCodecs: Bool) {
        self.section = section
        self.hasCodecs = hasCodecs
    }

    /// The policies; where something is wrong an issue says so.
    func read() -> Interworking {
        var policies = Interworking()
        self.word(Keys.multipart, &policies.bodies)
        self.word(Keys.offer, &policies.offers)
        self.word(Keys.uriParameters, &policies.parameters)
        self.readDescriptions(&policies.descriptions)
        self.readProgress(&policies.progress)
        self.readIdentity(&policies.identity)
        self.word(Keys.diversion, &policies.diversions.style)
        if let most = self.section.integer(Keys.diversionsMax) {
            policies.diversions.entriesMax = most.value
        }
        self.readNumbers(&policies.numbers)
        self.readHeaders(&policies.headers)
        return policies
    }

    private func readDescriptions(_ descriptions: inout DescriptionPolicy) {
        self.word(Keys.hold, &descriptions.hold)
        self.word(Keys.codecOrder, &descriptions.order)
        self.word(Keys.answerCodecs, &descriptions.answer)
        if let ptime = self.section.integer(Keys.ptime) {
            descriptions.ptimeMilliseconds = UInt32(clamping: ptime.value)
        }
        if descriptions.order == .listed, !self.hasCodecs {
            self.fault(
                Keys.codecOrder, "is listed, but there is no list", "write codecs too, or offered")
        }
    }

    private func readProgress(_ progress: inout ProgressPolicy) {
        self.word(Keys.earlyMedia, &progress.earlyMedia)
        self.word(Keys.ringing, &progress.ringing)
        self.word(Keys.earlyDialogs, &progress.dialogs)
        self.word(Keys.callProgress, &progress.information)
        progress.passesTermination = self.section.flag(Keys.passTermination)
        progress.gatesMedia = self.section.flag(Keys.earlyMediaGate)
        if progress.passesTermination, progress.dialogs == .one {
            self.fault(
                Keys.passTermination, "ends one early dialog, and early-dialogs: one has no other",
                "leave pass-199 out, or write early-dialogs: each")
        }
    }

    private func readIdentity(_ identity: inout IdentityPolicy) {
        identity.isTrusted = self.section.flag(Keys.trusted)
        self.word(Keys.signatures, &identity.signatures)
        self.word(Keys.signedNumbers, &identity.signedNumbers)
        for text in self.section.texts(Keys.identityFrom) ?? [] {
            guard let source: IdentityPolicy.Source = self.section.word(of: text) else { continue }
            if identity.sources.contains(source) {
                self.section.issues.add(
                    text, "\(Shown.value(text.value)) stands twice", "write each once")
            } else {
                identity.sources.append(source)
            }
        }
    }

    private func readNumbers(_ numbers: inout NumberFormat) {
        self.word(Keys.numbers, &numbers.style)
        self.word(Keys.numberURIs, &numbers.uris)
        if let code = self.digits(Keys.countryCode, 1...3) { numbers.countryCode = code }
        if let prefix = self.digits(Keys.nationalPrefix, 1...4) { numbers.nationalPrefix = prefix }
        if let prefix = self.digits(Keys.internationalPrefix, 1...4) {
            numbers.internationalPrefix = prefix
        }
        if numbers.style == .national, numbers.countryCode.isEmpty {
            self.fault(
                Keys.numbers, "is national, but of which country is not said",
                "write country-code: \(Keys.countryCode.example) or the like")
        }
        let others = [Keys.countryCode, Keys.nationalPrefix, Keys.internationalPrefix]
        for key in others where numbers.style != .national && self.isWritten(key) {
            self.fault(
                key, "is for national numbers",
                "write numbers: national too, or leave \(key.name) out")
        }
    }

    private func digits(_ key: Key, _ range: ClosedRange<Int>) -> [UInt8]? {
        guard let text = self.section.text(key) else { return nil }
        let bytes = Array(text.value.utf8)
        if range.contains(bytes.count), bytes.allSatisfy({ (0x30...0x39).contains($0) }) {
            return bytes
        }
        self.section.issues.add(
            text, "is \(Shown.value(text.value))",
            "write \(range.lowerBound) to \(range.upperBound) digits, such as \(key.example)")
        return nil
    }

    private func readHeaders(_ headers: inout HeaderPassList) {
        for text in self.section.texts(Keys.passHeaders) ?? [] where !headers.add(text.value) {
            self.section.issues.add(
                text, "\(Shown.value(text.value)) is no name of a header field that can pass so",
                "write NAME, or at least two letters and *; what makes a dialog, a route or a "
                    + "body, and what has a policy of its own, never passes so")
        }
        guard let value = self.section.text(Keys.sbcHeader) else { return }
        let bytes = Array(value.value.utf8)
        guard (1...128).contains(bytes.count), bytes.allSatisfy({ (0x20...0x7e).contains($0) })
        else {
            return self.section.issues.add(
                value, "is \(Shown.value(value.value))",
                "write 1 to 128 printable characters, such as \(Keys.sbcHeader.example)")
        }
        headers.sbc = bytes
    }

    // MARK: Reading

    private func isWritten(_ key: Key) -> Bool { self.section.node(key) != nil }

    private func fault(_ key: Key, _ problem: String, _ fix: String) {
        self.section.issues.add(
            self.section.node(key)?.line ?? self.section.line,
            SectionReader.join(self.section.key, key.name), problem, fix)
    }

    private func word<Word: RawRepresentable<String> & CaseIterable>(
        _ key: Key, _ place: inout Word
    ) {
        if let word: Word = self.section.word(key) { place = word }
    }
}
