// SPDX-License-Identifier: Apache-2.0

/// An `a=crypto` line (RFC 4568): a master key for what its writer sends.
public struct CryptoAttribute: Sendable, Hashable {
    /// 0...999999999; the answer to a line has its tag.
    public var tag: UInt32
    /// The suite as the writer names it.
    public var suiteName: SDPText
    /// Suite, key, salt, key identifier.
    public var master: SRTPMasterKey

    /// Largest tag.
    public static let largestTag: UInt32 = 999_999_999

    /// A line of ours.
    public init(tag: UInt32, master: SRTPMasterKey, suiteName: SDPText? = nil) {
        self.tag = tag
        self.suiteName = suiteName ?? master.suite.name
        self.master = master
    }

    /// The suite.
    public var suite: SRTPSuite { self.master.suite }

    /// Our way to write it. The lifetime is the longest that SRTCP allows (RFC 3711 section 9.2),
    /// because stacks exist that want one; a key identifier is written if there is one.
    public var attribute: Attribute {
        var text = Array(SDPText(self.tag).bytes)
        text.append(ASCII.space)
        text += self.suiteName.bytes
        text += Array(" inline:".utf8)
        text += Base64.encode(self.master.key + self.master.salt)
        text += Array("|2^31".utf8)
        if !self.master.mki.isEmpty {
            let value = self.master.mki.reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            text.append(UInt8(ascii: "|"))
            text += SDPText(value).bytes
            text.append(ASCII.colon)
            text += SDPText(UInt64(self.master.mki.count)).bytes
        }
        if self.master.plainSRTCP { text += Array(" UNENCRYPTED_SRTCP".utf8) }
        return Attribute("crypto", SDPText(checked: text))
    }
}

/// Why an `a=crypto` line cannot be used.
public enum CryptoFault: String, Error, Sendable, Hashable, CaseIterable {
    case incomplete = "tag, suite or key is missing"
    case badTag = "the tag is not a number of up to nine digits"
    case unknownSuite = "the suite is not known"
    case badMethod = "the key method is not inline"
    case severalKeys = "there are several keys"
    case badBase64 = "the key is not base64"
    case wrongKeyLength = "key and salt are not as long as the suite wants"
    case zeroKey = "the key is zero"
    case badLifetime = "the lifetime is not a number nor a power of two up to 2^48"
    case badMKI = "the key identifier is not a number that fits 1 to 8 bytes"
    case unknownParameter = "a session parameter is not known"
    case refusedParameter = "a session parameter weakens or changes what is protected"
}
