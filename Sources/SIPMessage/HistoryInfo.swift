// SPDX-License-Identifier: Apache-2.0

/// One entry of History-Info (RFC 7044, and RFC 4244 before it).
public struct HistoryInfo: Sendable {
    /// How the target was found (RFC 7044 section 5).
    public enum Target: Sendable, Hashable {
        /// `rc`: the same user elsewhere.
        case redirected
        /// `mp`: another user.
        case mapped
        /// `np`: unchanged.
        case none
    }

    /// Display name as received.
    public var displayName: [UInt8]
    /// hi-targeted-to-uri without the headers behind "?".
    public var uri: [UInt8]
    /// 1 or 1.2.1: the numbers, at most ``indexLimit``.
    public var index: [UInt16]
    /// Cause of a Reason among the headers of the URI: why the call left this target.
    public var reasonCause: UInt16?
    /// Cause in the URI itself (RFC 4458): why the call came to this target.
    public var cause: UInt16?
    /// Privacy among the headers of the URI, with a value other than `none`.
    public var isPrivate: Bool
    /// `rc`, `mp` or `np`, and the index that it names.
    public var target: (kind: Target, index: [UInt8])?

    /// Numbers of one index.
    public static let indexLimit = 32

    /// From its parts.
    public init(uri: [UInt8], index: [UInt16]) {
        self.displayName = []
        self.uri = uri
        self.index = index
        self.isPrivate = false
    }

    /// Parses one entry.
    public init(_ value: ArraySlice<UInt8>) throws(SIPParseError) {
        let address = try NameAddr(value)
        self.displayName = Array(address.displayName)
        self.uri = Array(address.uri)
        self.isPrivate = false
        guard let index = address.parameters.value("index").flatMap(Self.index) else {
            throw SIPParseError(.parameterSyntax, at: value.startIndex)
        }
        self.index = index
        for (name, kind) in Self.targetNames {
            if let value = address.parameters.value(name) { self.target = (kind, Array(value)) }
        }
        switch try URI.parse(address.uri) {
        case .sip(let sip):
            // In URIs of other schemes "?" begins no headers, and may be all that there is.
            self.uri = Array(address.uri[..<SIPURI.headersStart(address.uri)])
            self.cause = sip.parameters.value("cause").flatMap(Self.number)
            self.takeHeaders(sip.headers)
        case .tel(let tel): self.cause = tel.parameters.value("cause").flatMap(Self.number)
        case .other: break
        }
    }

    private static let targetNames: [(StaticString, Target)] = [
        ("rc", .redirected), ("mp", .mapped), ("np", .none),
    ]

    private mutating func takeHeaders(_ headers: [Parameter]) {
        for header in headers {
            guard let value = header.value.map(URI.unescaped) else { continue }
            if ASCII.equalsIgnoringCase(header.name, "Privacy") {
                self.isPrivate = !ASCII.equalsIgnoringCase(value, "none")
            } else if ASCII.equalsIgnoringCase(header.name, "Reason") {
                var values: [ArraySlice<UInt8>] = []
                CommaList.split(value[...], into: &values)
                let causes = values.compactMap(ReasonValue.init)
                let sip = causes.first { ASCII.equalsIgnoringCase($0.protocolName, "SIP") }
                self.reasonCause = (sip ?? causes.first)?.cause
            }
        }
    }

    private static func number(_ bytes: ArraySlice<UInt8>) -> UInt16? {
        ASCII.number(bytes, limit: 999).map { UInt16(truncatingIfNeeded: $0) }
    }

    private static func index(_ text: ArraySlice<UInt8>) -> [UInt16]? {
        var numbers: [UInt16] = []
        for part in text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false) {
            guard numbers.count < self.indexLimit,
                let number = ASCII.number(part, limit: UInt64(UInt16.max))
            else { return nil }
            numbers.append(UInt16(truncatingIfNeeded: number))
        }
        return numbers
    }

    /// The entry as it goes on the wire.
    public var bytes: [UInt8] {
        var bytes = self.displayName
        if !bytes.isEmpty { bytes.append(0x20) }
        bytes += [0x3c] + self.uri
        var headers: [[UInt8]] = []
        if self.isPrivate { headers.append(Array("Privacy=history".utf8)) }
        if let cause = self.reasonCause {
            headers.append(Array("Reason=SIP%3Bcause%3D".utf8) + ASCII.digits(cause))
        }
        for (position, header) in headers.enumerated() {
            bytes.append(position == 0 ? UInt8(ascii: "?") : UInt8(ascii: "&"))
            bytes += header
        }
        bytes += ">;index=".utf8
        bytes += Self.text(self.index)
        if let target = self.target {
            switch target.kind {
            case .redirected: bytes += ";rc=".utf8
            case .mapped: bytes += ";mp=".utf8
            case .none: bytes += ";np=".utf8
            }
            bytes += target.index
        }
        return bytes
    }

    /// An index as text.
    public static func text(_ index: [UInt16]) -> [UInt8] {
        Array(index.map(ASCII.digits).joined(separator: [UInt8(ascii: ".")]))
    }
}
