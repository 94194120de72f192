// SPDX-License-Identifier: Apache-2.0

extension CryptoAttribute {
    /// Reads the value of `a=crypto`; runs of spaces count as one. UNENCRYPTED_SRTCP is taken up
    /// into the key, for the policy to judge.
    public init(_ value: SDPText) throws(CryptoFault) {
        let words = value.words
        guard words.count >= 3 else { throw .incomplete }
        guard words[0].bytes.count <= 9, let tag = words[0].number() else { throw .badTag }
        guard let suite = SRTPSuite(name: words[1]) else { throw .unknownSuite }
        let (secret, mki) = try Self.key(words[2])
        guard secret.count == suite.keyBytes + suite.saltBytes else { throw .wrongKeyLength }
        var plainSRTCP = false
        for word in words.dropFirst(3) {
            if try Self.saysPlainSRTCP(word) { plainSRTCP = true }
        }
        guard
            let master = SRTPMasterKey(
                suite: suite, master: secret, mki: mki, plainSRTCP: plainSRTCP)
        else { throw .zeroKey }
        self.init(tag: UInt32(tag), master: master, suiteName: words[1])
    }

    /// `inline:` with base64, and behind bars a lifetime, a key identifier or both.
    private static func key(
        _ text: SDPText
    ) throws(CryptoFault) -> (secret: [UInt8], mki: [UInt8]) {
        guard !text.bytes.contains(ASCII.semicolon) else { throw .severalKeys }
        guard let (method, rest) = text.cut(at: ASCII.colon), method.isLiteral("inline") else {
            throw .badMethod
        }
        let parts = rest.bytes.split(
            separator: UInt8(ascii: "|"), omittingEmptySubsequences: false)
        guard let secret = Base64.decode(parts[0]) else { throw .badBase64 }
        guard parts.count <= 3 else { throw .badLifetime }
        var mki: [UInt8] = []
        for (index, part) in parts.enumerated().dropFirst() {
            if part.contains(ASCII.colon) {
                guard index == parts.count - 1 else { throw .badMKI }
                mki = try self.mki(SDPText(checked: Array(part)))
            } else {
                guard index == 1, self.isLifetime(part) else { throw .badLifetime }
            }
        }
        return (secret, mki)
    }

    /// How long the writer sends under its key is the writer's business, so it is only read.
    private static func isLifetime(_ text: ArraySlice<UInt8>) -> Bool {
        let most: UInt64 = 1 << 48
        guard text.starts(with: "2^".utf8) else {
            return (ASCII.number(text, upTo: most) ?? 0) > 0
        }
        return ASCII.number(text.dropFirst(2), upTo: 48) != nil
    }

    /// `value:length`, the length in bytes.
    private static func mki(_ text: SDPText) throws(CryptoFault) -> [UInt8] {
        guard let (head, tail) = text.cut(at: ASCII.colon), var value = head.number(),
            let length = tail.number(upTo: UInt64(SRTPMasterKey.longestMKI)), length > 0,
            length == 8 || value >> (length * 8) == 0
        else { throw .badMKI }
        var bytes: [UInt8] = []
        for _ in 0..<length {
            bytes.append(UInt8(truncatingIfNeeded: value))
            value >>= 8
        }
        return bytes.reversed()
    }

    /// Judges a session parameter (RFC 4568 section 6.3). A hyphen in front says that it may be
    /// ignored. Of the others only a rate of zero and a window's size leave SRTP as it is.
    private static func saysPlainSRTCP(_ word: SDPText) throws(CryptoFault) -> Bool {
        if word.bytes.first == UInt8(ascii: "-") { return false }
        let parts = word.cut(at: ASCII.equals)
        let name = parts?.head ?? word
        if name.isLiteral("WSH") {
            guard let size = parts?.tail.number(), size >= 64 else { throw .refusedParameter }
            return false
        }
        if name.isLiteral("KDR") {
            guard parts?.tail.number() == 0 else { throw .refusedParameter }
            return false
        }
        if name.isLiteral("UNENCRYPTED_SRTCP"), parts == nil { return true }
        let known: [SDPText] = [
            "UNENCRYPTED_SRTCP", "UNENCRYPTED_SRTP", "UNAUTHENTICATED_SRTP", "FEC_ORDER", "FEC_KEY",
        ]
        guard known.contains(where: { $0.equalsIgnoringCase(name) }) else {
            throw .unknownParameter
        }
        throw .refusedParameter
    }
}
