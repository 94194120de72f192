// SPDX-License-Identifier: Apache-2.0

/// What a trunk's peer may do to move calls from one party to another. The default is to let it do
/// nothing: a method that is not served is not listed in Allow, and peers look there before they
/// choose how to transfer.
public struct TransferPolicy: Sendable, Hashable {
    /// What a REFER of the peer gets (RFC 3515).
    public enum Refer: UInt8, Sendable, Hashable {
        /// 405, and Allow does not name it.
        case refuse
        /// The box calls the new party itself, and the other party notices nothing.
        case local
        /// The other party is asked to call.
        case pass
    }

    /// Whose dialogs an INVITE with Replaces may take over (RFC 3891).
    public enum Replaces: UInt8, Sendable, Hashable {
        /// Nobody's: 403.
        case refuse
        /// Those of the same trunk.
        case own
        /// Those of any trunk.
        case any
    }

    /// REFER of the peer.
    public var refer = Refer.refuse
    /// INVITE with Replaces of the peer.
    public var replaces = Replaces.refuse
    /// Packages of unsolicited NOTIFY that pass to the other side (RFC 6665 knows none; de facto
    /// there are telephone-event for digits and message-summary for lamps).
    public struct Events: OptionSet, Sendable, Hashable {
        public let rawValue: UInt8
        public init(rawValue: UInt8) { self.rawValue = rawValue }
        /// Digits, in calls.
        public static let telephoneEvent = Events(rawValue: 1)
        /// Messages that wait (RFC 3842), outside of calls.
        public static let messageSummary = Events(rawValue: 1 << 1)
    }

    /// A dialog that is to be replaced, and is none of ours, is named in INVITEs to the peer.
    public var sendsReplaces = false
    /// NOTIFY of the peer that passes though nobody subscribed.
    public var events: Events = []

    /// Nothing.
    public init() {}
}
