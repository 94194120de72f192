// SPDX-License-Identifier: Apache-2.0

/// A call of this node. Survives a restart: it is in the checkpoint and names the call's flows.
public struct CallIdentifier: Sendable, Hashable, CustomStringConvertible {
    /// Any value but zero.
    public let value: UInt64
    /// From a value.
    public init(_ value: UInt64) { self.value = value }

    /// Sixteen hexadecimal digits, as the command line shows and takes it.
    public var description: String { String(decoding: hexadecimal(self.value), as: UTF8.self) }

    /// From sixteen hexadecimal digits.
    public init?(text: String) {
        var value: UInt64 = 0
        let bytes = Array(text.utf8)
        guard bytes.count == 16 else { return nil }
        for byte in bytes {
            switch byte {
            case 0x30...0x39: value = value << 4 | UInt64(byte - 0x30)
            case 0x41...0x46: value = value << 4 | UInt64(byte - 0x41 + 10)
            case 0x61...0x66: value = value << 4 | UInt64(byte - 0x61 + 10)
            default: return nil
            }
        }
        self.value = value
    }
}

/// One of the two legs of a call: `a` is the caller's, `b` the callee's.
public enum Side: UInt8, Sendable, Hashable, CaseIterable {
    /// The caller's leg.
    case a = 0
    /// The callee's leg.
    case b = 1

    /// The other leg.
    public var other: Side { self == .a ? .b : .a }
}

/// Where tags, branches, Call-IDs and jitter come from: the system's generator, or a seed so that a
/// test can be played again.
public struct Randomness {
    private var state: UInt64 = 0
    private let source: (() -> UInt64)?

    /// Where 64 random bits come from: the system's cryptographic generator (RFC 3261 section 19.3
    /// asks for one), or what fetches from it in larger parts.
    public init(_ source: @escaping () -> UInt64 = { UInt64.random(in: .min ... .max) }) {
        self.source = source
    }

    /// The same sequence for the same seed; for tests.
    public init(seed: UInt64) {
        self.state = seed
        self.source = nil
    }

    /// Sixty-four random bits.
    public mutating func next() -> UInt64 {
        if let source { return source() }
        // SplitMix64.
        let advanced = self.state &+ 0x9E37_79B9_7F4A_7C15
        self.state = advanced
        var z = advanced
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// A number below `bound`, which is at least 1.
    public mutating func below(_ bound: UInt64) -> UInt64 { self.next() % max(bound, 1) }
}

/// Makes the identifiers that the box puts into its own messages. Each begins with the shard, so
/// that what comes back finds the thread that owns the call.
struct IdentifierSource {
    private(set) var randomness: Randomness
    private let shard: [UInt8]
    /// Known to this process alone.
    let loops: LoopMark

    init(shard: UInt8, randomness: Randomness) {
        var randomness = randomness
        self.loops = LoopMark(key: randomness.next())
        self.shard = Array(hexadecimal(UInt64(shard)).suffix(2))
        self.randomness = randomness
    }

    mutating func call() -> CallIdentifier { CallIdentifier(max(self.randomness.next(), 1)) }

    mutating func tag() -> [UInt8] { self.shard + hexadecimal(self.randomness.next()) }

    /// RFC 3261 section 8.1.1.7: begins with the magic cookie.
    mutating func branch() -> [UInt8] {
        Array("z9hG4bK".utf8) + self.shard + hexadecimal(self.randomness.next())
    }

    /// 128 random bits at our host, as the leg's party knows it: nothing of the other leg shows.
    mutating func callID(at host: [UInt8]) -> [UInt8] {
        self.shard + hexadecimal(self.randomness.next()) + hexadecimal(self.randomness.next())
            + [0x40] + host
    }

    mutating func below(_ bound: UInt64) -> UInt64 { self.randomness.below(bound) }

    /// The order in which targets are tried.
    mutating func order(_ targets: [TrunkTarget]) -> [TrunkTarget] {
        TargetOrder.order(targets, &self.randomness)
    }

    /// Random bytes, for keys and credentials.
    mutating func bytes(_ count: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count + 8)
        while bytes.count < count {
            withUnsafeBytes(of: self.randomness.next()) { bytes.append(contentsOf: $0) }
        }
        return Array(bytes.prefix(count))
    }

    /// Session identifier of an o-line: positive and below 2^62, which every parser can hold.
    mutating func sessionID() -> UInt64 { self.randomness.next() >> 2 }
}

/// Sixteen lower-case digits.
func hexadecimal(_ value: UInt64) -> [UInt8] {
    (0..<16).map { position in
        let digit = UInt8(truncatingIfNeeded: value >> (60 - 4 * UInt64(position)) & 15)
        return digit < 10 ? 0x30 + digit : 0x57 + digit
    }
}

/// A number in decimal digits.
func decimal(_ value: some FixedWidthInteger & UnsignedInteger) -> [UInt8] {
    var digits: [UInt8] = []
    var rest = value
    repeat {
        digits.append(0x30 + UInt8(truncatingIfNeeded: rest % 10))
        rest /= 10
    } while rest > 0
    return digits.reversed()
}
