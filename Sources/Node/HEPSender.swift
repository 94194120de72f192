// SPDX-License-Identifier: Apache-2.0

internal import Glibc

import Configuration
import NetworkAddress
import Trace

/// Sends copies of messages to a collector, over UDP. Never waits: what the system does not take
/// at once is dropped and counted.
final class HEPSender {
    /// What was counted.
    struct Counters {
        var sent: UInt64 = 0
        /// The system had no room, or the collector's host answered that nobody listens.
        var dropped: UInt64 = 0
        /// Messages that no datagram holds: their beginning was sent.
        var cut: UInt64 = 0
    }

    private(set) var counters = Counters()
    private let trace: TraceConfiguration
    private let format: HEP3
    private let descriptor: Int32

    /// Nil where no collector is configured. Where there is no socket for it, everything is
    /// dropped.
    init?(_ trace: TraceConfiguration) {
        guard let collector = trace.collector else { return nil }
        self.trace = trace
        self.format = HEP3(
            captureID: trace.captureID, password: Array((trace.password ?? "").utf8))
        self.descriptor = Self.open(collector)
        if self.descriptor < 0 {
            Log.line("trunkline: no socket for the HEP collector \(collector): errno \(errno)")
        }
    }

    deinit { if self.descriptor >= 0 { close(self.descriptor) } }

    /// The configuration says nothing else.
    func isFor(_ trace: TraceConfiguration) -> Bool {
        trace.collector == self.trace.collector && trace.captureID == self.trace.captureID
            && trace.password == self.trace.password
    }

    /// Sends a record without its secrets.
    func send(_ record: TraceRecord, _ redaction: Redaction) {
        let bytes: [UInt8] =
            switch record.content {
            case .message(let message): redaction.redacted(message.bytes)
            case .event(let event): HEP3.line(event, record.side)
            }
        let datagram = self.format.datagram(record, bytes: bytes)
        if datagram.count >= HEP3.datagramBytesMax { self.counters.cut &+= 1 }
        let flags = Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL)
        let count = Glibc.send(self.descriptor, datagram, datagram.count, flags)
        if count == datagram.count {
            self.counters.sent &+= 1
        } else {
            self.counters.dropped &+= 1
        }
    }

    private static func open(_ collector: SocketAddress) -> Int32 {
        let isIPv4 = collector.address.isIPv4
        let kind = Int32(
            SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let descriptor = socket(isIPv4 ? AF_INET : AF_INET6, kind, 0)
        guard descriptor >= 0 else { return -1 }
        let isConnected = isIPv4 ? self.connect4(descriptor, collector)
            : self.connect6(descriptor, collector)
        guard isConnected else {
            close(descriptor)
            return -1
        }
        return descriptor
    }

    private static func connect4(_ descriptor: Int32, _ collector: SocketAddress) -> Bool {
        var place = sockaddr_in()
        place.sin_family = sa_family_t(AF_INET)
        place.sin_port = collector.port.bigEndian
        place.sin_addr.s_addr = collector.address.ipv4.bigEndian
        return withUnsafePointer(to: &place) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }

    private static func connect6(_ descriptor: Int32, _ collector: SocketAddress) -> Bool {
        var place = sockaddr_in6()
        place.sin6_family = sa_family_t(AF_INET6)
        place.sin6_port = collector.port.bigEndian
        withUnsafeMutableBytes(of: &place.sin6_addr) {
            $0.copyBytes(from: collector.address.networkBytes)
        }
        return withUnsafePointer(to: &place) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in6>.size)) == 0
            }
        }
    }
}
