// SPDX-License-Identifier: Apache-2.0

public import SIPMessage

/// How long messages of one trunk and their parts may be, octets: narrower than what the node takes
/// (`MessageLimits`), for peers behind it that take less. The defaults bound nothing that the
/// parser lets through.
public struct TrunkMessageLimits: Sendable, Hashable {
    /// A whole message.
    public var messageBytes = SIPLimits.messageBytes
    /// The Request-URI, the URI of a Contact, and the user part of these and of From and To.
    public var uriBytes = SIPLimits.uriBytes
    /// The host of From.
    public var fromDomainBytes = SIPLimits.uriBytes
    /// The name of a header field.
    public var headerNameBytes = SIPLimits.headerBytes
    /// One option-tag of Supported, Require or Proxy-Require.
    public var optionTagBytes = SIPLimits.headerBytes
    /// Type and subtype in Content-Type, with the slash.
    public var bodyNameBytes = SIPLimits.headerBytes
    /// All of Supported, of Require or of Proxy-Require: the values of a line.
    public var optionListBytes = SIPLimits.headerBytes

    private static let optionLists = [
        HeaderName.supported, .require, HeaderName("Proxy-Require"),
    ]

    /// The defaults.
    public init() {}

    /// What a message gets that is too long, as `FaultTable` has it for such faults; `.accept` for
    /// one that is not. A value that cannot be read has been judged before.
    public func verdict(_ message: SIPMessage) -> Verdict {
        guard let fault = self.fault(of: message) else { return .accept }
        switch FaultTable.answer(fault.code) {
        case .respond(let status, let reason) where message.isRequest && message.method != .ack:
            return .reject(status: status, reason: reason, offset: fault.offset)
        case .respond(_, let reason), .silence(let reason):
            return .drop(reason: reason, offset: fault.offset)
        }
    }

    /// The first thing that is too long.
    private func fault(of message: SIPMessage) -> SIPParseError? {
        if message.bytes.count > self.messageBytes {
            return SIPParseError(.messageTooLarge, at: self.messageBytes)
        }
        let target = message.requestURI
        if target.count > self.uriBytes {
            return SIPParseError(.uriTooLong, at: target.startIndex + self.uriBytes)
        }
        return self.faultOfFields(message) ?? self.faultOfAddresses(message)
    }

    private func faultOfFields(_ message: SIPMessage) -> SIPParseError? {
        for (name, value) in message.headers where name.bytes.count > self.headerNameBytes {
            return Self.tooLong(value)
        }
        for name in Self.optionLists {
            let lines = message.lines(name)
            // Lines of one name are one list, whose commas take two octets.
            let length = lines.reduce(-2) { $0 + $1.count + 2 }
            if let last = lines.last, length > self.optionListBytes { return Self.tooLong(last) }
            for tag in message.all(name) where tag.count > self.optionTagBytes {
                return Self.tooLong(tag)
            }
        }
        guard let type = message.first(.contentType) else { return nil }
        let name = type.prefix { $0 != UInt8(ascii: ";") && $0 != 0x20 }
        return name.count > self.bodyNameBytes ? Self.tooLong(name) : nil
    }

    private func faultOfAddresses(_ message: SIPMessage) -> SIPParseError? {
        var addresses = [try? message.from().uri, try? message.to().uri].compactMap(\.self)
        if let from = addresses.first, case .sip(let uri)? = try? URI.parse(from),
            uri.host.bytes.count > self.fromDomainBytes
        {
            return Self.tooLong(uri.host.bytes)
        }
        for contact in (try? message.contacts()) ?? [] {
            guard case .address(let address) = contact else { continue }
            if address.uri.count > self.uriBytes { return Self.tooLong(address.uri) }
            addresses.append(address.uri)
        }
        if message.isRequest { addresses.append(message.requestURI) }
        for address in addresses {
            guard case .sip(let uri)? = try? URI.parse(address), let user = uri.user else {
                continue
            }
            let length = user.count + (uri.password.map { $0.count + 1 } ?? 0)
            if length > self.uriBytes { return Self.tooLong(user) }
        }
        return nil
    }

    private static func tooLong(_ part: ArraySlice<UInt8>) -> SIPParseError {
        SIPParseError(.headerTooLong, at: part.startIndex)
    }
}
