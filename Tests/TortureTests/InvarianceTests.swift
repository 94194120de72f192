// SPDX-License-Identifier: Apache-2.0

import SIPMessage
import Testing

/// A message cut by simple rules of its own, so that the parser is not tested with itself.
struct LooseMessage {
    var startLine: [UInt8]
    /// Lines with their continuations and line ends.
    var fields: [[UInt8]]
    var rest: [UInt8]

    private static let lineEnd: [UInt8] = [0x0d, 0x0a]

    init(_ bytes: [UInt8]) {
        var lines: [[UInt8]] = [[]]
        var index = 0
        while index < bytes.count, !(lines.count > 1 && lines.last == Self.lineEnd) {
            if lines[lines.count - 1].suffix(2) == Self.lineEnd[...] {
                let folded = bytes[index] == 0x20 || bytes[index] == 0x09
                if !(folded && lines.count > 1) { lines.append([]) }
            }
            lines[lines.count - 1].append(bytes[index])
            index += 1
        }
        self.rest = Array(bytes[index...])
        if lines.count > 1, lines.last == Self.lineEnd {
            self.rest = lines.removeLast() + self.rest
        }
        self.startLine = lines.removeFirst()
        self.fields = lines
    }

    var bytes: [UInt8] { self.startLine + self.fields.flatMap { $0 } + self.rest }

    /// The octets of a field's name, without regard to what follows.
    static func name(_ field: [UInt8]) -> [UInt8] {
        Array(field.prefix { $0 != UInt8(ascii: ":") && $0 != 0x20 && $0 != 0x09 })
    }

    mutating func rename(_ change: ([UInt8]) -> [UInt8]) {
        self.fields = self.fields.map { change(Self.name($0)) + $0.dropFirst(Self.name($0).count) }
    }

    /// A line end before every space of every value, quoted strings excepted.
    mutating func fold() {
        self.fields = self.fields.map { field in
            var result: [UInt8] = []
            var inValue = false
            var quoted = false
            var last: UInt8 = 0
            for byte in field {
                if byte == UInt8(ascii: "\""), last != UInt8(ascii: "\\") { quoted.toggle() }
                if byte == 0x20, inValue, !quoted, last != 0x0a { result += Self.lineEnd }
                result.append(byte)
                if byte == UInt8(ascii: ":") { inValue = true }
                last = byte
            }
            return result
        }
    }

    /// Fields of different names change places; those of one name keep their order.
    mutating func reorder() {
        let keys = self.fields.map { HeaderName(bytes: Self.name($0)) }
        var order: [HeaderName] = []
        for key in keys where !order.contains(key) { order.append(key) }
        self.fields = order.reversed().flatMap { key in
            zip(keys, self.fields).filter { $0.0 == key }.map(\.1)
        }
    }
}

@Suite("Verdicts do not depend on how a message is written")
struct InvarianceTests {
    static let cases = RFC4475.all + RFC5118.all

    /// Status and reason; the offset moves with the octets.
    private func same(_ left: Verdict, _ right: Verdict) -> Bool {
        switch (left, right) {
        case (.accept, .accept): true
        case (.reject(let a, let b, _), .reject(let c, let d, _)): a == c && b == d
        case (.drop(let a, _), .drop(let b, _)): a == b
        default: false
        }
    }

    private func check(_ torture: TortureCase, _ change: (inout LooseMessage) -> Void) {
        var loose = LooseMessage(torture.bytes)
        #expect(loose.bytes == torture.bytes)
        change(&loose)
        for framing in [Framing.datagram, .stream] {
            let before = examine(torture.bytes, framing: framing)
            let after = examine(loose.bytes, framing: framing)
            #expect(self.same(before, after), "\(before) became \(after)")
        }
    }

    @Test("(a) header names in upper case", arguments: cases)
    func upperCase(_ torture: TortureCase) {
        self.check(torture) { loose in
            loose.rename { $0.map { 0x61...0x7a ~= $0 ? $0 - 0x20 : $0 } }
        }
    }

    @Test("(a) header names in compact form", arguments: cases)
    func compact(_ torture: TortureCase) {
        self.check(torture) { loose in
            loose.rename { name in HeaderName(bytes: name).compact.map { [$0] } ?? name }
        }
    }

    @Test("(a) header names in long form", arguments: cases)
    func long(_ torture: TortureCase) {
        self.check(torture) { $0.rename { HeaderName(bytes: $0).bytes } }
    }

    @Test("(b) folded at every space", arguments: cases)
    func folded(_ torture: TortureCase) {
        self.check(torture) { $0.fold() }
    }

    @Test("(c) different headers in another order", arguments: cases)
    func reordered(_ torture: TortureCase) {
        self.check(torture) { $0.reorder() }
    }

    @Test("(d) stream cut at every octet", arguments: cases)
    func cut(_ torture: TortureCase) {
        let whole = Self.items([torture.bytes])
        for cut in 0...torture.bytes.count {
            let parts = [Array(torture.bytes[..<cut]), Array(torture.bytes[cut...])]
            #expect(Self.items(parts) == whole, "cut at \(cut)")
        }
        #expect(Self.items(torture.bytes.map { [$0] }) == whole, "octet by octet")
    }

    /// What a framer makes of a stream that arrives in these parts.
    private static func items(_ parts: [[UInt8]]) -> [StreamFramer.Item] {
        var framer = StreamFramer()
        var items: [StreamFramer.Item] = []
        for part in parts {
            framer.append(part)
            while true {
                let item = framer.next()
                if item == .needMore { break }
                items.append(item)
                if case .failure = item { return items }
            }
        }
        return items
    }
}
