// SPDX-License-Identifier: Apache-2.0

internal import NetworkAddress

/// Records as a capture file (pcapng, draft-ietf-opsawg-pcapng): one section, one Ethernet
/// interface, a packet for each message with the addresses and ports that it had. Frames around
/// the messages are made up; TLS is shown as TCP in the clear on its real ports, and says so in
/// a comment. Media events are comments on the packet before them.
public struct Pcapng: Sendable {
    private var output: [UInt8] = []
    private var streams: [Flow: UInt32] = [:]

    /// One direction of a connection.
    private struct Flow: Hashable {
        let source: SocketAddress
        let destination: SocketAddress
    }

    /// A file with its headers; `application` is who wrote it.
    public init(application: String) {
        let section = Self.little(0x1A2B_3C4D) + Self.little(UInt16(1)) + Self.little(UInt16(0))
        self.block(
            0x0A0D_0D0A,
            section + Self.little(UInt64.max) + Self.options([(4, Array(application.utf8))]))
        // Ethernet, no limit to a packet's length; time stamps are in microseconds by default.
        self.block(
            1,
            Self.little(UInt16(1)) + Self.little(UInt16(0)) + Self.little(UInt32(0))
                + Self.options([(2, Array("trunkline".utf8))]))
    }

    /// The file of some records, in order of time.
    public static func file(_ records: [TraceRecord], application: String) -> [UInt8] {
        var capture = Pcapng(application: application)
        var index = 0
        while index < records.count {
            var comments: [[UInt8]] = []
            let record = records[index]
            index += 1
            while index < records.count, let event = records[index].event {
                comments.append(Self.comment(records[index], event))
                index += 1
            }
            if let event = record.event {
                // What happened before the first message stands on it.
                comments.insert(Self.comment(record, event), at: 0)
                guard index < records.count else { break }
                let next = records[index]
                index += 1
                capture.add(next, comments: comments)
            } else {
                capture.add(record, comments: comments)
            }
        }
        return capture.bytes
    }

    private static func comment(_ record: TraceRecord, _ event: TraceEvent) -> [UInt8] {
        Array("\(WallTime.text(us: record.wallUs)) ".utf8) + HEP3.line(event, record.side)
    }

    /// The file so far.
    public var bytes: [UInt8] { self.output }

    /// Adds a message; other records are not packets.
    public mutating func add(_ record: TraceRecord, comments: [[UInt8]] = []) {
        guard let message = record.message else { return }
        let source = message.isSent ? message.local : message.remote
        let destination = message.isSent ? message.remote : message.local
        var notes = comments
        if message.transport == .tls {
            notes.insert(Array("TLS on the wire, shown as TCP in the clear".utf8), at: 0)
        }
        if message.bytes.count < message.length {
            notes.append(
                Array("\(message.bytes.count) of \(message.length) bytes were kept".utf8))
        }
        if record.call != 0 {
            let leg = record.side == .none ? "" : " leg \(record.side.name)"
            notes.append(Array("call ".utf8) + Hexadecimal.digits(record.call) + Array(leg.utf8))
        }
        var rest = message.bytes[...]
        repeat {
            let piece = Array(rest.prefix(SyntheticFrame.payloadBytesMax))
            rest = rest.dropFirst(piece.count)
            let frame: [UInt8]
            if message.transport == .udp {
                frame = SyntheticFrame.udp(source, destination, piece)
            } else {
                frame = self.segment(source, destination, piece)
            }
            self.packet(frame, us: record.wallUs, notes)
            notes = []
        } while !rest.isEmpty
    }

    /// Each direction counts its own bytes, so that a reader can put a stream together.
    private mutating func segment(
        _ source: SocketAddress, _ destination: SocketAddress, _ payload: [UInt8]
    ) -> [UInt8] {
        let forward = Flow(source: source, destination: destination)
        let sequence = self.streams[forward] ?? 1
        let reverse = self.streams[Flow(source: destination, destination: source)] ?? 1
        self.streams[forward] = sequence &+ UInt32(truncatingIfNeeded: payload.count)
        return SyntheticFrame.tcp(
            source, destination, payload, sequence: sequence, acknowledged: reverse)
    }

    private mutating func packet(_ frame: [UInt8], us: UInt64, _ comments: [[UInt8]]) {
        let length = UInt32(truncatingIfNeeded: frame.count)
        let header =
            Self.little(UInt32(0)) + Self.little(UInt32(truncatingIfNeeded: us >> 32))
            + Self.little(UInt32(truncatingIfNeeded: us)) + Self.little(length)
            + Self.little(length)
        self.block(6, header + Self.padded(frame) + Self.options(comments.map { (1, $0) }))
    }

    private mutating func block(_ type: UInt32, _ body: [UInt8]) {
        let length = Self.little(UInt32(truncatingIfNeeded: body.count + 12))
        self.output += Self.little(type) + length + body + length
    }

    private static func options(_ options: [(UInt16, [UInt8])]) -> [UInt8] {
        guard !options.isEmpty else { return [] }
        return options.reduce(into: []) { bytes, option in
            let value = Array(option.1.prefix(32_000))
            bytes += self.little(option.0) + self.little(UInt16(value.count)) + self.padded(value)
        } + [0, 0, 0, 0]
    }

    private static func padded(_ bytes: [UInt8]) -> [UInt8] {
        bytes + [UInt8](repeating: 0, count: (4 - bytes.count % 4) % 4)
    }

    private static func little(_ value: some FixedWidthInteger & UnsignedInteger) -> [UInt8] {
        stride(from: 0, to: value.bitWidth, by: 8).map {
            UInt8(truncatingIfNeeded: value >> $0)
        }
    }

    private static func little(_ value: UInt32) -> [UInt8] {
        [0, 8, 16, 24].map { UInt8(truncatingIfNeeded: value >> UInt32($0)) }
    }
}
