// SPDX-License-Identifier: Apache-2.0

import SIPDialog
import SIPMessage
import Testing

@Suite struct DialogCheckpointTests {
    static func dialogs() throws -> [Dialog] {
        let routes = ["Record-Route: <sip:p1.example.com;lr>, \"P\" <sip:p2.example.com>"]
        let request = try Messages.request(uri: "sips:bob@h", extra: routes)
        var client = try Dialog(
            client: request, response: Messages.response(180, extra: routes), overTLS: true)
        _ = client.receive(sequence: .max, method: .update)
        let server = try Dialog(
            server: request, localTag: octets("us"), state: .confirmed, overTLS: false)
        let old = try Dialog(
            client: Messages.request(), response: Messages.response(200, to: "<sip:old@h>"),
            overTLS: false)
        return [client, server, old]
    }

    @Test func decodingReturnsWhatWasEncoded() throws {
        for dialog in try Self.dialogs() {
            let bytes = try #require(dialog.encoded())
            #expect(bytes.count < 400)
            #expect(Dialog(encoded: bytes) == dialog)
        }
    }

    @Test func everyCutAndEveryAdditionIsRefused() throws {
        for dialog in try Self.dialogs() {
            let bytes = try #require(dialog.encoded())
            for count in 0..<bytes.count {
                #expect(Dialog(encoded: Array(bytes.prefix(count))) == nil)
            }
            #expect(Dialog(encoded: bytes + [0]) == nil)
        }
    }

    @Test func anotherVersionAndUnknownFlagsAreRefused() throws {
        let bytes = try #require(try Self.dialogs()[0].encoded())
        for (index, value) in [(0, 0), (0, 2), (1, 32), (1, 255)] as [(Int, UInt8)] {
            var changed = bytes
            changed[index] = value
            #expect(Dialog(encoded: changed) == nil)
        }
    }

    /// Whatever the octets are: no trap, and what is let through is a dialog that encodes to them
    /// and builds requests whose lines are its own.
    @Test(arguments: 1...8 as ClosedRange<UInt64>)
    func changedOctetsNeverTrap(seed: UInt64) throws {
        var state = seed
        func random(_ limit: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % limit
        }
        let originals = try Self.dialogs().compactMap { $0.encoded() }
        for _ in 0..<3000 {
            var bytes = originals[random(originals.count)]
            for _ in 0...random(4) {
                bytes[random(bytes.count)] = UInt8(truncatingIfNeeded: random(256))
            }
            guard var dialog = Dialog(encoded: bytes) else { continue }
            #expect(dialog.encoded() == bytes, "seed \(seed)")
            guard let builder = dialog.request(.bye, via: octets("SIP/2.0/UDP h;branch=z9hG4bK"))
            else { continue }
            let message = try SIPMessage.parse(builder.finish(), framing: .datagram)
            #expect(message.headers.count <= 8 + Dialog.routeLimit, "seed \(seed)")
            #expect(message.method == .bye)
        }
    }

    @Test func absentSequenceWithAValueIsRefused() throws {
        var bytes = try #require(try Self.dialogs()[2].encoded())
        bytes[9] = 5
        #expect(Dialog(encoded: bytes) == nil)
    }

    @Test func hugeLengthsAreRefused() {
        #expect(Dialog(encoded: [1, 0] + [UInt8](repeating: 0xff, count: 70_000)) == nil)
        #expect(Dialog(encoded: [1, 0] + [UInt8](repeating: 0xff, count: 100)) == nil)
        #expect(Dialog(encoded: []) == nil)
    }

    @Test func dialogsBeyondTheLimitAreNotEncoded() throws {
        let long = String(repeating: "a", count: 1900)
        let routes = (0..<32).map { "Record-Route: <sip:p\($0).\(long);lr>" }
        let dialog = try Dialog(
            client: Messages.request(),
            response: Messages.response(200, extra: routes), overTLS: false)
        let fits = try #require(dialog.encoded())
        #expect(fits.count <= Dialog.encodedLimit)
        #expect(Dialog(encoded: fits) == dialog)
        let display = String(repeating: "b", count: 5000)
        let request = try Messages.request(from: "\(display) <sip:a@b>;tag=a1")
        let larger = try Dialog(
            client: request, response: Messages.response(200, extra: routes), overTLS: false)
        #expect(larger.encoded() == nil)
    }
}
