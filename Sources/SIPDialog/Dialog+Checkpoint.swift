// SPDX-License-Identifier: Apache-2.0

import SIPMessage

// The form of a dialog in a checkpoint, numbers big-endian:
//
//     version 1 | flags 1 | local sequence 4 | remote sequence 4
//     Call-ID, local tag, remote tag, local party, remote party, remote target: length 2, octets
//     route count 1, then each route: length 2, octets
//
// Flags: 1 confirmed, 2 server, 4 secure, 8 local sequence present, 16 remote sequence present.
// Another version is another dialog format: it is refused, never guessed at.
extension Dialog {
    /// The most octets of an encoded dialog.
    public static let encodedLimit = 65_536
    private static let version: UInt8 = 1

    private enum Flag {
        static let confirmed: UInt8 = 1
        static let server: UInt8 = 2
        static let secure: UInt8 = 4
        static let localSequence: UInt8 = 8
        static let remoteSequence: UInt8 = 16
        static let all: UInt8 = 31
    }

    /// The dialog as octets; nil when they would be more than `encodedLimit`.
    public func encoded() -> [UInt8]? {
        var flags: UInt8 = 0
        if self.state == .confirmed { flags |= Flag.confirmed }
        if self.role == .server { flags |= Flag.server }
        if self.isSecure { flags |= Flag.secure }
        if self.localSequence != nil { flags |= Flag.localSequence }
        if self.remoteSequence != nil { flags |= Flag.remoteSequence }
        var bytes = [Self.version, flags]
        Self.append(self.localSequence ?? 0, to: &bytes)
        Self.append(self.remoteSequence ?? 0, to: &bytes)
        let fields = [
            self.key.callID, self.key.localTag, self.key.remoteTag, self.localParty,
            self.remoteParty, self.remoteTarget,
        ]
        guard self.routeSet.count <= Self.routeLimit,
            (fields + self.routeSet).allSatisfy({ $0.count <= Int(UInt16.max) })
        else { return nil }
        for field in fields { Self.append(field, to: &bytes) }
        bytes.append(UInt8(truncatingIfNeeded: self.routeSet.count))
        for route in self.routeSet { Self.append(route, to: &bytes) }
        return bytes.count <= Self.encodedLimit ? bytes : nil
    }

    /// The dialog in exactly these octets; nil for anything that `encoded()` does not yield from a
    /// dialog made of messages: cut, too long, of another version, or with values that no parser
    /// of this product lets through.
    public init?(encoded bytes: [UInt8]) {
        guard bytes.count <= Self.encodedLimit else { return nil }
        var reader = CheckpointReader(bytes: bytes)
        guard reader.byte() == Self.version, let flags = reader.byte(), flags & ~Flag.all == 0,
            let localSequence = reader.number(), let remoteSequence = reader.number(),
            let callID = reader.field(), let localTag = reader.field(),
            let remoteTag = reader.field(), let localParty = reader.field(),
            let remoteParty = reader.field(), let remoteTarget = reader.field(),
            let routeCount = reader.byte(), Int(routeCount) <= Self.routeLimit
        else { return nil }
        var routes: [[UInt8]] = []
        for _ in 0..<routeCount {
            guard let route = reader.field(), Self.isRoute(route) else { return nil }
            routes.append(route)
        }
        let hasLocal = flags & Flag.localSequence != 0
        let hasRemote = flags & Flag.remoteSequence != 0
        guard reader.isAtEnd, hasLocal || localSequence == 0, hasRemote || remoteSequence == 0,
            Self.isText(callID), !callID.isEmpty,
            Self.isParty(localParty, tag: localTag), Self.isParty(remoteParty, tag: remoteTag),
            Self.isText(remoteTarget), (try? URI.parse(remoteTarget[...])) != nil
        else { return nil }
        self.init(
            key: DialogKey(callID: callID, localTag: localTag, remoteTag: remoteTag),
            role: flags & Flag.server != 0 ? .server : .client,
            isSecure: flags & Flag.secure != 0, parties: (localParty, remoteParty),
            state: flags & Flag.confirmed != 0 ? .confirmed : .early,
            remoteTarget: remoteTarget, routeSet: routes,
            sequences: (hasLocal ? localSequence : nil, hasRemote ? remoteSequence : nil))
    }

    private static func append(_ number: UInt32, to bytes: inout [UInt8]) {
        for shift: UInt32 in [24, 16, 8, 0] {
            bytes.append(UInt8(truncatingIfNeeded: number >> shift))
        }
    }

    private static func append(_ field: [UInt8], to bytes: inout [UInt8]) {
        bytes.append(UInt8(truncatingIfNeeded: field.count >> 8))
        bytes.append(UInt8(truncatingIfNeeded: field.count))
        bytes += field
    }

    /// No octet that could end a header line.
    private static func isText(_ bytes: [UInt8]) -> Bool {
        bytes.allSatisfy { ($0 >= 0x20 || $0 == 0x09) && $0 != 0x7f }
    }

    private static func isRoute(_ bytes: [UInt8]) -> Bool {
        Self.isText(bytes) && (try? NameAddr(bytes[...], bracketsRequired: true)) != nil
    }

    private static func isParty(_ bytes: [UInt8], tag: [UInt8]) -> Bool {
        guard Self.isText(bytes), let party = try? NameAddr(bytes[...]) else { return false }
        return (party.tag ?? []).elementsEqual(tag)
    }
}

/// Reads numbers and fields; every read past the end is nil.
private struct CheckpointReader {
    let bytes: [UInt8]
    private var index = 0

    init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    var isAtEnd: Bool { self.index == self.bytes.count }

    mutating func byte() -> UInt8? {
        guard self.index < self.bytes.count else { return nil }
        defer { self.index += 1 }
        return self.bytes[self.index]
    }

    mutating func number() -> UInt32? {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = self.byte() else { return nil }
            value = value << 8 | UInt32(byte)
        }
        return value
    }

    mutating func field() -> [UInt8]? {
        guard let high = self.byte(), let low = self.byte() else { return nil }
        let count = Int(high) << 8 | Int(low)
        guard count <= self.bytes.count - self.index else { return nil }
        defer { self.index += count }
        return Array(self.bytes[self.index..<(self.index + count)])
    }
}
