// SPDX-License-Identifier: Apache-2.0

import SIPMessage

/// What a REFER asks for (RFC 3515): whom to call, in whose name, and whether to report.
struct ReferRequest {
    /// Why a REFER is not understood.
    enum Fault: Error {
        /// There is not one readable Refer-To: 400 (RFC 3515 section 2.4.2).
        case malformed
        /// What it names is no telephone of SIP: 416.
        case scheme
        /// It asks for another method than INVITE: 403.
        case method
    }

    /// The URI of Refer-To as it stands there, but for header fields and the method parameter,
    /// which a Request-URI must not have (RFC 3261 section 19.1.1).
    let uri: [UInt8]
    /// Host of the URI; nil for a telephone number without one.
    let host: Host?
    /// The dialog that the new one is to replace.
    let replaces: ReplacedDialog?
    /// The same as it stands in the URI.
    let escapedReplaces: [UInt8]?
    /// Referred-By as it came (RFC 3892).
    let referredBy: [UInt8]?
    /// `Refer-Sub: false` (RFC 4488): no NOTIFY is wanted.
    let isSilent: Bool

    init(_ message: SIPMessage) throws(Fault) {
        let values = message.lines(.referTo)
        guard let value = values.first, values.count == 1, let address = try? NameAddr(value) else {
            throw .malformed
        }
        switch try? URI.parse(address.uri) {
        case .sip(let uri):
            guard !uri.isSecure else { throw .scheme }
            if let method = uri.parameters.value("method"), !method.elementsEqual("INVITE".utf8) {
                throw .method
            }
            self.host = uri.host
            self.escapedReplaces = try Self.replaces(uri)
        case .tel:
            self.host = nil
            self.escapedReplaces = nil
        case .other: throw .scheme
        case nil: throw .malformed
        }
        self.replaces = self.escapedReplaces.flatMap {
            ReplacedDialog(value: URI.unescaped($0[...])[...])
        }
        guard self.escapedReplaces == nil || self.replaces != nil else { throw .malformed }
        self.uri = SIPURI.requestURI(address.uri)
        self.referredBy = message.first(.referredBy).map(Array.init)
        let subscription = message.first(.referSub).flatMap { try? TokenValue($0).token }
        self.isSilent = subscription.map { ASCII.equalsIgnoringCase($0, "false") } ?? false
    }

    private static func replaces(_ uri: SIPURI) throws(Fault) -> [UInt8]? {
        let fields = uri.headers.filter { ASCII.equalsIgnoringCase($0.name, "Replaces") }
        guard fields.count <= 1 else { throw .malformed }
        return fields.first.map { Array($0.value ?? []) }
    }
}
