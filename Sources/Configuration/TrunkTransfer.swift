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
        if let refer: Refer = section.word(TransferKeys.refer) { self.refer = refer }
        if let replaces: Replaces = section.word(TransferKeys.replaces) {
            self.replaces = replaces
        }
        self.sendsReplaces = section.flag(TransferKeys.sendReplaces)
        for text in section.texts(TransferKeys.events) ?? [] {
            if let event: Event = section.word(of: text) { self.events.insert(event) }
        }
    }
}
