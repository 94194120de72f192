// SPDX-License-Identifier: Apache-2.0

/// Takes out of a message what nobody who looks at it needs: keys (SDES, MIKEY, RFC 4566 `k=`), ICE
/// passwords, what proves a password (Authorization and its kin), passwords in URIs, DTMF digits
/// in INFO, and by policy the last digits of telephone numbers.
///
/// Each byte of a secret becomes `x`. A message keeps its length, its lines and its structure, so
/// that Content-Length stays true and a parser reads it as before. It works on lines, not on a
/// parsed message: what is malformed, or a message inside a body, is redacted by the same rules.
/// Where a header's parameter or a body's encoding is not known, all of it goes.
public struct Redaction: Sendable, Hashable {
    /// Last digits of a telephone number that are hidden, in the user part of URIs and in the
    /// names before them; 0 for none. Identity headers, which hold numbers, go with them.
    public var hiddenDigits: Int
    /// Digits of INFO bodies (DTMF relay, KPML) are hidden.
    public var hidesDTMF: Bool

    /// What stands in place of each byte.
    public static let mark = UInt8(ascii: "x")

    /// From its parts.
    public init(hiddenDigits: Int = 0, hidesDTMF: Bool = true) {
        self.hiddenDigits = hiddenDigits
        self.hidesDTMF = hidesDTMF
    }

    /// The message without secrets, as long as before.
    public func redacted(_ bytes: [UInt8]) -> [UInt8] {
        var worker = RedactionWorker(bytes, self)
        worker.run()
        return worker.bytes
    }

    /// A number as it may be shown.
    public func redacted(number: [UInt8]) -> [UInt8] {
        guard self.hiddenDigits > 0 else { return number }
        var worker = RedactionWorker(number, self)
        worker.hideDigits(0..<number.count)
        return worker.bytes
    }
}

/// One message being redacted.
struct RedactionWorker {
    private(set) var bytes: [UInt8]
    private let policy: Redaction
    /// The line before may go on in this one.
    private var open = Open.nothing
    /// Behind the first empty line.
    private var isBody = false
    /// What comes behind the next empty line is encoded: nobody can look for secrets in it.
    private var isEncoded = false

    /// The whole body is one digit (Content-Type application/dtmf).
    private var isBareDTMF = false
    /// The whole body is an event packet (RFC 4733), of any octets.
    private var isEventPacket = false
    /// Up to here no URI of the line has a user part.
    private var withoutUser = 0

    private enum Open {
        case nothing
        /// Parameters of a digest.
        case digest
        /// A value that goes as a whole.
        case everything
    }

    init(_ bytes: [UInt8], _ policy: Redaction) {
        self.bytes = bytes
        self.policy = policy
    }

    mutating func run() {
        var start = 0
        while start < self.bytes.count {
            var end = start
            while end < self.bytes.count, !ASCIIText.isLineEnd(self.bytes[end]) { end += 1 }
            self.line(start..<end)
            if start == end, self.isEnd(end) {
                self.isBody = true
                if self.isEncoded { return self.hide(end..<self.bytes.count) }
                if self.isEventPacket { return self.hidePacket(from: end) }
            }
            start = end + 1
            // CR and LF end one line.
            if end + 1 < self.bytes.count, self.bytes[end] == 0x0d, self.bytes[end + 1] == 0x0a {
                start = end + 2
            }
        }
    }

    private func isEnd(_ position: Int) -> Bool { position < self.bytes.count }

    private mutating func line(_ line: Range<Int>) {
        guard !line.isEmpty else {
            self.open = .nothing
            return
        }
        if ASCIIText.isSpace(self.bytes[line.lowerBound]) {
            switch self.open {
            case .nothing: break
            case .digest: return self.digest(line)
            case .everything: return self.hide(line)
            }
        }
        self.open = .nothing
        self.lineStart(line)
        self.anywhere(line)
    }

    /// What stands at the beginning of a line alone.
    private mutating func lineStart(_ line: Range<Int>) {
        let start = line.lowerBound
        switch ASCIIText.lowered(self.bytes[start]) {
        case UInt8(ascii: "k") where self.matches("k=", start):
            // RFC 4566 section 5.12: method, colon, key.
            let method = self.word(start + 2, line) { $0 | 0x20 >= 0x61 || ASCIIText.isDigit($0) }
            let hasMethod = method.upperBound < line.upperBound
                && self.bytes[method.upperBound] == 0x3a
            self.hide((hasMethod ? method.upperBound + 1 : start + 2)..<line.upperBound)
        case UInt8(ascii: "a") where self.matches("a=key-mgmt", start):
            let space = line.first { ASCIIText.isSpace(self.bytes[$0]) } ?? start + 10
            self.hide(space + 1..<line.upperBound)
        case UInt8(ascii: "s") where self.isBody && self.policy.hidesDTMF:
            if self.matches("signal", start) { self.hideTones(start + 6..<line.upperBound) }
        case UInt8(ascii: "c"), UInt8(ascii: "e"): self.encoding(line)
        case UInt8(ascii: "i"), UInt8(ascii: "y"): self.identity(line)
        default:
            if self.isBody, self.isBareDTMF { self.hideTones(line) }
        }
        if self.policy.hiddenDigits > 0, !self.isBody { self.displayName(line) }
    }

    private mutating func encoding(_ line: Range<Int>) {
        if self.isBody, self.isBareDTMF { self.hideTones(line) }
        let type =
            MessageScan.value(of: "content-type", self.bytes, line)
            ?? MessageScan.value(of: "c", self.bytes, line)
        if let type, self.policy.hidesDTMF {
            // dtmf-relay has lines of its own.
            self.isBareDTMF =
                self.matches("application/dtmf", type.lowerBound)
                && !self.matches("application/dtmf-", type.lowerBound)
            self.isEventPacket = self.matches("audio/telephone-event", type.lowerBound)
        }
        let value =
            MessageScan.value(of: "content-encoding", self.bytes, line)
            ?? MessageScan.value(of: "e", self.bytes, line)
            ?? MessageScan.value(of: "content-transfer-encoding", self.bytes, line)
        guard let value, !value.isEmpty else { return }
        let isPlain = ["identity", "7bit", "8bit", "binary"].contains { (word: StaticString) in
            value.count == word.utf8CodeUnitCount && self.matches(word, value.lowerBound)
        }
        if !isPlain { self.isEncoded = true }
    }

    /// RFC 8224: the numbers of the call, signed and in base64.
    private mutating func identity(_ line: Range<Int>) {
        guard self.policy.hiddenDigits > 0 else { return }
        let value =
            MessageScan.value(of: "identity", self.bytes, line)
            ?? MessageScan.value(of: "y", self.bytes, line)
        guard let value else { return }
        self.hide(value)
        self.open = .everything
    }

    /// What is looked for at every place of a line.
    private mutating func anywhere(_ line: Range<Int>) {
        var position = line.lowerBound
        while position < line.upperBound {
            let next: Int? =
                switch self.bytes[position] | 0x20 {
                case UInt8(ascii: "i"): self.secretOfMedia(position, line)
                case UInt8(ascii: "a"): self.proof(position, line)
                case UInt8(ascii: "s"): self.uri(position, line)
                case UInt8(ascii: "t"): self.telephone(position, line)
                case UInt8(ascii: "d"): self.keypad(position, line)
                default: nil
                }
            position = next ?? position + 1
        }
    }

    private mutating func secretOfMedia(_ position: Int, _ line: Range<Int>) -> Int? {
        // RFC 4568 section 6.1. The lifetime and what else stands behind the key may stay.
        if self.matches("inline:", position) {
            return self.hide(from: position + 7, line) { byte in
                byte != 0x7c && byte != 0x3b && !ASCIIText.isSpace(byte) && byte != 0x22
            }
        }
        if self.matches("ice-pwd", position) {
            var start = position + 7
            while start < line.upperBound, self.isGap(self.bytes[start]) { start += 1 }
            return self.hide(from: start, line) {
                !ASCIIText.isSpace($0) && $0 != 0x22 && $0 != 0x3c
            }
        }
        return nil
    }

    /// Between a name and its value.
    private func isGap(_ byte: UInt8) -> Bool {
        ASCIIText.isSpace(byte) || byte == 0x3a || byte == 0x3d || byte == 0x22
    }

    /// Authorization, Proxy-Authorization, Authentication-Info, Proxy-Authentication-Info: as
    /// headers, and as headers of a URI.
    private mutating func proof(_ position: Int, _ line: Range<Int>) -> Int? {
        let length: Int
        if self.matches("authorization", position) {
            length = 13
        } else if self.matches("authentication-info", position) {
            length = 19
        } else {
            return nil
        }
        var start = position + length
        while start < line.upperBound, ASCIIText.isSpace(self.bytes[start]) { start += 1 }
        guard start < line.upperBound else { return nil }
        switch self.bytes[start] {
        case 0x3d:
            return self.hide(from: start + 1, line) { $0 != 0x26 && $0 != 0x3e }
        case 0x3a:
            self.credentials(start + 1..<line.upperBound, hasScheme: length == 13)
            return line.upperBound
        default: return nil
        }
    }

    private mutating func credentials(_ value: Range<Int>, hasScheme: Bool) {
        var start = value.lowerBound
        while start < value.upperBound, ASCIIText.isSpace(self.bytes[start]) { start += 1 }
        var end = start
        while end < value.upperBound, !ASCIIText.isSpace(self.bytes[end]) { end += 1 }
        self.open = .digest
        guard hasScheme else { return self.digest(value) }
        if start == value.upperBound { return }
        if end - start == 6, self.matches("digest", start) {
            return self.digest(end..<value.upperBound)
        }
        // Basic, Bearer, NTLM and whatever else: nothing of it is known to be harmless.
        self.open = .everything
        self.hide(end..<value.upperBound)
    }

    /// Parameters of a digest that say nothing about the password.
    private static let harmless: [StaticString] = [
        "username", "realm", "nonce", "uri", "algorithm", "qop", "nc", "opaque", "nextnonce",
        "userhash",
    ]

    /// name=value, ... : values of names that are not known to be harmless go.
    private mutating func digest(_ range: Range<Int>) {
        var position = range.lowerBound
        while position < range.upperBound {
            if ASCIIText.isSpace(self.bytes[position]) || self.bytes[position] == 0x2c {
                position += 1
                continue
            }
            let name = self.word(position, range) { $0 != 0x3d && $0 != 0x2c && $0 != 0x22 }
            position = name.upperBound
            while position < range.upperBound, ASCIIText.isSpace(self.bytes[position]) {
                position += 1
            }
            guard position < range.upperBound, self.bytes[position] == 0x3d else {
                // No parameter: a value that was torn from its name, or nothing known.
                self.hide(name)
                if position < range.upperBound, self.bytes[position] == 0x22 {
                    position = self.quoted(position, range, hidden: true)
                }
                continue
            }
            position += 1
            while position < range.upperBound, ASCIIText.isSpace(self.bytes[position]) {
                position += 1
            }
            let isHarmless = Self.harmless.contains {
                name.count == $0.utf8CodeUnitCount && self.matches($0, name.lowerBound)
            }
            // A value on the next line has lost its name by then: the first branch hides it.
            guard position < range.upperBound else { return }
            if self.bytes[position] == 0x22 {
                let start = position + 1
                position = self.quoted(position, range, hidden: !isHarmless)
                self.parameter(name, max(start, position - 1), from: start)
            } else {
                let value = self.word(position, range) { $0 != 0x2c }
                if !isHarmless { self.hide(value) }
                position = value.upperBound
            }
        }
    }

    /// A harmless parameter may hold what is not: a number, or a password in a URI.
    private mutating func parameter(_ name: Range<Int>, _ end: Int, from start: Int) {
        if name.count == 3, self.matches("uri", name.lowerBound) { self.anywhere(start..<end) }
        if name.count == 8, self.matches("username", name.lowerBound) {
            self.hideDigits(start..<end)
        }
    }

    private func word(
        _ start: Int, _ range: Range<Int>, _ isPart: (UInt8) -> Bool
    ) -> Range<Int> {
        var end = start
        while end < range.upperBound, !ASCIIText.isSpace(self.bytes[end]), isPart(self.bytes[end]) {
            end += 1
        }
        return start..<end
    }

    /// A quoted string; behind it. One that does not end in its line takes the next ones along.
    private mutating func quoted(_ start: Int, _ range: Range<Int>, hidden: Bool) -> Int {
        var end = start + 1
        while end < range.upperBound, self.bytes[end] != 0x22 {
            end += self.bytes[end] == 0x5c ? 2 : 1
        }
        let isClosed = end < range.upperBound
        end = min(end, range.upperBound)
        if hidden || !isClosed { self.hide(start + 1..<end) }
        if !isClosed { self.open = .everything }
        return isClosed ? end + 1 : end
    }

    /// The password, and by policy the number, in a SIP URI (RFC 3261 section 19.1.1).
    private mutating func uri(_ position: Int, _ line: Range<Int>) -> Int? {
        let start: Int
        if self.matches("sip:", position) {
            start = position + 4
        } else if self.matches("sips:", position) {
            start = position + 5
        } else {
            return nil
        }
        // A hostile line has thousands of schemes and no user: each byte is looked at once.
        guard start >= self.withoutUser else { return start }
        var at: Int?
        var colon: Int?
        var end = start
        while end < line.upperBound, at == nil {
            switch self.bytes[end] {
            case 0x40: at = end
            case 0x3a: colon = colon ?? end
            case 0x20, 0x09, 0x3c, 0x3e, 0x22:
                self.withoutUser = end
                return start
            default: break
            }
            end += 1
        }
        guard let at else {
            self.withoutUser = end
            return start
        }
        if let colon { self.hide(colon + 1..<at) }
        let user = start..<(colon ?? at)
        let number = user.first { self.bytes[$0] == 0x3b } ?? user.upperBound
        if self.policy.hiddenDigits > 0 { self.hideDigits(start..<number) }
        return at
    }

    private mutating func telephone(_ position: Int, _ line: Range<Int>) -> Int? {
        guard self.policy.hiddenDigits > 0, self.matches("tel:", position) else { return nil }
        let number = self.word(position + 4, line) { $0 != 0x3b && $0 != 0x3e && $0 != 0x22 }
        self.hideDigits(number)
        return number.upperBound
    }

    /// KPML reports digits="..." (RFC 4730).
    private mutating func keypad(_ position: Int, _ line: Range<Int>) -> Int? {
        guard self.policy.hidesDTMF, self.isBody, self.matches("digits=\"", position) else {
            return nil
        }
        return self.hide(from: position + 8, line) { $0 != 0x22 }
    }

    /// Digits in what stands before the address of a header.
    private mutating func displayName(_ line: Range<Int>) {
        guard let angle = line.first(where: { self.bytes[$0] == 0x3c }),
            let colon = line.first(where: { self.bytes[$0] == 0x3a }), colon < angle
        else { return }
        self.hideDigits(colon + 1..<angle)
    }

    // MARK: Hiding

    /// The last digits of a range; the others stay.
    mutating func hideDigits(_ range: Range<Int>) {
        var left = self.policy.hiddenDigits
        for position in range.reversed() where left > 0 {
            guard ASCIIText.isDigit(self.bytes[position]) else { continue }
            self.bytes[position] = Redaction.mark
            left -= 1
        }
    }

    /// All behind the empty line that begins here; an octet of it may look like anything.
    private mutating func hidePacket(from end: Int) {
        let hasCRLF =
            end + 1 < self.bytes.count && self.bytes[end] == 0x0d && self.bytes[end + 1] == 0x0a
        for position in (end + (hasCRLF ? 2 : 1))..<max(self.bytes.count, end + 2) {
            guard self.bytes.indices.contains(position) else { return }
            self.bytes[position] = Redaction.mark
        }
    }

    private mutating func hideTones(_ range: Range<Int>) {
        for position in range {
            switch self.bytes[position] {
            case 0x30...0x39, 0x2a, 0x23, 0x41...0x44, 0x61...0x64:
                self.bytes[position] = Redaction.mark
            default: break
            }
        }
    }

    private mutating func hide(_ range: Range<Int>) {
        for position in range.clamped(to: 0..<self.bytes.count)
        where !ASCIIText.isSpace(self.bytes[position])
            && !ASCIIText.isLineEnd(self.bytes[position])
        { self.bytes[position] = Redaction.mark }
    }

    /// Hides as long as the bytes are part of it; behind them.
    private mutating func hide(
        from start: Int, _ line: Range<Int>, while isPart: (UInt8) -> Bool
    ) -> Int {
        var end = start
        while end < line.upperBound, isPart(self.bytes[end]) { end += 1 }
        self.hide(min(start, end)..<end)
        return end
    }

    private func matches(_ text: StaticString, _ position: Int) -> Bool {
        ASCIIText.matches(text, self.bytes, position)
    }
}
