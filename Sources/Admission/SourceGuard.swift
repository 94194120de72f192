// SPDX-License-Identifier: Apache-2.0

public import NetworkAddress

/// Why a message is thrown away before anybody reads it.
public enum ShedReason: String, Sendable, CaseIterable {
    /// No trunk's, and such are not answered.
    case unknownSource = "unknown_source"
    /// No trunk's, and more than one such source may send.
    case unknownFlood = "unknown_source_flood"
    /// No trunk's, and more than all such sources together may send.
    case unknownTotal = "unknown_total_flood"
    /// More than one source of a trunk may send.
    case sourceFlood = "source_flood"
    /// A scanner, by what it says of itself.
    case scanner = "scanner"
    /// A faulty message of a source that sent many: read, but not answered.
    case faultFlood = "fault_flood"
}

/// What messages of one source, and of all that are no trunk's, may cost: looked at by address
/// alone, before a message is copied or read.
///
/// A value without a clock. Its table of sources has a limit; sources that were quiet for a while
/// make room, and where there is none an unknown source is nobody.
public struct SourceGuard: Sendable {
    /// How much is let in.
    public struct Policy: Sendable, Hashable {
        /// Messages of sources that are no trunk's are not read at all.
        public var dropsUnknown = false
        /// Messages a second of all sources that are no trunk's.
        public var unknownPerSecond: UInt32 = 100
        /// Messages a second of one of them.
        public var unknownSourcePerSecond: UInt32 = 20
        /// Messages a second of one source of a trunk.
        public var sourcePerSecond: UInt32 = 20_000
        /// Answers a second to faulty messages of one source.
        public var faultsPerSecond: UInt32 = 50
        /// What scanners call themselves, in any case of letters.
        public var scanners: [[UInt8]] = Self.knownScanners

        /// Words in the User-Agent of scanners that everybody meets.
        public static let knownScanners = [
            "friendly-scanner", "sipvicious", "sipcli", "sipsak", "sundayddr", "sip-scan",
            "iwar", "sivus", "pplsip", "vaxsipuseragent",
        ].map { Array($0.utf8) }

        /// The defaults.
        public init() {}
    }

    private struct Source: Sendable {
        var messages: TokenBucket
        var faults: TokenBucket
        var seenAt: UInt64
    }

    /// Sources that are kept at most.
    public static let sourcesMax = 8192
    /// A source that was quiet for so long makes room, ms.
    private static let quietMilliseconds: UInt64 = 10_000
    /// How far into a message a scanner is looked for, bytes.
    private static let scannedBytes = 2048

    /// How much is let in.
    public var policy: Policy {
        didSet {
            guard self.policy != oldValue else { return }
            self.sources = [:]
            self.unknown = TokenBucket(rate: self.policy.unknownPerSecond)
        }
    }
    /// What was thrown away, by reason.
    public private(set) var shed: [ShedReason: UInt64] = [:]
    private var sources: [IPAddress: Source] = [:]
    private var unknown: TokenBucket
    private var cleanedAt: UInt64 = 0

    /// Nothing seen yet.
    public init(_ policy: Policy = Policy()) {
        self.policy = policy
        self.unknown = TokenBucket(rate: policy.unknownPerSecond)
    }

    /// Sources that are kept at present.
    public var sourceCount: Int { self.sources.count }

    /// Lets a message in, or counts why not. `now` in milliseconds of any one clock.
    public mutating func admits(_ source: IPAddress, isKnown: Bool, now: UInt64) -> Bool {
        let reason = isKnown ? self.known(source, now) : self.unknown(source, now)
        if let reason { self.count(reason) }
        return reason == nil
    }

    private mutating func known(_ source: IPAddress, _ now: UInt64) -> ShedReason? {
        guard self.keep(source, self.policy.sourcePerSecond, now) else { return nil }
        return self.sources[source]?.messages.take(now: now) == false ? .sourceFlood : nil
    }

    /// All of them together come first: a flood from made-up addresses gets no place in the table.
    private mutating func unknown(_ source: IPAddress, _ now: UInt64) -> ShedReason? {
        if self.policy.dropsUnknown { return .unknownSource }
        guard self.unknown.has(now: now) else { return .unknownTotal }
        guard self.keep(source, self.policy.unknownSourcePerSecond, now),
            self.sources[source]?.messages.take(now: now) == true
        else { return .unknownFlood }
        _ = self.unknown.take(now: now)
        return nil
    }

    /// A faulty message of this source is still worth an answer.
    public mutating func answersFault(_ source: IPAddress, now: UInt64) -> Bool {
        guard self.sources[source]?.faults.take(now: now) == false else { return true }
        self.count(.faultFlood)
        return false
    }

    /// A message that names a scanner; counted.
    public mutating func isScanner(_ message: some RandomAccessCollection<UInt8>) -> Bool {
        let bytes = message.prefix(Self.scannedBytes).map { byte in
            byte &- 0x41 < 26 ? byte | 0x20 : byte
        }
        guard self.policy.scanners.contains(where: { Self.contains(bytes, $0) }) else {
            return false
        }
        self.count(.scanner)
        return true
    }

    private static func contains(_ bytes: [UInt8], _ word: [UInt8]) -> Bool {
        guard let first = word.first, bytes.count >= word.count else { return false }
        return (0...(bytes.count - word.count)).contains { start in
            bytes[start] == first && bytes[start..<(start + word.count)].elementsEqual(word)
        }
    }

    /// The source has a place in the table; false if there is none left.
    private mutating func keep(_ source: IPAddress, _ rate: UInt32, _ now: UInt64) -> Bool {
        guard self.sources[source] == nil else {
            self.sources[source]?.seenAt = now
            return true
        }
        if self.sources.count >= Self.sourcesMax { self.clean(now) }
        guard self.sources.count < Self.sourcesMax else { return false }
        self.sources[source] = Source(
            messages: TokenBucket(rate: rate),
            faults: TokenBucket(rate: self.policy.faultsPerSecond), seenAt: now)
        return true
    }

    /// At most once a second: it looks at each.
    private mutating func clean(_ now: UInt64) {
        guard now >= self.cleanedAt &+ 1000 else { return }
        self.cleanedAt = now
        self.sources = self.sources.filter { $0.value.seenAt &+ Self.quietMilliseconds > now }
    }

    private mutating func count(_ reason: ShedReason) {
        self.shed[reason, default: 0] &+= 1
    }
}
