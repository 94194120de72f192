// SPDX-License-Identifier: Apache-2.0

import SIPMessage

/// Which header fields pass from leg to leg. What is not in the table ends at the box: everything
/// that names hosts or routes of one side (Via, Route, Contact, Server, Warning), everything that
/// is negotiated with the box itself (Allow, Supported, Require, Session-Expires), credentials, and
/// everything unknown.
enum CarriedHeaders {
    /// The kinds of message that a header field passes in.
    struct Carrier: OptionSet {
        let rawValue: UInt8
        static let invite = Carrier(rawValue: 1)
        static let reinvite = Carrier(rawValue: 1 << 1)
        static let bye = Carrier(rawValue: 1 << 2)
        static let info = Carrier(rawValue: 1 << 3)
        static let provisional = Carrier(rawValue: 1 << 4)
        static let success = Carrier(rawValue: 1 << 5)
        static let failure = Carrier(rawValue: 1 << 6)
        static let all = Carrier(rawValue: 127)
    }

    /// The table: name, and where it passes.
    static let rows: [(name: HeaderName, carriers: Carrier)] = [
        // What the parties tell each other.
        (.subject, .invite),
        (.priority, .invite),
        (.organization, [.invite, .success]),
        (.acceptLanguage, .invite),
        (.alertInfo, [.invite, .provisional]),
        (.callInfo, .invite),
        (.errorInfo, .failure),
        (.expires, .invite),
        (.reason, [.bye, .provisional, .failure]),
        (.userToUser, [.invite, .bye, .info, .provisional, .success, .failure]),
        (.sessionID, .all),
        (.pEarlyMedia, [.invite, .provisional]),
        (.infoPackage, .info),
        (.recvInfo, [.invite, .success]),
        // Who is calling, and how the call came here.
        (.pAssertedIdentity, .invite),
        (.privacy, .invite),
        (.identity, .invite),
        (.diversion, .invite),
        (.historyInfo, .invite),
        (.geolocation, .invite),
        (.geolocationRouting, .invite),
        // How the caller wants to be routed.
        (.acceptContact, .invite),
        (.rejectContact, .invite),
        (.requestDisposition, .invite),
    ]

    /// What describes a body that passes as it is.
    static let bodyRows: [HeaderName] = [
        .contentDisposition, .contentEncoding, .contentLanguage, .mimeVersion,
    ]

    /// Copies what passes.
    static func copy(
        from message: SIPMessage, as carrier: Carrier, to builder: inout SIPMessageBuilder
    ) {
        for row in self.rows where row.carriers.contains(carrier) {
            builder.copy(all: row.name, from: message)
        }
    }
}

/// What a message carries besides header fields.
enum Payload {
    /// Nothing.
    case none
    /// A session description, to be rewritten.
    case description([UInt8])
    /// Something else, which passes as it is with the header fields that describe it.
    case opaque(contentType: [UInt8], [UInt8])
    /// A body that could carry a description past the box: multipart, or an encoded one.
    case unsupported

    init(_ message: SIPMessage) {
        guard !message.body.isEmpty else {
            self = .none
            return
        }
        guard let value = message.first(.contentType), let type = try? message.contentType() else {
            self = .unsupported
            return
        }
        let isDescription = type.matches("application", "sdp")
        let isEncoded = message.first(.contentEncoding) != nil
        if type.isMultipart || (isDescription && isEncoded) {
            self = .unsupported
        } else if isDescription {
            self = .description(Array(message.body))
        } else {
            self = .opaque(contentType: Array(value), Array(message.body))
        }
    }

    /// The description, if there is one.
    var description: [UInt8]? {
        if case .description(let bytes) = self { return bytes }
        return nil
    }
}

extension SIPMessageBuilder {
    /// Ends a message with a body that passes as it is, and what describes it; anything else is
    /// left out.
    consuming func finish(passing payload: Payload, of message: SIPMessage) -> [UInt8] {
        guard case .opaque(let contentType, let body) = payload else { return self.finish() }
        for name in CarriedHeaders.bodyRows { self.copy(all: name, from: message) }
        return self.finish(body: body, contentType: contentType)
    }

    /// Ends a message with a session description, or without a body.
    consuming func finish(description: [UInt8]?) -> [UInt8] {
        guard let description else { return self.finish() }
        return self.finish(body: description, contentType: "application/sdp")
    }
}
