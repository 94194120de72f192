// SPDX-License-Identifier: Apache-2.0

/// How long a message and its parts may be, by configuration: at most what the parser takes
/// (`SIPLimits`), which is the default.
public struct MessageLimits: Sendable, Hashable {
    /// Octets of a whole message.
    public var messageBytes = SIPLimits.messageBytes
    /// Octets of a Request-URI.
    public var uriBytes = SIPLimits.uriBytes
    /// Octets of one header field, name to last octet of the value.
    public var headerBytes = SIPLimits.headerBytes

    /// The defaults.
    public init() {}

    /// The first thing in a message that is too long.
    func fault(of message: SIPMessage) -> SIPParseError? {
        if message.bytes.count > self.messageBytes {
            return SIPParseError(.messageTooLarge, at: self.messageBytes)
        }
        let uri = message.requestURI
        if uri.count > self.uriBytes {
            return SIPParseError(.uriTooLong, at: uri.startIndex + self.uriBytes)
        }
        guard self.headerBytes < SIPLimits.headerBytes else { return nil }
        for (name, value) in message.headers {
            let length = name.bytes.count + 2 + value.count
            if length > self.headerBytes {
                return SIPParseError(.headerTooLong, at: value.startIndex)
            }
        }
        return nil
    }
}

extension SIPMessage {
    /// The verdict on a message that is parsed already, and has to keep these limits. What it
    /// accepts is remembered: From, To and their tags, which every layer asks for, cost half then.
    public mutating func examine(_ limits: MessageLimits) -> Verdict {
        if let fault = limits.fault(of: self) {
            return FaultTable.verdict(fault, answerable: self.isRequest && self.method != .ack)
        }
        let verdict = self.examine()
        self.isExamined = verdict == .accept
        return verdict
    }
}
