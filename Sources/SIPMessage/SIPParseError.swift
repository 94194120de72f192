// SPDX-License-Identifier: Apache-2.0

/// Why bytes are not the SIP they should be, and where.
///
/// Two errors are equal when code and offset are. What each code means for the sender stands in
/// `FaultTable` and nowhere else.
public struct SIPParseError: Error, Hashable, Sendable {
    /// The reason.
    public let code: Code
    /// Offset of the fault in the message, in octets from its first one.
    public let offset: Int

    /// From its parts.
    public init(_ code: Code, at offset: Int) {
        self.code = code
        self.offset = offset
    }

    /// The closed list of reasons.
    public enum Code: UInt8, Sendable, CaseIterable {
        // Framing and limits.
        case empty, notSIP, incomplete, messageTooLarge, tooManyHeaders, headerTooLong
        case tooManyParameters, tooManyValues, uriTooLong, keepAliveFlood
        // Start line.
        case startLineSyntax, startLineSpacing, methodSyntax, requestURISpace, versionSyntax
        case versionUnsupported, statusSyntax
        // Header lines and body.
        case lineEnding, headerSyntax, headersUnterminated, contentLengthSyntax
        case contentLengthRepeated, contentLengthMissing, bodyTooShort
        // Presence.
        case viaMissing, fromMissing, toMissing, callIDMissing, cseqMissing
        case fromRepeated, toRepeated, callIDRepeated, cseqRepeated, maxForwardsRepeated
        case contentTypeRepeated, contentTypeMissing
        // Values.
        case viaSyntax, hostSyntax, portSyntax, uriSyntax, uriSpace, uriEscape
        case uriHeadersNotAllowed, nameAddrSyntax, displayNameSyntax, quoteUnterminated
        case bracketUnterminated, bracketsMissing, parameterSyntax, parameterRepeated, tagSyntax
        case callIDSyntax, cseqSyntax, cseqRange, maxForwardsSyntax, contactStar
        case mediaTypeSyntax, tokenListSyntax, dateSyntax, retryAfterSyntax, challengeSyntax
        case numberSyntax
        // What a user agent server says of a well-formed message.
        case cseqMethodMismatch, methodUnknown, schemeUnsupported, recordScheme
        case extensionUnsupported, mediaTypeUnsupported, encodingUnsupported, acceptUnsatisfiable
        case broadcastVia
    }
}

extension SIPParseError: CustomStringConvertible {
    /// Reason and offset, for logs.
    public var description: String { "\(FaultTable.text(self.code)) at offset \(self.offset)" }
}
