// SPDX-License-Identifier: Apache-2.0

import SIPMessage

/// A message in pieces that can be changed. It is made only when a rule's filter lets the message
/// through, and written out only when something changed.
struct MessageDraft {
    /// One header field line.
    struct Field {
        let name: HeaderName
        let spelling: [UInt8]
        var value: [UInt8]
    }

    let original: SIPMessage
    private(set) var requestURI: [UInt8]
    private(set) var fields: [Field]
    private(set) var description: DescriptionDraft?
    private var isChanged = false

    init(_ message: SIPMessage) {
        self.original = message
        self.requestURI = Array(message.requestURI)
        self.fields = message.headers.map {
            Field(name: $0.name, spelling: $0.name.bytes, value: Array($0.value))
        }
        self.description = DescriptionDraft(message)
    }

    /// Something changed since the last time this was asked.
    mutating func takeChange() -> Bool {
        defer { self.isChanged = false }
        return self.isChanged
    }

    // MARK: Reading

    /// Every value of a part.
    func values(of subject: Subject, variables: [[UInt8]: [UInt8]], trunk: [UInt8]) -> [[UInt8]] {
        switch subject {
        case .method:
            let method = self.original.method ?? (try? self.original.cseq())?.method
            return method.map { [$0.bytes] } ?? []
        case .status:
            return self.original.status.map { [ASCII.digits(UInt32(clamping: $0))] } ?? []
        case .trunk: return [trunk]
        case .variable(let name): return variables[name].map { [$0] } ?? []
        case .requestURI(let part):
            guard self.original.isRequest else { return [] }
            return Self.text(AddressLocation(part, inURI: self.requestURI[...]), self.requestURI)
        case .header(let name, _, let part):
            return self.fields.filter { $0.name == name }.flatMap { Self.values($0, part) }
        case .anyHeader:
            return self.fields.map { $0.spelling + [0x3a, 0x20] + $0.value }
        case .sdp(let section): return self.description?.lines(of: section) ?? []
        }
    }

    private static func values(_ field: Field, _ part: AddressPart) -> [[UInt8]] {
        if part == .whole { return [field.value] }
        return self.elements(field).flatMap { element -> [[UInt8]] in
            let text = self.text(AddressLocation(part, inAddress: element), field.value)
            return part == .display ? text.map { QuotedString.unquoted($0[...]) } : text
        }
    }

    private static func text(_ location: AddressLocation?, _ value: [UInt8]) -> [[UInt8]] {
        location?.range.map { [Array(value[$0])] } ?? []
    }

    /// Addresses of one line.
    private static func elements(_ field: Field) -> [ArraySlice<UInt8>] {
        guard field.name.isList else { return [field.value[...]] }
        var elements: [ArraySlice<UInt8>] = []
        CommaList.split(field.value[...], into: &elements)
        return elements
    }

    // MARK: Changing

    /// Replaces, adds or removes a part of a header, of every address in it.
    mutating func change(
        _ name: HeaderName, spelling: [UInt8], _ part: AddressPart,
        _ new: (ArraySlice<UInt8>?) -> PartChange
    ) {
        if part == .whole { return self.changeLines(name, new) }
        for index in self.fields.indices where self.fields[index].name == name {
            var value = self.fields[index].value
            for element in Self.elements(self.fields[index]).reversed() {
                guard let location = AddressLocation(part, inAddress: element) else { continue }
                Self.edit(&value, location, quotes: part == .display, new)
            }
            guard value != self.fields[index].value else { continue }
            self.fields[index].value = value
            self.isChanged = true
        }
    }

    private mutating func changeLines(
        _ name: HeaderName, _ new: (ArraySlice<UInt8>?) -> PartChange
    ) {
        var kept: [Field] = []
        kept.reserveCapacity(self.fields.count)
        for field in self.fields {
            switch field.name == name ? new(field.value[...]) : .keep {
            case .keep: kept.append(field)
            case .remove: self.isChanged = true
            case .write(let value):
                if value != field.value { self.isChanged = true }
                kept.append(Field(name: field.name, spelling: field.spelling, value: value))
            }
        }
        self.fields = kept
    }

    /// One line in place of all lines of a header; behind the last one of its name, or the last.
    mutating func setLine(_ name: HeaderName, spelling: [UInt8], _ value: [UInt8]) {
        let first = self.fields.firstIndex { $0.name == name }
        if let first, self.fields[first].value == value,
            self.fields.count(where: { $0.name == name }) == 1
        {
            return
        }
        self.isChanged = true
        self.fields.removeAll { $0.name == name }
        let line = Field(name: name, spelling: spelling, value: value)
        self.fields.insert(line, at: first ?? self.fields.count)
    }

    /// One more line of a header, behind those that there are.
    mutating func addLine(_ name: HeaderName, spelling: [UInt8], _ value: [UInt8]) {
        self.isChanged = true
        let last = self.fields.lastIndex { $0.name == name }
        let line = Field(name: name, spelling: spelling, value: value)
        self.fields.insert(line, at: last.map { $0 + 1 } ?? self.fields.count)
    }

    /// Replaces, adds or removes a part of the Request-URI.
    mutating func changeRequestURI(
        _ part: AddressPart, _ new: (ArraySlice<UInt8>?) -> PartChange
    ) {
        guard self.original.isRequest,
            let location = AddressLocation(part, inURI: self.requestURI[...])
        else { return }
        var value = self.requestURI
        Self.edit(&value, location, quotes: false, new)
        guard value != self.requestURI else { return }
        self.requestURI = value
        self.isChanged = true
    }

    /// Changes lines of the description.
    mutating func changeDescription(_ body: (inout DescriptionDraft) -> Bool) {
        guard var description = self.description else { return }
        guard body(&description) else { return }
        self.description = description
        self.isChanged = true
    }

    /// `new` gets the part as it is, nil where it is not there.
    private static func edit(
        _ value: inout [UInt8], _ location: AddressLocation, quotes: Bool,
        _ new: (ArraySlice<UInt8>?) -> PartChange
    ) {
        let text = location.range.map { range -> ArraySlice<UInt8> in
            quotes ? QuotedString.unquoted(value[range])[...] : value[range]
        }
        let written: [UInt8]
        switch new(text) {
        case .keep: return
        case .remove:
            if let removal = location.removal { value.removeSubrange(removal) }
            return
        case .write(let plain): written = quotes ? QuotedString.quoted(plain) : plain
        }
        if let range = location.range {
            let prefix = range.isEmpty ? location.prefix : []
            value.replaceSubrange(range, with: prefix + written)
        } else if let insertion = location.insertion {
            value.insert(
                contentsOf: location.prefix + written + location.suffix, at: insertion)
        }
    }

    // MARK: Writing

    /// The message as it is now.
    func serialise() -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(self.original.bytes.count + 256)
        switch self.original.startLine {
        case .request(let method, _):
            bytes += method.bytes
            bytes.append(0x20)
            bytes += self.requestURI
            bytes += " SIP/2.0\r\n".utf8
        case .response(let status, _):
            bytes += "SIP/2.0 ".utf8
            bytes += ASCII.digits(UInt32(clamping: status))
            bytes.append(0x20)
            bytes += self.original.reasonPhrase
            bytes += [0x0d, 0x0a]
        }
        let body = self.description?.serialise() ?? Array(self.original.body)
        for field in self.fields where field.name != .contentLength {
            bytes += field.spelling
            bytes += [0x3a, 0x20]
            bytes += field.value
            bytes += [0x0d, 0x0a]
        }
        bytes += "Content-Length: ".utf8
        bytes += ASCII.digits(UInt32(clamping: body.count))
        bytes += [0x0d, 0x0a, 0x0d, 0x0a]
        bytes += body
        return bytes
    }
}
