// SPDX-License-Identifier: Apache-2.0

import SIPMessage

/// Somebody in a request, as the consultation names him.
public struct CallParty: Sendable, Hashable {
    /// His URI as it stands in the request.
    public let uri: [UInt8]
    /// His E.164 number, `+` and 1 to 15 digits, of a tel URI or of the user of a SIP URI; nil
    /// where it has none.
    public let number: [UInt8]?

    /// From a URI.
    public init(uri: ArraySlice<UInt8>) {
        self.uri = Array(uri)
        switch try? URI.parse(uri) {
        case .tel(let tel): self.number = Self.e164(tel.digits)
        case .sip(let sip):
            // Parameters of a number stand in the user (RFC 3261 section 19.1.6).
            let user = (sip.user ?? []).prefix { $0 != UInt8(ascii: ";") }
            self.number = Self.e164(user.filter { ![0x2d, 0x2e, 0x28, 0x29].contains($0) })
        case .other, nil: self.number = nil
        }
    }

    /// The digits where they are an E.164 number.
    public static func e164(_ digits: [UInt8]) -> [UInt8]? {
        guard digits.first == UInt8(ascii: "+"), (2...16).contains(digits.count),
            digits.dropFirst().allSatisfy({ (0x30...0x39).contains($0) })
        else { return nil }
        return digits
    }
}

/// Who is served, and who calls.
enum ServedUser {
    private static let headerName = HeaderName("P-Served-User")

    /// P-Served-User (RFC 5502); nil where it is absent or malformed.
    static func header(_ request: SIPMessage) -> NameAddr? {
        request.first(self.headerName).flatMap { try? NameAddr($0) }
    }

    /// Nil where the request does not say who he is.
    static func party(_ request: SIPMessage, _ sessionCase: SessionCase) -> CallParty? {
        if let user = self.header(request) { return CallParty(uri: user.uri) }
        switch sessionCase {
        case .originating: return self.asserted(request).map { CallParty(uri: $0.uri) }
        case .terminating, .originatingDiversion: return CallParty(uri: request.requestURI)
        }
    }

    /// Who calls: the asserted identity, else From.
    static func caller(_ request: SIPMessage) -> CallParty? {
        (self.asserted(request) ?? (try? request.from())).map { CallParty(uri: $0.uri) }
    }

    private static func asserted(_ request: SIPMessage) -> NameAddr? {
        request.all(.pAssertedIdentity).lazy.compactMap { try? NameAddr($0) }.first
    }
}
