// SPDX-License-Identifier: Apache-2.0

import SIPMessage

/// What a subscription to key presses asks for (RFC 4730 section 5):
/// `application/kpml-request+xml`. Each key is reported when it was pressed; a pattern of several
/// keys is not served.
struct KeyPressRequest: Equatable {
    /// What becomes of the subscription when it reported something.
    enum Persistence: Equatable {
        /// It is over.
        case oneShot
        /// It goes on.
        case persist
        /// It waits to be asked again.
        case singleNotify
    }

    /// One bit for each key's code.
    let keys: UInt32
    /// What becomes of it.
    let persistence: Persistence
    /// Name of the pattern, repeated in reports; empty: it has none.
    let tag: [UInt8]

    static let contentType = "application/kpml-request+xml"
    /// Octets of a document at most.
    static let bytesMax = XMLElements.bytesMax
    private static let tagBytesMax = 64

    init(_ body: ArraySlice<UInt8>) throws(DigitFault) {
        guard body.count <= Self.bytesMax else { throw .tooLong }
        guard let document = XMLElements(body), let root = document.elements.first,
            root.isNamed("kpml-request"), root.value("version").map({ $0 == Array("1.0".utf8) })
                ?? true,
            let pattern = document.elements.first(where: { $0.isNamed("pattern") && $0.depth == 1 })
        else { throw .badSubscription }
        let regexes = document.elements.filter { $0.isNamed("regex") && $0.depth == 2 }
        guard !regexes.isEmpty else { throw .badSubscription }
        var keys: UInt32 = 0
        for regex in regexes {
            guard let one = Self.keys(regex.text[...]) else { throw .badSubscription }
            keys |= one
        }
        self.keys = keys
        self.tag = Array((regexes.first?.value("tag") ?? []).prefix(Self.tagBytesMax))
        switch pattern.value("persist") {
        case nil: self.persistence = .oneShot
        case .some(let word) where word == Array("one-shot".utf8): self.persistence = .oneShot
        case .some(let word) where word == Array("persist".utf8): self.persistence = .persist
        case .some(let word) where word == Array("single-notify".utf8):
            self.persistence = .singleNotify
        default: throw .badSubscription
        }
    }

    func matches(_ key: DigitKey) -> Bool { self.keys & 1 << UInt32(key.code) != 0 }

    /// A regular expression of RFC 4730 section 5.1 that one key matches; nil for any other.
    private static func keys(_ text: ArraySlice<UInt8>) -> UInt32? {
        let isBlank: (UInt8) -> Bool = { $0 == 0x20 || $0 == 0x09 || $0 == 0x0d || $0 == 0x0a }
        let text = text.filter { !isBlank($0) }
        guard let first = text.first else { return nil }
        if first == UInt8(ascii: "[") {
            guard text.count > 2, text.last == UInt8(ascii: "]") else { return nil }
            return self.list(text[1..<(text.count - 1)])
        }
        guard text.count == 1 else { return nil }
        return self.one(first)
    }

    private static let digits: UInt32 = 0x3ff
    private static let all: UInt32 = 0xffff

    private static func one(_ character: UInt8) -> UInt32? {
        if character == UInt8(ascii: "x") { return self.digits }
        return DigitKey(character: character).map { 1 << UInt32($0.code) }
    }

    private static func list(_ text: ArraySlice<UInt8>) -> UInt32? {
        var rest = text
        var keys: UInt32 = 0
        let isNegated = rest.first == UInt8(ascii: "^")
        if isNegated { rest = rest.dropFirst() }
        while let first = rest.popFirst() {
            if rest.first == UInt8(ascii: "-"), rest.count > 1 {
                rest = rest.dropFirst()
                guard let last = rest.popFirst(), (0x30...0x39).contains(first),
                    (first...0x39).contains(last)
                else { return nil }
                for digit in first...last { keys |= 1 << UInt32(digit - 0x30) }
            } else {
                guard let one = self.one(first) else { return nil }
                keys |= one
            }
        }
        return isNegated ? self.all & ~keys : keys
    }

    /// Our own: every key, for as long as the subscription lasts.
    static let everyKey = Array(
        ("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n"
            + "<kpml-request xmlns=\"urn:ietf:params:xml:ns:kpml-request\" version=\"1.0\">"
            + "<pattern persist=\"persist\"><regex tag=\"dtmf\">[x*#ABCD]</regex></pattern>"
            + "</kpml-request>\r\n").utf8)
}
