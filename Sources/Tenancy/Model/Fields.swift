// SPDX-License-Identifier: Apache-2.0

/// What may stand in a text field.
public struct TextField: Sendable {
    /// `kind.field`.
    public let name: String
    /// Octets that it may have.
    public let length: ClosedRange<Int>
    /// What may stand there, for the refusal and the documents.
    public let allowed: String
    private let accepts: @Sendable ([UInt8]) -> Bool

    init(
        _ name: String, _ length: ClosedRange<Int>, _ allowed: String,
        _ accepts: @escaping @Sendable ([UInt8]) -> Bool
    ) {
        self.name = name
        self.length = length
        self.allowed = allowed
        self.accepts = accepts
    }

    /// Why this text may not stand there; nil: it may.
    public func fault(_ text: String) -> FieldFault? {
        let bytes = Array(text.utf8)
        if bytes.isEmpty, self.length.lowerBound > 0 {
            return FieldFault(.required, self.name, "is empty", self.allowed)
        }
        if bytes.count > self.length.upperBound {
            return FieldFault(
                .tooLong, self.name, "is \(bytes.count) characters long", self.allowed)
        }
        guard bytes.count >= self.length.lowerBound, self.accepts(bytes) else {
            return FieldFault(.badValue, self.name, "is not of the form", self.allowed)
        }
        return nil
    }
}

/// Every text field with its form. Ranges and patterns are those of the provisioning model, which
/// follows the documents of Azure Communications Gateway where these say something.
public enum Fields {
    /// `deployment.name`
    public static let deploymentName = TextField(
        "deployment.name", 3...24, "3 to 24 letters, digits or '-'"
    ) { $0.allSatisfy { isAlphanumeric($0) || $0 == 0x2d } }
    /// `deployment.base-domain`; with a label of 9 and a trunk of 3 octets a derived trunk has 48.
    public static let baseDomain = TextField(
        "deployment.base-domain", 1...34, "a DNS name of at most 34 characters"
    ) { isDomain($0) }
    /// `deployment.custom-header`: the service's limit for names of header fields.
    public static let customHeaderName = TextField(
        "deployment.custom-header", 1...32,
        "a header field name of at most 32 characters that SIP has no other use for, as X-Operator"
    ) { $0.allSatisfy(isToken) && !isStandardHeader($0) }
    /// `account.name`
    public static let accountName = TextField(
        "account.name", 1...100, "1 to 100 letters, digits, '_' or '-'"
    ) { $0.allSatisfy(isWord) }
    /// `account.correlation-id`
    public static let correlationID = TextField(
        "account.correlation-id", 1...100, "1 to 100 printable characters"
    ) { $0.allSatisfy { (0x20...0x7e).contains($0) } }
    /// `account.teams-tenant`
    public static let teamsTenantID = TextField(
        "account.teams-tenant", 36...36,
        "a GUID such as 12345678-1234-4123-8123-123456789abc"
    ) { isGUID($0) }
    /// `account.label` of tenants that are made here: public CAs refuse `_`.
    public static let label = TextField(
        "account.label", 1...9, "1 to 9 letters, digits or '-', with no '-' at either end"
    ) { bytes in
        bytes.first != 0x2d && bytes.last != 0x2d
            && bytes.allSatisfy { isAlphanumeric($0) || $0 == 0x2d }
    }
    /// `account.label` of tenants that another system had: its API took one more, and `_`.
    public static let importedLabel = TextField(
        "account.label", 1...10, "1 to 10 letters, digits, '_' or '-'"
    ) { $0.allSatisfy(isWord) }
    /// `account.txt-token`
    public static let txtToken = TextField(
        "account.txt-token", 1...100, "1 to 100 letters, digits, '=', '_' or '-'"
    ) { $0.allSatisfy { isWord($0) || $0 == 0x3d } }
    /// `number.custom-header`
    public static let customHeader = TextField(
        "number.custom-header", 1...100, "1 to 100 letters, digits, '_' or '-'"
    ) { $0.allSatisfy(isWord) }
    /// `number.civic-address`
    public static let civicAddress = TextField(
        "number.civic-address", 1...100, "1 to 100 printable characters"
    ) { $0.allSatisfy { (0x20...0x7e).contains($0) } }
    /// `number.location`
    public static let location = TextField(
        "number.location", 1...100, "1 to 100 printable characters"
    ) { $0.allSatisfy { (0x20...0x7e).contains($0) } }
    /// `number.number`
    public static let number = TextField(
        "number.number", 3...16, "'+', a digit from 1 to 9, then up to 14 digits"
    ) { E164($0) != nil }
    /// `trunk.fqdn`
    public static let trunkFQDN = TextField(
        "trunk.fqdn", 1...63, "a DNS name of at most 63 characters"
    ) { isDomain($0) }
    /// `account.derived-fqdn`: label and trunk together.
    public static let derivedFQDN = TextField(
        "account.derived-fqdn", 1...48, "label and trunk name together at most 48 characters"
    ) { isDomain($0, underscores: true) }

    /// All of them.
    public static let all = [
        deploymentName, baseDomain, customHeaderName, accountName, correlationID, teamsTenantID,
        label, importedLabel, txtToken, customHeader, civicAddress, location, number,
        trunkFQDN, derivedFQDN,
    ]

    /// DNS names are compared without regard to case.
    public static func isSame(_ left: String, _ right: String) -> Bool {
        left.utf8.count == right.utf8.count
            && zip(left.utf8, right.utf8).allSatisfy { self.lower($0) == self.lower($1) }
    }

    static func hasSuffix(_ text: String, _ suffix: String) -> Bool {
        let tail = text.utf8.suffix(suffix.utf8.count)
        return self.isSame(String(decoding: tail, as: UTF8.self), suffix)
    }

    static func lower(_ byte: UInt8) -> UInt8 {
        (0x41...0x5a).contains(byte) ? byte | 0x20 : byte
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5a, 0x61...0x7a: true
        default: false
        }
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        self.isAlphanumeric(byte) || byte == 0x5f || byte == 0x2d
    }

    /// RFC 3261 section 25.1: token.
    private static func isToken(_ byte: UInt8) -> Bool {
        self.isAlphanumeric(byte) || "-.!%*_+`'~".utf8.contains(byte)
    }

    /// RFC 1123 section 2.1, with at least two labels.
    private static func isDomain(_ bytes: [UInt8], underscores: Bool = false) -> Bool {
        let labels = bytes.split(separator: 0x2e, omittingEmptySubsequences: false)
        guard labels.count >= 2, let last = labels.last else { return false }
        return labels.allSatisfy { label in
            (1...63).contains(label.count) && label.first != 0x2d && label.last != 0x2d
                && label.allSatisfy {
                    self.isAlphanumeric($0) || $0 == 0x2d || underscores && $0 == 0x5f
                }
        } && !last.allSatisfy { (0x30...0x39).contains($0) }
    }

    private static func isGUID(_ bytes: [UInt8]) -> Bool {
        bytes.enumerated().allSatisfy { position, byte in
            switch position {
            case 8, 13, 18, 23: byte == 0x2d
            default:
                switch byte {
                case 0x30...0x39, 0x41...0x46, 0x61...0x66: true
                default: false
                }
            }
        }
    }
}

/// Header fields that a message has for itself, with their short forms (RFC 3261, section 20, and
/// extensions that the box speaks): contents of an operator are none of these.
private let standardHeaders: Set<String> = Set(
    """
    accept accept-encoding accept-language alert-info allow allow-events authentication-info
    authorization a b c call-id call-info contact content-disposition content-encoding
    content-language content-length content-type cseq d date diversion e error-info event expires f
    from geolocation geolocation-error geolocation-routing history-info i identity in-reply-to j k l
    m max-forwards mime-version min-expires min-se n o organization p-access-network-info
    p-asserted-identity p-asserted-service p-called-party-id p-charging-vector p-early-media
    p-preferred-identity path priority privacy proxy-authenticate proxy-authorization proxy-require
    r rack reason record-route refer-sub refer-to referred-by reject-contact replaces reply-to
    request-disposition require retry-after route rseq s server service-route session-expires
    subject subscription-state supported t target-dialog timestamp to u unsupported user-agent v via
    warning www-authenticate x y
    """.split(whereSeparator: \.isWhitespace).map(String.init))

private func isStandardHeader(_ name: some Sequence<UInt8>) -> Bool {
    standardHeaders.contains(String(decoding: Array(name), as: UTF8.self).lowercased())
}
