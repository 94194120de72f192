// SPDX-License-Identifier: Apache-2.0

public import SIPMessage

/// What identifies a dialog at one end (RFC 3261 section 12): Call-ID, local and remote tag. A
/// peer of RFC 2543 may have no tag; it is empty then.
public struct DialogKey: Sendable, Hashable {
    /// Call-ID; case-sensitive.
    public let callID: [UInt8]
    /// Our tag.
    public let localTag: [UInt8]
    /// The peer's tag.
    public let remoteTag: [UInt8]

    /// From its parts.
    public init(callID: [UInt8], localTag: [UInt8], remoteTag: [UInt8]) {
        self.callID = callID
        self.localTag = localTag
        self.remoteTag = remoteTag
    }

    /// The dialog that a request received belongs to; nil when it has no To tag or cannot be read.
    public init?(receivedRequest request: SIPMessage) {
        guard let callID = try? request.callID(), let from = try? request.from(),
            let local = try? request.to().tag
        else { return nil }
        self.init(
            callID: Array(callID), localTag: Array(local), remoteTag: Array(from.tag ?? []))
    }

    /// The dialog that a response received belongs to; nil when it has no To tag, as a 100, or
    /// cannot be read.
    public init?(receivedResponse response: SIPMessage) {
        guard let callID = try? response.callID(), let local = try? response.from().tag,
            let remote = try? response.to().tag
        else { return nil }
        self.init(callID: Array(callID), localTag: Array(local), remoteTag: Array(remote))
    }
}
