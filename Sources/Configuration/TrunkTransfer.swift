// SPDX-License-Identifier: Apache-2.0

/// How a trunk's calls may be transferred, and which events pass.
public struct TrunkTransfer: Sendable, Hashable {
    /// What a REFER of the peer gets.
    public enum Refer: String, Sendable, CaseIterable {
        case local, pass, refuse
    }

    /// Whose calls an INVITE with Replaces may take over.
    public enum Replaces: String, Sendable, CaseIterable {
        case own, any, refuse
    }

    /// Events that pass without a subscription.
    public enum Event: String, Sendable, CaseIterable {
        case telephoneEvent = "telephone-event"
        case messageSummary = "message-summary"
    }

    /// REFER of the peer.
    public var refer = Refer.refuse
    /// INVITE with Replaces of the peer.
    public var replaces = Replaces.refuse
    /// INVITEs to the peer may have Replaces.
    public var sendsReplaces = false
    /// NOTIFY that passes.
    public var events: Set<Event> = []

    /// Nothing may be transferred, and nothing passes.
    public init() {}
}

extension TrunkTransfer {
    /// What the section of a trunk says; where something is wrong an issue says so.
    init(_ section: SectionReader) {
        if let refer: Refer = Self.word(section, TransferKeys.refer) { self.refer = refer }
        if let replaces: Replaces = Self.word(section, TransferKeys.replaces) {
            self.replaces = replaces
        }
        self.sendsReplaces = section.flag(TransferKeys.sendReplaces)
        for text in section.texts(TransferKeys.events) ?? [] {
            if let event: Event = Self.value(text, section.issues) { self.events.insert(event) }
        }
    }

    private static func word<Word: RawRepresentable<String> & CaseIterable>(
        _ section: SectionReader, _ key: Key
    ) -> Word? {
        section.text(key).flatMap { self.value($0, section.issues) }
    }

    private static func value<Word: RawRepresentable<String> & CaseIterable>(
        _ text: Located<String>, _ issues: IssueList
    ) -> Word? {
        if let value = Word(rawValue: text.value) { return value }
        let words = Word.allCases.map(\.rawValue)
        let nearest = Spelling.nearest(to: text.value, in: words)
        let all = words.joined(separator: ", ")
        issues.add(
            text, "is \(Shown.value(text.value))",
            nearest.map { "did you mean \($0)?" } ?? "write one of \(all)")
        return nil
    }
}
