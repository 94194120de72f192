// SPDX-License-Identifier: Apache-2.0

import SIPMessage

/// Where a part of an address stands in a value, and what has to stand around a new one. Positions
/// are indices of the value.
struct AddressLocation {
    /// What is read, and replaced by a change.
    let range: Range<Int>?
    /// What goes away with the part.
    let removal: Range<Int>?
    /// Where the part goes when it is not there; nil: it cannot be there.
    let insertion: Int?
    /// Around a part that is inserted.
    let prefix: [UInt8]
    let suffix: [UInt8]

    private init(
        _ range: Range<Int>?, removal: Range<Int>? = nil, insertion: Int? = nil,
        prefix: [UInt8] = [], suffix: [UInt8] = []
    ) {
        self.range = range
        self.removal = removal
        self.insertion = insertion
        self.prefix = prefix
        self.suffix = suffix
    }

    /// A part of one name-addr or addr-spec; nil where the value is none.
    init?(_ part: AddressPart, inAddress value: ArraySlice<UInt8>) {
        guard let address = try? NameAddr(value) else { return nil }
        let uri = address.uri
        let isBracketed =
            uri.startIndex > value.startIndex && value[uri.startIndex - 1] == UInt8(ascii: "<")
        switch part {
        case .whole: self.init(value.indices)
        case .uri: self.init(uri.indices)
        case .display:
            let name = address.displayName
            // Only in front of a bracket can a name stand.
            self.init(
                name.isEmpty ? nil : name.indices,
                removal: name.isEmpty ? nil : name.startIndex..<(uri.startIndex - 1),
                insertion: isBracketed ? uri.startIndex - 1 : nil, suffix: [0x20])
        case .parameter(let name):
            let end = isBracketed ? uri.endIndex + 1 : uri.endIndex
            self.init(name, address.parameters, in: value, start: end, end: value.endIndex)
        case .user, .host, .port, .uriParameter:
            // Without brackets a parameter would be the header field's.
            if case .uriParameter = part, !isBracketed { return nil }
            self.init(part, inURI: uri)
        }
    }

    /// A part of a URI; nil where the URI has no such parts.
    init?(_ part: AddressPart, inURI uri: ArraySlice<UInt8>) {
        switch (try? URI.parse(uri), part) {
        case (_?, .whole), (_?, .uri): self.init(uri.indices)
        case (.sip(let sip)?, .user): self.init(userOf: sip, in: uri)
        case (.tel(let tel)?, .user): self.init(tel.number.indices)
        case (.sip(let sip)?, .host): self.init(Self.host(sip, in: uri))
        case (.sip(let sip)?, .port):
            let host = Self.host(sip, in: uri)
            let end = Self.hostPortEnd(sip, in: uri)
            guard sip.port != nil else {
                self.init(nil, insertion: end, prefix: [UInt8(ascii: ":")])
                return
            }
            self.init(host.upperBound + 1..<end, removal: host.upperBound..<end)
        case (.sip(let sip)?, .uriParameter(let name)):
            let start = Self.hostPortEnd(sip, in: uri)
            let end = uri[start...].firstIndex(of: UInt8(ascii: "?")) ?? uri.endIndex
            self.init(name, sip.parameters, in: uri, start: start, end: end)
        case (.tel(let tel)?, .uriParameter(let name)):
            self.init(
                name, tel.parameters, in: uri, start: tel.number.endIndex, end: uri.endIndex)
        default: return nil
        }
    }

    private init(userOf sip: SIPURI, in uri: ArraySlice<UInt8>) {
        let host = Self.host(sip, in: uri)
        guard let user = sip.user else {
            self.init(nil, insertion: host.lowerBound, suffix: [UInt8(ascii: "@")])
            return
        }
        // A password goes with its user.
        self.init(user.indices, removal: user.startIndex..<host.lowerBound)
    }

    private init(
        _ name: [UInt8], _ parameters: Parameters, in value: ArraySlice<UInt8>, start: Int,
        end: Int
    ) {
        let known = parameters.all.first { ASCII.equalsIgnoringCase($0.name, name) }
        guard let known else {
            self.init(
                nil, insertion: end, prefix: [UInt8(ascii: ";")] + name + [UInt8(ascii: "=")])
            return
        }
        let from =
            value[start..<known.name.startIndex].lastIndex(of: UInt8(ascii: ";"))
            ?? known.name.startIndex
        let to = known.value?.endIndex ?? known.name.endIndex
        if let text = known.value {
            self.init(text.indices, removal: from..<to)
        } else {
            self.init(
                known.name.endIndex..<known.name.endIndex, removal: from..<to,
                prefix: [UInt8(ascii: "=")])
        }
    }

    /// With the brackets of an IPv6 address.
    private static func host(_ sip: SIPURI, in uri: ArraySlice<UInt8>) -> Range<Int> {
        let bytes = sip.host.bytes
        let isReference =
            bytes.startIndex > uri.startIndex && uri[bytes.startIndex - 1] == UInt8(ascii: "[")
        return isReference
            ? bytes.startIndex - 1..<bytes.endIndex + 1 : bytes.startIndex..<bytes.endIndex
    }

    private static func hostPortEnd(_ sip: SIPURI, in uri: ArraySlice<UInt8>) -> Int {
        var end = self.host(sip, in: uri).upperBound
        guard sip.port != nil else { return end }
        end += 1
        while end < uri.endIndex, (0x30...0x39).contains(uri[end]) { end += 1 }
        return end
    }
}
