// SPDX-License-Identifier: Apache-2.0
// ClientHellos of other implementations, out of captures that are read in place.

import Foundation
import Testing

@testable import DTLS

/// UDP payloads of a classic pcap file of Ethernet frames with IPv4 or IPv6, with the source port.
private func payloads(_ file: [UInt8]) -> [(port: Int, bytes: [UInt8])] {
    func little(_ start: Int) -> Int {
        file[start..<start + 4].reversed().reduce(0) { $0 << 8 | Int($1) }
    }
    func big(_ start: Int) -> Int { Int(file[start]) << 8 | Int(file[start + 1]) }
    guard file.count > 24, little(0) == 0xa1b2_c3d4, little(20) == 1 else { return [] }
    var found: [(port: Int, bytes: [UInt8])] = []
    var start = 24
    while start + 16 <= file.count {
        let ip = start + 16 + 14
        let end = start + 16 + little(start + 8)
        guard end <= file.count else { break }
        let isIPv4 = file[ip] >> 4 == 4
        let udp = ip + (isIPv4 ? Int(file[ip] & 15) * 4 : 40)
        if udp + 8 < end, file[ip + (isIPv4 ? 9 : 6)] == 17 {
            let bytes = file[(udp + 8)..<min(end, udp + big(udp + 4))]
            found.append((big(udp), Array(bytes)))
        }
        start = end
    }
    return found
}

private func files() -> [(name: String, payloads: [(port: Int, bytes: [UInt8])])] {
    let root =
        ProcessInfo.processInfo.environment["TRUNKLINE_TESTDATA"]
        ?? URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("shared/testdata").path
    let names = ["arkime-dtls12.pcap", "zeek-dtls1_2.pcap", "zeek-webrtc-stun-dtls.pcap"]
    let found = names.compactMap { name in
        FileManager.default.contents(atPath: "\(root)/dtls/\(name)").map {
            (name, payloads(Array($0)))
        }
    }
    if found.count < names.count { print("\(names.count - found.count) captures are not there") }
    return found
}

@Test func hellosOfCapturesAreLookedAtAndNothingElseIsTaken() throws {
    for (name, payloads) in files() {
        // The first hello, in as many fragments as it came: message 0 of its sender.
        let isHello = { (bytes: [UInt8]) in
            bytes.count > 25 && bytes[0] == 22 && bytes[13] == 1 && bytes[18] == 0
        }
        let first = try #require(payloads.first { isHello($0.bytes) }, "\(name)")
        let side = try Side(.server, DTLSCertificate(), expects: [])
        // What is no DTLS, STUN say, changes nothing.
        for other in payloads where other.bytes[0] < 20 { side.receive(other.bytes) }
        #expect(side.sent.isEmpty && side.timer == nil)
        let hello = payloads.filter { $0.port == first.port && isHello($0.bytes) }.map(\.bytes)
        side.receive(hello[0])
        let cookie = try #require(cookies(side.takeSent()).first, "\(name)")
        side.receive(bringing(cookie, hello))
        let isAnswered = side.sent.first?[13] == 2
        let fault = side.association.fault
        print("\(name): hello \(isAnswered ? "answered" : "refused: \(fault)")")
        #expect(isAnswered || side.association.counters.restarts > 0 && !fault.isEmpty, "\(name)")
        #expect(side.sent.allSatisfy { $0.count <= 1200 } && side.events == 0)
        // Its other records come from another handshake.
        for payload in payloads { side.receive(payload.bytes) }
        #expect(side.keys == nil)
    }
}
