// SPDX-License-Identifier: Apache-2.0

import SIPMessage

/// A key: the event codes of RFC 4733 section 3.2 that telephones have.
public struct DigitKey: Sendable, Hashable {
    /// 0 to 9; 10 is *, 11 #, 12 to 15 A to D, 16 a flash of the hook.
    public let code: UInt8

    private static let characters = Array("0123456789*#ABCD!".utf8)

    /// The key 0.
    public static let zero = DigitKey(unchecked: 0)

    private init(unchecked code: UInt8) { self.code = code }

    /// Nil for a code that is no key's.
    public init?(code: UInt8) {
        guard code <= 16 else { return nil }
        self.code = code
    }

    /// Nil for an octet that is no key: 0 to 9, *, #, A to D in either case.
    public init?(character: UInt8) {
        let upper = (0x61...0x64).contains(character) ? character - 0x20 : character
        guard let place = Self.characters.firstIndex(of: upper), place < 16 else { return nil }
        self.code = UInt8(place)
    }

    /// As INFO bodies have it: a key, or its code in two digits (10 for *, 16 for a flash).
    init?(text: some Collection<UInt8>) {
        if text.count == 1, let character = text.first {
            self.init(character: character)
        } else {
            guard text.count == 2, let code = ASCII.number(text, limit: 16), code >= 10 else {
                return nil
            }
            self.init(code: UInt8(code))
        }
    }

    /// As it is written; a flash is "!".
    public var character: UInt8 { Self.characters[Int(self.code)] }
}

/// A key that was pressed, whatever form it came in.
public struct Digit: Sendable, Hashable {
    /// Which.
    public var key: DigitKey
    /// The leg whose party pressed it; with no form: the leg that it went to.
    public var side: Side
    /// The form that it came in; nil: nobody pressed it, the operator had it sent.
    public var form: DigitForm?
    /// When it began, milliseconds after the call's INVITE.
    public var after: UInt32
    /// How long it lasted, ms; 0: its form does not say.
    public var durationMs: UInt32
    /// Its level, -dBm0; nil: its form has none.
    public var level: UInt8?

    /// From its parts.
    public init(
        _ key: DigitKey, _ side: Side, _ form: DigitForm?, after: UInt32, durationMs: UInt32,
        level: UInt8? = nil
    ) {
        self.key = key
        self.side = side
        self.form = form
        self.after = after
        self.durationMs = durationMs
        self.level = level
    }
}

/// Digits for a party whose leg sends them with its media, one after the other.
public struct DigitBurst: Sendable, Hashable {
    /// Which.
    public var keys: [DigitKey]
    /// How long each lasts, ms.
    public var durationMs: UInt16
    /// What is between two, ms.
    public var pauseMs: UInt16

    /// Digits at once at most.
    public static let countMax = 32
    /// What a digit or a pause may last, ms.
    public static let timesMs: ClosedRange<UInt32> = 40...8000

    /// From its parts; times are brought into their range.
    public init(_ keys: [DigitKey], durationMs: UInt32, pauseMs: UInt32) {
        self.keys = keys
        self.durationMs = Self.time(durationMs)
        self.pauseMs = Self.time(pauseMs)
    }

    private static func time(_ milliseconds: UInt32) -> UInt16 {
        let range = Self.timesMs
        return UInt16(min(max(milliseconds, range.lowerBound), range.upperBound))
    }
}

/// The digits of one call, as far as they are kept.
public struct DigitLog: Sendable, Hashable {
    /// The first ones, in the order in which they were over.
    public private(set) var digits: [Digit] = []
    /// How many came after those.
    public private(set) var more: UInt32 = 0

    /// So many are kept.
    public static let countMax = 128

    private let limit: UInt8

    /// None, and room for so many.
    public init(limit: Int = Self.countMax) { self.limit = UInt8(clamping: limit) }

    mutating func append(_ digit: Digit) {
        if self.digits.count < Int(self.limit) {
            self.digits.append(digit)
        } else {
            self.more &+= 1
        }
    }
}
