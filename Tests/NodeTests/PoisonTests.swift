// SPDX-License-Identifier: Apache-2.0

import Foundation
import Management
import SIPTransport
import Synchronization
import Testing

@testable import Node
@testable import Store

/// The same bytes in every process, whatever addresses it has.
private let poison = """
    OPTIONS sip:box SIP/2.0\r
    Via: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK-poison\r
    Max-Forwards: 70\r
    From: <sip:a@192.0.2.9>;tag=1\r
    To: <sip:box>\r
    Call-ID: poison\r
    CSeq: 1 OPTIONS\r
    Content-Length: 0\r
    \r\n
    """

/// Kills this process, from another thread, as soon as the file says that a message is in hand.
/// Nothing in the product helps it: it looks at the file as the next process would.
private func killWithMessageInHand(_ path: String) {
    Thread.detachNewThread {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0,
            let base = mmap(nil, 4096, PROT_READ, MAP_SHARED, descriptor, 0), base != MAP_FAILED
        else { return }
        let word = (base + 8).assumingMemoryBound(to: Atomic<UInt64>.self)
        while true {
            if word.pointee.load(ordering: .acquiring) != 0 { kill(getpid(), SIGKILL) }
        }
    }
}

@Suite struct PoisonTests {
    /// A node in a process of its own that is killed with the message in hand.
    private func crash(_ directory: NodeDirectory) async {
        await #expect(processExitsWith: .signal(SIGKILL)) {
            [path = directory.path as String] in
            let node = try NodeFixture(directory: NodeDirectory(of: path))
            let peer = try SIPPeer(node.addresses.carrier, to: node.addresses.box)
            killWithMessageInHand(path + "/in-hand.shm")
            _ = node.run { _ in
                peer.send(poison)
                return false
            }
            // The killer never got a turn: this crash blames nobody either.
            kill(getpid(), SIGKILL)
        }
    }

    @Test func aMessageInHandAtTwoCrashesIsDroppedAndCounted() async throws {
        let directory = try NodeDirectory()
        let path = directory.path + "/in-hand.shm"
        // The killer may come late: the message was laid down, and that crash blames nobody.
        for _ in 0..<50 where MessageInHand(path: path).refusedCount == 0 {
            await self.crash(directory)
        }
        let node = try NodeFixture(directory: directory)
        #expect(node.shard.inHand.refusedCount == 1)
        let peer = try SIPPeer(node.addresses.carrier, to: node.addresses.box)
        peer.send(poison)
        peer.send(peer.request("OPTIONS", call: "good"))
        #expect(
            peer.expect("SIP/2.0 200", node).flatMap { line("Call-ID", of: $0) }
                == "Call-ID: good@\(node.addresses.carrier)")
        #expect(peer.inbox.isEmpty)
        let status = try node.result("status")
        #expect(status["sip"]?["poisonous"]?.integer == 1)
        let conditions = status["conditions"]?.array?.compactMap(\.string) ?? []
        #expect(conditions.contains { $0.hasPrefix("1 messages are refused") })
    }

    @Test func anOrderlyEndBlamesNobody() throws {
        let directory = try NodeDirectory()
        for _ in 0..<2 {
            let node = try NodeFixture(directory: directory)
            let peer = try SIPPeer(node.addresses.carrier, to: node.addresses.box)
            peer.send(poison)
            #expect(node.run { $0.transport?.counters.received == 1 })
        }
        let inHand = MessageInHand(path: directory.path + "/in-hand.shm")
        #expect(!inHand.hasFoundOne && inHand.refusedCount == 0)
    }

    @Test func withoutTheFileMessagesAreHandledAndStatusSaysSo() throws {
        let directory = try NodeDirectory()
        mkdir(directory.path + "/in-hand.shm", 0o700)
        let node = try NodeFixture(directory: directory)
        let peer = try SIPPeer(node.addresses.carrier, to: node.addresses.box)
        peer.send(peer.request("OPTIONS"))
        #expect(peer.expect("SIP/2.0 200", node) != nil)
        #expect(node.shard.conditions().contains { $0.contains("in-hand.shm") })
    }
}
