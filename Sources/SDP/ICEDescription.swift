// SPDX-License-Identifier: Apache-2.0

public import NetworkAddress

/// What one side's description says about ICE for one stream.
public struct ICEDescription: Sendable, Hashable {
    /// Of the writer.
    public var credentials: ICECredentials
    /// The writer only answers checks.
    public var isLite: Bool
    /// More candidates would come later (RFC 8838); nobody here takes them, checks show them.
    public var trickles: Bool
    /// The writer's, at most the first 16 that serve.
    public var candidates: [ICECandidate]
    /// Ours that the writer chose (RFC 8839 section 5.2), for RTP; nil until it is done.
    public var chosenByRemote: SocketAddress?

    /// From its parts.
    public init(
        credentials: ICECredentials, isLite: Bool, trickles: Bool = false,
        candidates: [ICECandidate] = [], chosenByRemote: SocketAddress? = nil
    ) {
        self.credentials = credentials
        self.isLite = isLite
        self.trickles = trickles
        self.candidates = candidates
        self.chosenByRemote = chosenByRemote
    }

    /// True if the other description belongs to the same ICE session: not an ICE restart (RFC
    /// 8839 section 4.4.1.1.1).
    public func continues(_ other: ICEDescription) -> Bool {
        self.credentials == other.credentials
    }
}
