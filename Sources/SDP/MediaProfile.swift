// SPDX-License-Identifier: Apache-2.0

/// What the transport of an m= line says about RTP, however the services write it.
struct MediaProfile: Sendable, Hashable {
    /// False for AVP, whose keys, if any, are an offer that may be passed over (RFC 8643).
    var isSecure: Bool

    /// Nil for what is not RTP on UDP.
    init?(_ transport: SDPText) {
        guard
            let known = Self.known.first(where: { $0.name.equalsIgnoringCase(transport) })
        else { return nil }
        self.isSecure = known.isSecure
    }

    private static let known: [(name: SDPText, isSecure: Bool)] = [
        ("RTP/AVP", false), ("RTP/SAVP", true), ("UDP/TLS/RTP/SAVP", true),
        ("UDP/TLS/RTP/SAVPF", true), ("RTP/SAVPF", true), ("RTP/AVPF", false),
        ("UDP/RTP/AVP", false), ("UDP/RTP/AVPF", false), ("UDP/RTP/SAVP", true),
        ("UDP/RTP/SAVPF", true),
    ]
}
