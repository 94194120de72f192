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
        // Who is calling, and how the call came here, is `InvitePassage`'s.
        (.geolocationRouting, .invite),
        // How the caller wants to be routed.
        (.acceptContact, .invite),
        (.rejectContact, .invite),
        (.requestDisposition, .invite),
    ]

    /// What describes a body that passes as it is.
    static let bodyRows: [HeaderName] = [
        .contentDisposition, .contentEncoding, .contentLanguage, .contentID, .mimeVersion,
    ]

    /// What a caller who wants privacy does not want to be told (RFC 3323 section 5.3).
    private static let personal: [HeaderName] = [.subject, .callInfo, .organization]

    /// Copies what passes; `list` is what the sender's trunk has besides the table.
    static func copy(
        from message: SIPMessage, as carrier: Carrier, to builder: inout SIPMessageBuilder,
        _ list: HeaderPassList = HeaderPassList(), hidesCaller: Bool = false
    ) {
        for row in self.rows where row.carriers.contains(carrier) {
            if hidesCaller, self.personal.contains(row.name) { continue }
            builder.copy(all: row.name, from: message)
        }
        list.copy(from: message, to: &builder)
    }
}
