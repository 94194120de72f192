// SPDX-License-Identifier: Apache-2.0

internal import NetworkAddress

/// A record as a datagram of the Homer Encapsulation Protocol, version 3: "HEP3", the length of
/// all, then chunks of vendor, type, length and value. A message is SIP; an event is a line of
/// text. What belongs together has the call's identifier as correlation.
public struct HEP3: Sendable {
    /// Our number at the collector.
    public var captureID: UInt32
    /// Our password there; empty: none.
    public var password: [UInt8]

    /// Bytes of a datagram at most: what UDP over IPv4 carries.
    public static let datagramBytesMax = 65_507

    /// From its parts.
    public init(captureID: UInt32, password: [UInt8] = []) {
        self.captureID = captureID
        self.password = password
    }

    private enum Chunk: UInt16 {
        case family = 1, transport, ipv4Source, ipv4Destination, ipv6Source, ipv6Destination
        case sourcePort, destinationPort, seconds, microseconds, payloadType, captureID
        case password = 14
        case payload = 15
        case correlation = 17
    }

    private static let sip: UInt8 = 1
    private static let log: UInt8 = 100

    /// The datagram. `bytes` is the message as it may be shown. A message that no datagram holds is
    /// cut.
    public func datagram(_ record: TraceRecord, bytes: [UInt8]) -> [UInt8] {
        var output = Array("HEP3".utf8) + [0, 0]
        switch record.content {
        case .message(let message):
            let ends =
                message.isSent
                ? (message.local, message.remote) : (message.remote, message.local)
            self.addresses(ends.0, ends.1, message.transport, to: &output)
        case .event(let event):
            let nowhere = SocketAddress(address: IPAddress(ipv4: 0), port: 0)
            let place = event.address ?? nowhere
            let isIPv4 = place.address.isIPv4
            let box = isIPv4 ? nowhere : SocketAddress(address: .unspecified, port: 0)
            self.addresses(place, box, .udp, to: &output)
        }
        self.add(.seconds, UInt32(truncatingIfNeeded: record.wallUs / 1_000_000), to: &output)
        self.add(.microseconds, UInt32(record.wallUs % 1_000_000), to: &output)
        self.add(.payloadType, record.message == nil ? Self.log : Self.sip, to: &output)
        self.add(.captureID, self.captureID, to: &output)
        if !self.password.isEmpty { self.add(.password, bytes: self.password, to: &output) }
        if record.call != 0 {
            self.add(.correlation, bytes: Hexadecimal.digits(record.call), to: &output)
        }
        let room = Self.datagramBytesMax - output.count - 6
        self.add(.payload, bytes: bytes.count > room ? Array(bytes[..<room]) : bytes, to: &output)
        output[4] = UInt8(truncatingIfNeeded: output.count >> 8)
        output[5] = UInt8(truncatingIfNeeded: output.count)
        return output
    }

    /// What stands in place of a message for an event.
    public static func line(_ event: TraceEvent, _ side: TraceSide) -> [UInt8] {
        let parts = [
            side == .none ? "" : "leg \(side.name):", event.kind.words,
            event.address.map { "\($0)" } ?? "", Printable.text(event.text),
        ]
        return Array(parts.filter { !$0.isEmpty }.joined(separator: " ").utf8)
    }

    private func addresses(
        _ source: SocketAddress, _ destination: SocketAddress, _ transport: TraceTransport,
        to output: inout [UInt8]
    ) {
        let isIPv4 = source.address.isIPv4 && destination.address.isIPv4
        self.add(.family, UInt8(isIPv4 ? 2 : 10), to: &output)
        self.add(.transport, UInt8(transport == .udp ? 17 : 6), to: &output)
        if isIPv4 {
            self.add(.ipv4Source, source.address.ipv4, to: &output)
            self.add(.ipv4Destination, destination.address.ipv4, to: &output)
        } else {
            self.add(.ipv6Source, bytes: source.address.networkBytes, to: &output)
            self.add(.ipv6Destination, bytes: destination.address.networkBytes, to: &output)
        }
        self.add(.sourcePort, source.port, to: &output)
        self.add(.destinationPort, destination.port, to: &output)
    }

    private func add(_ chunk: Chunk, bytes: [UInt8], to output: inout [UInt8]) {
        BigEndian.append(UInt16(0), to: &output)
        BigEndian.append(chunk.rawValue, to: &output)
        BigEndian.append(UInt16(truncatingIfNeeded: bytes.count + 6), to: &output)
        output += bytes
    }

    private func add(
        _ chunk: Chunk, _ value: some FixedWidthInteger & UnsignedInteger, to output: inout [UInt8]
    ) {
        var bytes: [UInt8] = []
        BigEndian.append(value, to: &bytes)
        self.add(chunk, bytes: bytes, to: &output)
    }
}

enum BigEndian {
    static func append(
        _ value: some FixedWidthInteger & UnsignedInteger, to output: inout [UInt8]
    ) {
        for shift in stride(from: value.bitWidth - 8, through: 0, by: -8) {
            output.append(UInt8(truncatingIfNeeded: value >> shift))
        }
    }
}

enum Hexadecimal {
    /// Sixteen digits, as a call is named elsewhere.
    static func digits(_ value: UInt64) -> [UInt8] {
        let digits = Array("0123456789abcdef".utf8)
        return (0..<16).map { digits[Int(value >> (60 - 4 * UInt64($0)) & 15)] }
    }
}
