// SPDX-License-Identifier: Apache-2.0

/// One value of Reason (RFC 3326).
public struct ReasonValue: Sendable, Hashable {
    /// "SIP", "Q.850" and so on, as received.
    public let protocolName: [UInt8]
    /// Status or cause; nil where there is none.
    public let cause: UInt16?

    /// Parses a value; nil where it is not one.
    public init?(_ value: ArraySlice<UInt8>) {
        guard let parsed = try? TokenValue(value) else { return nil }
        self.protocolName = Array(parsed.token)
        self.cause = parsed.parameters.value("cause").flatMap {
            ASCII.number($0, limit: 999).map { UInt16(truncatingIfNeeded: $0) }
        }
    }

    /// A cause of ISUP (ITU-T Q.850), 1 to 127.
    public var q850: UInt8? {
        guard ASCII.equalsIgnoringCase(self.protocolName, "Q.850"), let cause = self.cause,
            (1...127).contains(cause)
        else { return nil }
        return UInt8(truncatingIfNeeded: cause)
    }
}

extension SIPMessage {
    /// The first Q.850 cause of its Reason header fields.
    public var q850Cause: UInt8? {
        for value in self.all(.reason) {
            if let cause = ReasonValue(value)?.q850 { return cause }
        }
        return nil
    }
}
