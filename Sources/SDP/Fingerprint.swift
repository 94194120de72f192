// SPDX-License-Identifier: Apache-2.0

/// An `a=fingerprint`: the hash of a certificate (RFC 8122 section 5).
public struct Fingerprint: Sendable, Hashable {
    /// The hash functions, the weakest first.
    public enum Hash: UInt8, Sendable, Hashable, CaseIterable, SDPWord {
        /// 20 bytes; only if the policy says so.
        case sha1 = 1
        /// 32 bytes.
        case sha256 = 2
        /// 48 bytes.
        case sha384 = 3
        /// 64 bytes.
        case sha512 = 4

        /// Bytes of its result.
        public var bytes: Int {
            switch self {
            case .sha1: 20
            case .sha256: 32
            case .sha384: 48
            case .sha512: 64
            }
        }

        var word: StaticString {
            switch self {
            case .sha1: "sha-1"
            case .sha256: "sha-256"
            case .sha384: "sha-384"
            case .sha512: "sha-512"
            }
        }
    }

    /// The hash function.
    public let hash: Hash
    /// Its result, as long as the function makes it.
    public let digest: [UInt8]

    /// From its parts; nil if the length is not the function's.
    public init?(hash: Hash, digest: [UInt8]) {
        guard digest.count == hash.bytes else { return nil }
        self.hash = hash
        self.digest = digest
    }

    /// Reads the value of `a=fingerprint`, in any case; nil for a function that is not known, and
    /// for what is not as many pairs of digits as the function has bytes.
    public init?(_ value: SDPText) {
        let words = value.words
        guard words.count == 2, let hash = Hash.named(words[0]) else { return nil }
        let pairs = words[1].bytes.split(
            separator: ASCII.colon, omittingEmptySubsequences: false)
        guard pairs.count == hash.bytes else { return nil }
        let digest = pairs.compactMap(ASCII.hexadecimalByte)
        self.init(hash: hash, digest: digest)
    }

    /// The line, in upper case.
    public var attribute: Attribute {
        var text = Array(SDPText(stringLiteral: self.hash.word).bytes)
        for (index, byte) in self.digest.enumerated() {
            text.append(index == 0 ? ASCII.space : ASCII.colon)
            text.append(ASCII.hexadecimalDigit(byte >> 4))
            text.append(ASCII.hexadecimalDigit(byte & 15))
        }
        return Attribute("fingerprint", SDPText(checked: text))
    }
}

extension ASCII {
    static func hexadecimalDigit(_ value: UInt8) -> UInt8 {
        value < 10 ? 0x30 + value : 0x37 + value
    }

    /// Two digits as a byte.
    static func hexadecimalByte(_ text: ArraySlice<UInt8>) -> UInt8? {
        guard text.count == 2 else { return nil }
        var value: UInt8 = 0
        for character in text {
            switch lowered(character) {
            case 0x30...0x39: value = value << 4 | (character - 0x30)
            case 0x61...0x66: value = value << 4 | (lowered(character) - 0x57)
            default: return nil
            }
        }
        return value
    }
}
