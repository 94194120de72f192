// SPDX-License-Identifier: Apache-2.0

/// One value of Diversion (RFC 5806): who sent the call elsewhere, and why.
public struct Diversion: Sendable {
    /// Why a call was diverted (RFC 5806 section 4); what is not on the list counts as unknown.
    public enum Reason: String, Sendable, Hashable, CaseIterable {
        case unknown, unconditional, deflection, unavailable
        case userBusy = "user-busy"
        case noAnswer = "no-answer"
        case timeOfDay = "time-of-day"
        case doNotDisturb = "do-not-disturb"
        case followMe = "follow-me"
        case outOfService = "out-of-service"
        case away
    }

    /// Who diverted: display name and URI as received.
    public var displayName: [UInt8]
    /// His URI, without brackets.
    public var uri: [UInt8]
    /// Why.
    public var reason: Reason
    /// How many diversions the value stands for, 1 to 99.
    public var count: Int
    /// He does not want to be shown: `privacy` is not `off`.
    public var isPrivate: Bool

    /// From its parts.
    public init(
        displayName: [UInt8] = [], uri: [UInt8], reason: Reason, count: Int = 1,
        isPrivate: Bool = false
    ) {
        self.displayName = displayName
        self.uri = uri
        self.reason = reason
        self.count = count
        self.isPrivate = isPrivate
    }

    /// Parses one value.
    public init(_ value: ArraySlice<UInt8>) throws(SIPParseError) {
        let address = try NameAddr(value)
        self.displayName = Array(address.displayName)
        self.uri = Array(address.uri)
        let reason = address.parameters.value("reason").map(Self.unquoted)
        self.reason =
            reason.flatMap { text in
                Reason.allCases.first { ASCII.equalsIgnoringCase(text, Array($0.rawValue.utf8)) }
            } ?? .unknown
        let counter = address.parameters.value("counter").flatMap {
            ASCII.number($0, limit: 99)
        }
        self.count = max(Int(counter ?? 1), 1)
        let privacy = address.parameters.value("privacy").map(Self.unquoted)
        self.isPrivate = privacy.map { !ASCII.equalsIgnoringCase($0, "off") } ?? false
    }

    static func unquoted(_ value: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        value.first == UInt8(ascii: "\"") ? value.dropFirst().dropLast() : value
    }

    /// The value as it goes on the wire.
    public var bytes: [UInt8] {
        var bytes = self.displayName
        if !bytes.isEmpty { bytes.append(0x20) }
        bytes += [0x3c] + self.uri + [0x3e]
        bytes += ";reason=".utf8
        bytes += self.reason.rawValue.utf8
        bytes += ";counter=".utf8
        bytes += ASCII.digits(UInt32(clamping: self.count))
        bytes += ";privacy=".utf8
        bytes += (self.isPrivate ? "full" : "off").utf8
        return bytes
    }
}
