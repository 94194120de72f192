// SPDX-License-Identifier: Apache-2.0

import SIPMessage

/// The body of an INFO with a digit (a use of INFO from before RFC 6086, which kept it).
struct InfoDigit: Equatable {
    let key: DigitKey
    /// Nil: it does not say.
    let durationMs: UInt32?

    /// Octets of a body at most.
    static let bytesMax = 256
    private static let linesMax = 8
    /// A key is hardly held longer.
    static let durationMsMax: UInt32 = 60_000

    init(_ key: DigitKey, durationMs: UInt32?) {
        self.key = key
        self.durationMs = durationMs
    }

    /// Of `application/dtmf-relay`: lines of NAME=VALUE, of which Signal has to be there once.
    init(relay body: ArraySlice<UInt8>) throws(DigitFault) {
        guard body.count <= Self.bytesMax else { throw .tooLong }
        var key: DigitKey?
        var duration: UInt32?
        var lines = 0
        for line in body.split(whereSeparator: { $0 == 0x0d || $0 == 0x0a }) {
            let line = Self.trimmed(line)
            if line.isEmpty { continue }
            lines += 1
            guard lines <= Self.linesMax, let sign = line.firstIndex(of: UInt8(ascii: "=")) else {
                throw .broken
            }
            let name = Self.trimmed(line[..<sign])
            let value = Self.trimmed(line[(sign + 1)...])
            if ASCII.equalsIgnoringCase(name, "Signal") {
                guard key == nil else { throw .broken }
                guard let known = DigitKey(text: value) else {
                    throw value.isEmpty ? .broken : .unknownKey
                }
                key = known
            } else if ASCII.equalsIgnoringCase(name, "Duration") {
                guard duration == nil else { throw .broken }
                duration = try Self.duration(value)
            }
        }
        guard let key else { throw .broken }
        self.init(key, durationMs: duration)
    }

    /// Of `application/dtmf`: the digit, and at most a line end.
    init(bare body: ArraySlice<UInt8>) throws(DigitFault) {
        guard body.count <= Self.bytesMax else { throw .tooLong }
        let lines = body.split(whereSeparator: { $0 == 0x0d || $0 == 0x0a })
        guard lines.count == 1, let line = lines.first else { throw .broken }
        let text = Self.trimmed(line)
        guard !text.isEmpty else { throw .broken }
        guard let key = DigitKey(text: text) else { throw .unknownKey }
        self.init(key, durationMs: nil)
    }

    private static func duration(_ text: ArraySlice<UInt8>) throws(DigitFault) -> UInt32 {
        guard !text.isEmpty, text.allSatisfy({ (0x30...0x39).contains($0) }) else {
            throw .broken
        }
        guard let value = ASCII.number(text, limit: UInt64(self.durationMsMax)), value > 0 else {
            throw .absurdDuration
        }
        return UInt32(value)
    }

    private static func trimmed(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }
        let start = bytes.drop(while: isBlank)
        return start.prefix(start.count - start.reversed().prefix(while: isBlank).count)
    }

    // MARK: Writing

    private var word: [UInt8] {
        self.key.code == 16 ? Array("16".utf8) : [self.key.character]
    }

    /// As `application/dtmf-relay`.
    func relayBody(durationMs standard: UInt32) -> [UInt8] {
        Array("Signal=".utf8) + self.word + Array("\r\nDuration=".utf8)
            + decimal(min(self.durationMs ?? standard, Self.durationMsMax)) + [0x0d, 0x0a]
    }

    /// As `application/dtmf`.
    var bareBody: [UInt8] { self.word }
}
