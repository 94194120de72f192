// SPDX-License-Identifier: Apache-2.0

extension SIPURI {
    /// The comparison of RFC 3261 section 19.1.4. It is not transitive, so that SIPURI is not
    /// Equatable.
    public func isEquivalent(to other: SIPURI) -> Bool {
        self.isSecure == other.isSecure
            && Self.sameEscaped(self.user, other.user, ignoringCase: false)
            && Self.sameEscaped(self.password, other.password, ignoringCase: false)
            && self.host == other.host && self.port == other.port
            && Self.agree(self.parameters, other.parameters)
            && Self.agree(other.parameters, self.parameters)
            && Self.sameHeaders(self.headers, other.headers)
    }

    /// Parameters that never match a URI without them, even with their default value.
    private static let decisive: [StaticString] = ["user", "ttl", "method", "maddr", "transport"]

    /// Every parameter of `left` either stands in `right` with the same value or may be ignored.
    private static func agree(_ left: Parameters, _ right: Parameters) -> Bool {
        left.all.allSatisfy { parameter in
            let twin = right.all.first {
                self.sameEscaped($0.name, parameter.name, ignoringCase: true)
            }
            guard let twin else {
                return !self.decisive.contains { ASCII.equalsIgnoringCase(parameter.name, $0) }
            }
            return self.sameEscaped(twin.value, parameter.value, ignoringCase: true)
        }
    }

    /// Header components are never ignored; their order does not matter.
    private static func sameHeaders(_ left: [Parameter], _ right: [Parameter]) -> Bool {
        guard left.count == right.count else { return false }
        var rest = right
        for header in left {
            let match = rest.firstIndex {
                self.sameEscaped($0.name, header.name, ignoringCase: true)
                    && self.sameEscaped($0.value, header.value, ignoringCase: false)
            }
            guard let match else { return false }
            rest.remove(at: match)
        }
        return true
    }

    /// An escape equals the octet it stands for, unless that octet is reserved.
    private static func sameEscaped(
        _ left: ArraySlice<UInt8>?, _ right: ArraySlice<UInt8>?, ignoringCase: Bool
    ) -> Bool {
        guard let left, let right else { return left == nil && right == nil }
        let a = self.normalized(left)
        let b = self.normalized(right)
        return ignoringCase ? ASCII.equalsIgnoringCase(a, b) : a == b
    }

    private static let reserved = ByteSet(";/?:@&=+$,")

    /// Unescaped, but for reserved octets, whose escapes keep a "%" and capital digits.
    private static func normalized(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        var result: [UInt8] = []
        var index = bytes.startIndex
        while index < bytes.endIndex {
            let part = bytes[index..<min(index + 3, bytes.endIndex)]
            let octet = URI.unescaped(part)
            if bytes[index] == UInt8(ascii: "%"), octet.count == 1, part.count == 3 {
                if self.reserved.contains(octet[0]) {
                    result += part.map { 0x61...0x66 ~= $0 ? $0 - 0x20 : $0 }
                } else {
                    result += octet
                }
                index += 3
            } else {
                result.append(bytes[index])
                index += 1
            }
        }
        return result
    }
}
