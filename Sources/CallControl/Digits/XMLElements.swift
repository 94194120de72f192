// SPDX-License-Identifier: Apache-2.0

/// The elements of a small XML document, in the order in which they begin. Only what KPML needs is
/// read: no document type, no entities but the five of XML itself, and limits on everything.
struct XMLElements {
    struct Element: Equatable {
        /// Without its prefix.
        let name: [UInt8]
        /// Name and value; names without their prefixes.
        var attributes: [(name: [UInt8], value: [UInt8])]
        /// How many elements it stands in.
        let depth: Int
        /// The text in it, as far as that stands before its first element.
        var text: [UInt8] = []

        func value(_ name: StaticString) -> [UInt8]? {
            let wanted = name.withUTF8Buffer { Array($0) }
            return self.attributes.first { $0.name == wanted }?.value
        }

        func isNamed(_ name: StaticString) -> Bool {
            name.withUTF8Buffer { self.name.elementsEqual($0) }
        }

        static func == (left: Element, right: Element) -> Bool {
            left.name == right.name && left.depth == right.depth && left.text == right.text
                && left.attributes.elementsEqual(right.attributes) {
                    $0.name == $1.name && $0.value == $1.value
                }
        }
    }

    static let bytesMax = 4096
    private static let elementsMax = 64
    private static let depthMax = 8
    private static let attributesMax = 16

    private(set) var elements: [Element] = []
    private let bytes: [UInt8]
    private var place = 0

    /// Nil for what is no such document.
    init?(_ body: ArraySlice<UInt8>) {
        guard body.count <= Self.bytesMax else { return nil }
        self.bytes = Array(body)
        var open: [[UInt8]] = []
        self.skipBlanks()
        if self.takes("<?xml") {
            guard self.skip(past: "?>") else { return nil }
        }
        while self.place < self.bytes.count {
            guard self.bytes[self.place] == UInt8(ascii: "<") else {
                guard self.takeText(in: !open.isEmpty) else { return nil }
                continue
            }
            if self.takes("<!--") {
                guard self.skip(past: "-->") else { return nil }
            } else if self.takes("</") {
                guard let name = self.takeName(), name == open.popLast() else { return nil }
                self.skipBlanks()
                guard self.takes(">") else { return nil }
            } else {
                // A second root, a document type or an instruction ends it.
                guard !open.isEmpty || self.elements.isEmpty, self.takes("<"),
                    let name = self.takeName(), self.takeElement(name, depth: open.count)
                else { return nil }
                if self.takes("/>") { continue }
                guard self.takes(">"), open.count < Self.depthMax else { return nil }
                open.append(name)
            }
        }
        guard open.isEmpty, !self.elements.isEmpty else { return nil }
    }

    // MARK: Parts

    private mutating func takeElement(_ name: [UInt8], depth: Int) -> Bool {
        guard self.elements.count < Self.elementsMax else { return false }
        var element = Element(name: Self.local(name), attributes: [], depth: depth)
        while true {
            let before = self.place
            self.skipBlanks()
            guard self.place < self.bytes.count else { return false }
            let next = self.bytes[self.place]
            if next == UInt8(ascii: ">") || next == UInt8(ascii: "/") { break }
            guard self.place > before, element.attributes.count < Self.attributesMax,
                let attribute = self.takeName()
            else { return false }
            self.skipBlanks()
            guard self.takes("=") else { return false }
            self.skipBlanks()
            guard let value = self.takeQuoted() else { return false }
            element.attributes.append((Self.local(attribute), value))
        }
        self.elements.append(element)
        return true
    }

    private mutating func takeText(in isInside: Bool) -> Bool {
        var end = self.place
        while end < self.bytes.count, self.bytes[end] != UInt8(ascii: "<") { end += 1 }
        let raw = self.bytes[self.place..<end]
        self.place = end
        guard isInside else { return raw.allSatisfy(Self.isBlank) }
        guard let text = Self.plain(raw) else { return false }
        if self.elements[self.elements.count - 1].text.isEmpty {
            self.elements[self.elements.count - 1].text = text
        }
        return true
    }

    private mutating func takeName() -> [UInt8]? {
        let start = self.place
        while self.place < self.bytes.count, Self.isName(self.bytes[self.place]) {
            self.place += 1
        }
        return start == self.place ? nil : Array(self.bytes[start..<self.place])
    }

    private mutating func takeQuoted() -> [UInt8]? {
        guard self.place < self.bytes.count else { return nil }
        let quote = self.bytes[self.place]
        guard quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") else { return nil }
        let start = self.place + 1
        guard let end = self.bytes[start...].firstIndex(of: quote) else { return nil }
        self.place = end + 1
        let raw = self.bytes[start..<end]
        return raw.contains(UInt8(ascii: "<")) ? nil : Self.plain(raw)
    }

    private mutating func takes(_ text: StaticString) -> Bool {
        let wanted = text.withUTF8Buffer { Array($0) }
        guard self.bytes[self.place...].starts(with: wanted) else { return false }
        self.place += wanted.count
        return true
    }

    private mutating func skip(past text: StaticString) -> Bool {
        while self.place < self.bytes.count {
            if self.takes(text) { return true }
            self.place += 1
        }
        return false
    }

    private mutating func skipBlanks() {
        while self.place < self.bytes.count, Self.isBlank(self.bytes[self.place]) {
            self.place += 1
        }
    }

    // MARK: Octets

    private static func isBlank(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x09 || byte == 0x0d || byte == 0x0a
    }

    private static func isName(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, UInt8(ascii: "-"), UInt8(ascii: "_"),
            UInt8(ascii: "."), UInt8(ascii: ":"):
            true
        default: false
        }
    }

    private static func local(_ name: [UInt8]) -> [UInt8] {
        guard let colon = name.lastIndex(of: UInt8(ascii: ":")) else { return name }
        return Array(name[(colon + 1)...])
    }

    /// With its entities resolved; nil where there are others.
    private static func plain(_ raw: ArraySlice<UInt8>) -> [UInt8]? {
        guard raw.contains(UInt8(ascii: "&")) else { return Array(raw) }
        let entities: [([UInt8], UInt8)] = [
            ("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"), ("&quot;", "\""), ("&apos;", "'"),
        ].map { (Array(($0.0 as String).utf8), Array(($0.1 as String).utf8)[0]) }
        var result: [UInt8] = []
        var rest = raw
        while let first = rest.first {
            if first == UInt8(ascii: "&") {
                guard let entity = entities.first(where: { rest.starts(with: $0.0) }) else {
                    return nil
                }
                result.append(entity.1)
                rest = rest.dropFirst(entity.0.count)
            } else {
                result.append(first)
                rest = rest.dropFirst()
            }
        }
        return result
    }
}
