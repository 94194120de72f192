// SPDX-License-Identifier: Apache-2.0

public import SIPMessage

/// Header fields of a trunk that pass to the other leg besides those of the table, by name or by
/// the beginning of a name, and what the box says of itself to the trunk.
public struct HeaderPassList: Sendable, Hashable {
    private var names: [HeaderName] = []
    /// With small letters.
    private var prefixes: [[UInt8]] = []
    /// Value of X-MS-SBC in messages to the trunk; empty: none.
    public var sbc: [UInt8] = []

    /// Nothing.
    public init() {}

    /// Adds `Name`, or `Begin*`; false if it is no name, or names what the box answers for itself.
    public mutating func add(_ text: String) -> Bool {
        var bytes = Array(text.utf8)
        let isPrefix = bytes.last == UInt8(ascii: "*")
        if isPrefix { bytes.removeLast() }
        guard !bytes.isEmpty, bytes.allSatisfy(Self.isNameByte) else { return false }
        if isPrefix {
            // Short beginnings would let through what belongs to one leg.
            guard bytes.count >= 2 else { return false }
            self.prefixes.append(bytes.map(ASCII.lowered))
            return true
        }
        let name = HeaderName(bytes: bytes)
        guard !Self.isReserved(name) else { return false }
        self.names.append(name)
        return true
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x2d, 0x5f, 0x2e: true
        default: false
        }
    }

    /// True if the header field passes.
    public func passes(_ name: HeaderName) -> Bool {
        if self.names.contains(name) { return true }
        guard !self.prefixes.isEmpty, !Self.isReserved(name) else { return false }
        let text = name.bytes.map(ASCII.lowered)
        return self.prefixes.contains { text.starts(with: $0) }
    }

    var isEmpty: Bool { self.names.isEmpty && self.prefixes.isEmpty }

    /// What makes a dialog, a route, a transaction or a body, and what is negotiated with the box:
    /// never carried, nor named twice.
    static func isReserved(_ name: HeaderName) -> Bool {
        self.reserved.contains(name) || CarriedHeaders.rows.contains { $0.name == name }
    }

    private static let reserved: Set<HeaderName> = [
        .via, .from, .to, .callID, .cSeq, .contact, .maxForwards, .route, .recordRoute,
        .contentType, .contentLength, .contentEncoding, .contentDisposition, .contentLanguage,
        .mimeVersion, .contentID, .allow, .supported, .require, .proxyRequire,
        .unsupported, .retryAfter, .userAgent, .server, .date, .authorization,
        .proxyAuthorization, .wwwAuthenticate, .proxyAuthenticate, .warning, .event,
        .referTo, .replaces, .sessionExpires, .minSE, .rSeq,
        .rAck, .path, .serviceRoute,
        .pAssertedIdentity, .pPreferredIdentity, HeaderName("Remote-Party-ID"), .privacy,
        .identity, .diversion, .historyInfo, .geolocation, HeaderName("X-MS-SBC"),
    ]

    /// Copies what passes.
    func copy(from message: SIPMessage, to builder: inout SIPMessageBuilder) {
        guard !self.isEmpty else { return }
        for header in message.spelledHeaders where self.passes(HeaderName(bytes: header.name)) {
            builder.add(spelled: header.name, header.value)
        }
    }

    /// Says which box this is.
    func addIdentification(to builder: inout SIPMessageBuilder) {
        if !self.sbc.isEmpty { builder.add(spelled: Array("X-MS-SBC".utf8), self.sbc) }
    }
}
