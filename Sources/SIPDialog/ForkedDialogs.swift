// SPDX-License-Identifier: Apache-2.0

public import SIPMessage

/// The dialogs of one INVITE that proxies may have forked (RFC 3261 sections 12.1.2 and
/// 13.2.2.4): one for each To tag. At most `limit` are kept.
public struct ForkedDialogs: Sendable {
    /// What a response did.
    public enum Outcome: Sendable {
        /// Nothing: a 100, a provisional without tag, or a final response other than 2xx.
        case none
        /// A provisional response made a dialog.
        case created(DialogKey)
        /// A provisional response of a dialog that exists.
        case early(DialogKey)
        /// The first 2xx: its dialog is the call's. Acknowledge it.
        case accepted(DialogKey)
        /// The 2xx of the accepted dialog again: repeat the ACK.
        case repeated(DialogKey)
        /// A 2xx of another branch: acknowledge it, then end it with BYE.
        case another(Dialog)
        /// A provisional response beyond the limit; counted by the owner and ignored.
        case excess
        /// The response cannot be read.
        case unreadable(DialogError)
    }

    /// The most dialogs that are kept.
    public let limit: Int
    /// The dialog of the first 2xx.
    public private(set) var acceptedKey: DialogKey?
    private let request: SIPMessage
    private let overTLS: Bool
    private var dialogs: [DialogKey: Dialog] = [:]

    /// For an INVITE that is being sent.
    public init(invite: SIPMessage, overTLS: Bool, limit: Int = 16) {
        self.request = invite
        self.overTLS = overTLS
        self.limit = max(limit, 1)
    }

    /// A dialog by its key.
    public subscript(key: DialogKey) -> Dialog? { self.dialogs[key] }

    /// The number of dialogs.
    public var count: Int { self.dialogs.count }

    /// A response to the INVITE came.
    public mutating func received(_ response: SIPMessage) -> Outcome {
        guard let status = response.status, (101...299).contains(status) else { return .none }
        // Only a peer of RFC 2543 sends a 2xx without a tag.
        if status < 200, (try? response.to().tag) == .some(nil) { return .none }
        do throws(DialogError) {
            let made = try Dialog(
                client: self.request, response: response, overTLS: self.overTLS)
            return status < 200 ? self.provisional(made) : try self.success(made, response)
        } catch {
            return .unreadable(error)
        }
    }

    private mutating func provisional(_ made: Dialog) -> Outcome {
        if self.dialogs[made.key] != nil { return .early(made.key) }
        guard self.dialogs.count < self.limit else { return .excess }
        self.dialogs[made.key] = made
        return .created(made.key)
    }

    private mutating func success(
        _ made: Dialog, _ response: SIPMessage
    ) throws(DialogError) -> Outcome {
        if made.key == self.acceptedKey { return .repeated(made.key) }
        var dialog = self.dialogs[made.key] ?? made
        try dialog.confirm(with: response)
        guard self.acceptedKey == nil else {
            self.dialogs[made.key] = nil
            return .another(dialog)
        }
        self.acceptedKey = made.key
        self.dialogs[made.key] = dialog
        return .accepted(made.key)
    }
}
