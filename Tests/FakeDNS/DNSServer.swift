// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization

/// What the server does with a question.
public enum Reply: Sendable {
    /// These bytes as answer section: records, each with its own owner; and the response code.
    case records([[UInt8]], code: UInt8 = 0)
    /// "There is nothing": with a SOA record that says for how long.
    case nothing(ttl: UInt32, code: UInt8)
    /// No answer.
    case silence
    /// Bytes in place of everything behind the header's first two.
    case garbage([UInt8])
    /// By UDP "truncated" and nothing else; by TCP these.
    case long([[UInt8]])
}

/// A DNS server on loopback for one test, in a thread of its own: UDP and TCP on the same port.
public final class DNSServer: Sendable {
    /// Where it is, at 127.0.0.1.
    public let port: UInt16
    private struct NoSocket: Error {}

    private let udp: Int32
    private let tcp: Int32
    private let replies = Mutex<[String: Reply]>([:])
    private let log = Mutex<[String]>([])
    private let isOver = Mutex(false)

    /// Serves until `stop`.
    public init() throws {
        self.udp = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
        self.tcp = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var port: UInt16 = 0
        for _ in 0..<20 {
            port = try Self.bind(self.udp, port: 0)
            if (try? Self.bind(self.tcp, port: port)) != nil { break }
        }
        self.port = port
        guard listen(self.tcp, 8) == 0 else { throw NoSocket() }
        var patience = timeval(tv_sec: 0, tv_usec: 20_000)
        let size = socklen_t(MemoryLayout<timeval>.size)
        setsockopt(self.udp, SOL_SOCKET, SO_RCVTIMEO, &patience, size)
        setsockopt(self.tcp, SOL_SOCKET, SO_RCVTIMEO, &patience, size)
        Thread.detachNewThread { [self] in
            while !self.isOver.withLock({ $0 }) {
                self.serveDatagram()
            }
            close(self.udp)
        }
        Thread.detachNewThread { [self] in
            while !self.isOver.withLock({ $0 }) {
                self.serveStream()
            }
            close(self.tcp)
        }
    }

    /// Ends both threads.
    public func stop() { self.isOver.withLock { $0 = true } }

    /// From now on this is the answer.
    public func set(_ name: String, _ type: UInt16, _ reply: Reply) {
        self.replies.withLock { $0["\(name) \(type)"] = reply }
    }

    /// `udp name type` of every question that came.
    public var asked: [String] { self.log.withLock { $0 } }

    private static func bind(_ descriptor: Int32, port: UInt16) throws -> UInt16 {
        var place = sockaddr_in()
        place.sin_family = sa_family_t(AF_INET)
        place.sin_port = port.bigEndian
        place.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = withUnsafeMutablePointer(to: &place) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                Foundation.bind(descriptor, address, length) == 0
                    && getsockname(descriptor, address, &length) == 0
            }
        }
        guard status else { throw NoSocket() }
        return UInt16(bigEndian: place.sin_port)
    }

    private func serveDatagram() {
        var bytes = [UInt8](repeating: 0, count: 2048)
        var from = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        withUnsafeMutablePointer(to: &from) { from in
            from.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                let count = recvfrom(self.udp, &bytes, bytes.count, 0, address, &length)
                guard count > 12 else { return }
                let answer = self.answer(Array(bytes[..<count]), isStream: false)
                if let answer { sendto(self.udp, answer, answer.count, 0, address, length) }
            }
        }
    }

    private func serveStream() {
        let connection = accept(self.tcp, nil, nil)
        guard connection >= 0 else { return }
        defer { close(connection) }
        var patience = timeval(tv_sec: 2, tv_usec: 0)
        setsockopt(
            connection, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        var bytes = [UInt8](repeating: 0, count: 2048)
        let count = recv(connection, &bytes, bytes.count, 0)
        guard count > 14, let answer = self.answer(Array(bytes[2..<count]), isStream: true) else {
            return
        }
        let whole = [UInt8(answer.count >> 8), UInt8(answer.count & 255)] + answer
        // Cut in the middle: a stream has no borders.
        send(connection, Array(whole[..<7]), 7, 0)
        usleep(20_000)
        send(connection, Array(whole[7...]), whole.count - 7, 0)
        _ = recv(connection, &bytes, bytes.count, 0)
    }

    private func answer(_ query: [UInt8], isStream: Bool) -> [UInt8]? {
        var labels: [String] = []
        var place = 12
        while place < query.count, query[place] > 0 {
            let end = place + 1 + Int(query[place])
            labels.append(String(decoding: query[(place + 1)..<end], as: UTF8.self))
            place = end
        }
        let type = UInt16(query[place + 1]) << 8 | UInt16(query[place + 2])
        let name = labels.joined(separator: ".")
        self.log.withLock { $0.append("\(isStream ? "tcp" : "udp") \(name) \(type)") }
        let question = Array(query[12..<(place + 5)])
        let reply = self.replies.withLock { $0["\(name) \(type)"] }
        func message(
            _ answers: [[UInt8]], _ authorities: [[UInt8]] = [], code: UInt8 = 0, cut: Bool = false
        ) -> [UInt8] {
            var bytes: [UInt8] = [query[0], query[1], cut ? 0x83 : 0x81, 0x80 | code, 0, 1]
            bytes += [UInt8(answers.count >> 8), UInt8(answers.count & 255)]
            bytes += [0, UInt8(authorities.count), 0, 0]
            return bytes + question + answers.joined() + authorities.joined()
        }
        switch reply {
        case .records(let records, let code): return message(records, code: code)
        case .nothing(let ttl, let code):
            let soa = Wire.record("zone", 6, ttl: ttl, Wire.name("a") + Wire.name("b")
                + [UInt8](repeating: 0, count: 16) + Wire.number32(ttl))
            return message([], [soa], code: code)
        case .silence: return nil
        case .garbage(let bytes): return [query[0], query[1]] + bytes
        case .long(let records):
            return isStream ? message(records) : message([], cut: true)
        case nil: return message([], code: 3)
        }
    }
}

/// The wire's forms, written apart from the product's reader.
public enum Wire {
    /// As on the wire.
    public static func number16(_ value: UInt16) -> [UInt8] {
        [UInt8(value >> 8), UInt8(value & 255)]
    }

    /// As on the wire.
    public static func number32(_ value: UInt32) -> [UInt8] {
        self.number16(UInt16(value >> 16)) + self.number16(UInt16(value & 0xffff))
    }

    /// As on the wire.
    public static func name(_ text: String) -> [UInt8] {
        text.split(separator: ".").flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) } + [0]
    }

    /// As on the wire.
    public static func record(
        _ owner: String, _ type: UInt16, ttl: UInt32, _ data: [UInt8]
    ) -> [UInt8] {
        self.name(owner) + self.number16(type) + [0, 1] + self.number32(ttl)
            + self.number16(UInt16(data.count)) + data
    }

    /// As on the wire.
    public static func a(_ owner: String, _ last: UInt8, ttl: UInt32 = 60) -> [UInt8] {
        self.record(owner, 1, ttl: ttl, [192, 0, 2, last])
    }

    /// As on the wire.
    public static func srv(_ owner: String, _ port: UInt16, _ target: String) -> [UInt8] {
        self.record(
            owner, 33, ttl: 60,
            self.number16(1) + self.number16(2) + self.number16(port) + self.name(target))
    }
}
