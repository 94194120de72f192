// SPDX-License-Identifier: Apache-2.0

import CallControl
import Foundation
import NetworkAddress
import Testing

@testable import Node
@testable import SIPTransport

/// A listening TCP socket at port 5060 of a party's address.
private func listen(at address: String) throws -> Int32 {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    let place = SocketAddress(address: try #require(IPAddress(address)), port: 5060)
    let status = place.withSockaddr {
        bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
    }
    try #require(status == 0 && Foundation.listen(descriptor, 4) == 0)
    _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
    return descriptor
}

@Suite struct LargeRequestNodeTests {
    private func node() throws -> NodeFixture {
        try NodeFixture(fastPath: true) {
            $0.replacingOccurrences(
                of: "transport: udp, address",
                with: "large-requests-over-tcp: true, transport: udp, address")
        }
    }

    private func largeInvite(_ carrier: SIPPeer) -> String {
        carrier.request("INVITE", body: carrier.sdp).replacingOccurrences(
            of: "Max-Forwards",
            with: "Subject: \(String(repeating: "s", count: 1500))\r\nMax-Forwards")
    }

    @Test func aLargeInviteArrivesOverTCP() throws {
        let node = try self.node()
        let listener = try listen(at: node.addresses.service)
        defer { close(listener) }
        let carrier = try SIPPeer(node.addresses.carrier, to: node.addresses.box)
        carrier.send(self.largeInvite(carrier))
        var accepted: Int32 = -1
        var text = ""
        #expect(
            node.run { _ in
                if accepted < 0 { accepted = accept(listener, nil, nil) }
                var bytes = [UInt8](repeating: 0, count: 65536)
                let count = accepted < 0
                    ? 0 : recv(accepted, &bytes, bytes.count, Int32(MSG_DONTWAIT))
                if count > 0 { text += String(decoding: bytes[..<count], as: UTF8.self) }
                return text.contains("m=audio")
            })
        close(accepted)
        #expect(text.hasPrefix("INVITE "))
        #expect(text.contains("Via: SIP/2.0/TCP \(node.addresses.box)"))
    }

    @Test func overUDPWhereNobodyListens() throws {
        let node = try self.node()
        let service = try SIPPeer(node.addresses.service, to: node.addresses.box)
        let carrier = try SIPPeer(node.addresses.carrier, to: node.addresses.box)
        carrier.send(self.largeInvite(carrier))
        let invite = try #require(service.expect("INVITE ", node))
        #expect(invite.contains("Via: SIP/2.0/UDP \(node.addresses.box)"))
        #expect(invite.utf8.count > 1300)
        #expect(node.shard.core.engine.counters.fellBackToUDP == 1)
    }
}
