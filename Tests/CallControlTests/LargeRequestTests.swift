// SPDX-License-Identifier: Apache-2.0

import NetworkAddress
import SIPMessage
import SIPTransaction
import Testing

@testable import CallControl

@Suite struct LargeRequestTests {
    private let place = SocketAddress(address: IPAddress(ipv4: 0xc000_0201), port: 5060)

    private func request(_ number: UInt64, pad: Int) -> OutgoingRequest {
        let text =
            "INVITE sip:a@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.9:5060;branch=z9hG4bK1\r\n"
            + "Subject: \(String(repeating: "x", count: pad))\r\nContent-Length: 0\r\n\r\n"
        return OutgoingRequest(
            handle: RequestHandle(number), method: .invite, branch: Array("z9hG4bK1".utf8),
            bytes: Array(text.utf8),
            hop: Hop(listener: ListenerIndex(rawValue: 0), transport: .udp, remote: self.place))
    }

    private var twin: ListenerSettings {
        ListenerSettings(
            index: ListenerIndex(rawValue: 3), transport: .tcp,
            address: SocketAddress(address: IPAddress(ipv4: 0xc000_0209), port: 5060))
    }

    @Test func aLargeRequestLeavesOverTCPAndFallsBackOnce() throws {
        var large = LargeRequests()
        let request = self.request(1, pad: 1300)
        let sent = large.adapt(request, twin: self.twin)
        #expect(sent.hop.transport == .tcp && sent.hop.listener == ListenerIndex(rawValue: 3))
        #expect(sent.hop.remote == self.place && sent.bytes.count == request.bytes.count)
        let message = try SIPMessage.parse(sent.bytes, framing: .stream)
        #expect(try Array(message.topVia().transport) == Array("TCP".utf8))
        #expect(try Array(message.topVia().branch ?? []) == request.branch)
        #expect(large.fallBack(sent.handle) == request)
        #expect(large.fallBack(sent.handle) == nil && large.isEmpty)
    }

    @Test func othersStay() {
        var large = LargeRequests()
        let small = self.request(1, pad: 100)
        #expect(large.adapt(small, twin: self.twin) == small)
        let alone = self.request(2, pad: 1300)
        #expect(large.adapt(alone, twin: nil) == alone)
        #expect(large.isEmpty && large.fallBack(RequestHandle(1)) == nil)
    }

    @Test func theLimitIsThatOfTheRFC() {
        var large = LargeRequests()
        let bare = self.request(1, pad: 0).bytes.count
        let most = self.request(1, pad: LargeRequests.limit - bare)
        #expect(most.bytes.count == 1300 && large.adapt(most, twin: self.twin) == most)
        let more = self.request(1, pad: LargeRequests.limit - bare + 1)
        #expect(large.adapt(more, twin: self.twin).hop.transport == .tcp)
        large.forget(more.handle)
        #expect(large.isEmpty)
    }
}
