// SPDX-License-Identifier: Apache-2.0

/// How the names of a certificate are compared with the one that is expected. Names are compared
/// without regard to the case of ASCII letters, and a dot at their end does not count. An address
/// is no name: no certificate matches one.
public enum NameRule: UInt8, Sendable, Hashable, CaseIterable {
    /// RFC 5922 section 7.2: whole names, no wildcards. A `sip` URI among the alternative names
    /// makes the URIs the only identities.
    case rfc5922
    /// RFC 2818 section 3.1: `*` stands for one label or a part of it, in the leftmost label of
    /// the name. This is what Microsoft's and Zoom's services go by.
    case rfc2818

    /// True where one of a certificate's names is the expected one.
    public func matches(_ names: CertificateNames, _ expected: String) -> Bool {
        let host = Self.normal(Array(expected.utf8))
        guard Self.isName(host) else { return false }
        return self.identities(names).contains { self.matches(Self.normal($0), host) }
    }

    /// The names that count. The common name does only where there is no other (RFC 5922 section
    /// 7.1, RFC 2818 section 3.1).
    public func identities(_ names: CertificateNames) -> [[UInt8]] {
        let hosts = self == .rfc5922 ? names.uris.compactMap(Self.host) : []
        if !hosts.isEmpty { return hosts }
        if !names.dns.isEmpty { return names.dns }
        return names.uris.isEmpty ? names.common : []
    }

    private func matches(_ pattern: [UInt8], _ host: [UInt8]) -> Bool {
        if pattern == host { return true }
        guard self == .rfc2818, let star = pattern.firstIndex(of: Self.star),
            !pattern[(star + 1)...].contains(Self.star)
        else { return false }
        let patternEnd = pattern.firstIndex(of: Self.dot) ?? pattern.count
        let hostEnd = host.firstIndex(of: Self.dot) ?? host.count
        // What a wildcard stands for is below a domain of at least two labels: `*.example` and
        // `*` would name half the world. `f*.example` names hosts of one owner's registry.
        guard star < patternEnd, patternEnd < pattern.count,
            pattern[patternEnd...] == host[hostEnd...],
            patternEnd > 1 || pattern[(patternEnd + 1)...].contains(Self.dot)
        else { return false }
        let before = pattern[..<star]
        let after = pattern[(star + 1)..<patternEnd]
        let label = host[..<hostEnd]
        // A label of another script in its encoded form has no part that means anything alone.
        if patternEnd > 1, label.starts(with: Array("xn--".utf8)) { return false }
        return label.count > before.count + after.count
            && label.starts(with: before) && label.suffix(after.count) == after
    }

    /// The host of a `sip` URI without a user part; nil for any other (RFC 5922 section 7.1).
    private static func host(_ uri: [UInt8]) -> [UInt8]? {
        let scheme = Array("sip:".utf8)
        guard uri.count > scheme.count, self.lower(Array(uri.prefix(scheme.count))) == scheme,
            !uri.contains(UInt8(ascii: "@"))
        else { return nil }
        let end = uri.firstIndex { $0 == UInt8(ascii: ";") || $0 == UInt8(ascii: "?") }
        let rest = uri[scheme.count..<(end ?? uri.count)]
        return Array(rest.prefix { $0 != UInt8(ascii: ":") })
    }

    private static func normal(_ name: [UInt8]) -> [UInt8] {
        let name = self.lower(name)
        return name.last == self.dot ? Array(name.dropLast()) : name
    }

    private static func lower(_ name: [UInt8]) -> [UInt8] {
        name.map { (0x41...0x5a).contains($0) ? $0 | 0x20 : $0 }
    }

    /// Letters, digits, hyphens and underscores in labels, and no IPv4 address: its last label is
    /// a number.
    static func isName(_ host: [UInt8]) -> Bool {
        let labels = host.split(separator: self.dot, omittingEmptySubsequences: false)
        let areLabels = labels.allSatisfy { label in
            (1...63).contains(label.count)
                && label.allSatisfy { byte in
                    switch byte {
                    case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x2d, 0x5f: true
                    default: false
                    }
                }
        }
        guard areLabels, host.count <= 253, let last = labels.last else { return false }
        return !last.allSatisfy { (0x30...0x39).contains($0) }
    }

    private static let star = UInt8(ascii: "*")
    private static let dot = UInt8(ascii: ".")
}

/// The names in a certificate, as octets; each is at most 255 long and has no zero octet.
public struct CertificateNames: Sendable, Hashable {
    /// Alternative names that are DNS names.
    public var dns: [[UInt8]]
    /// Alternative names that are URIs.
    public var uris: [[UInt8]]
    /// Common names of the subject.
    public var common: [[UInt8]]

    /// From its parts.
    public init(dns: [[UInt8]] = [], uris: [[UInt8]] = [], common: [[UInt8]] = []) {
        self.dns = dns
        self.uris = uris
        self.common = common
    }

    /// As `tl_tls_session_peer_names` writes them.
    init(packed: [UInt8]) {
        self.init()
        var rest = packed[...]
        while rest.count >= 3 {
            let kind = rest[rest.startIndex]
            let length = Int(rest[rest.startIndex + 1]) << 8 | Int(rest[rest.startIndex + 2])
            rest = rest.dropFirst(3)
            let name = Array(rest.prefix(length))
            rest = rest.dropFirst(length)
            switch kind {
            case UInt8(ascii: "d"): self.dns.append(name)
            case UInt8(ascii: "u"): self.uris.append(name)
            default: self.common.append(name)
            }
        }
    }

    /// All of them in a line for people; what is not printable is shown as `?`.
    public var description: String {
        let all = self.dns + self.uris + (self.dns.isEmpty ? self.common : [])
        let shown = all.prefix(8).map { name in
            String(decoding: name.map { (0x21...0x7e).contains($0) ? $0 : 0x3f }, as: UTF8.self)
        }
        return shown.isEmpty ? "no name" : shown.joined(separator: ", ")
    }
}
