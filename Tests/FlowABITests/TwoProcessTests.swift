// SPDX-License-Identifier: Apache-2.0

import CFlowABI
import Foundation
import Testing

/// Both sides as processes, one of them killed wherever it may be.
@Suite(.serialized) struct TwoProcessTests {
    static let wrap = "cursor-start=0xfffffff9"

    @Test(arguments: ["cursor-start=0", wrap]) func callsComeAndGo(start: String) throws {
        let pair = try ContractPair()
        let peer = try pair.peer(start)
        #expect(peer.line("ready") == "ready fresh")
        let control = try pair.control(30)
        #expect(control.line("installed") == "installed 30 0")
        control.send("hold")
        #expect(control.line("held") == "held 30")
        control.send("end")
        #expect(control.line("ended") == "ended 30")
        control.closeInput()
        #expect(control.end() == 0)
        peer.kill(SIGTERM)
        #expect(peer.end() == 0)
        #expect(!peer.lines.contains { $0.hasPrefix("fault") })
    }

    /// The steps of the fast path's side, and how often each is passed before it dies there.
    static let peerPoints: [(String, Int)] = [
        ("owned", 1), ("attached", 1), ("withdrawn", 1), ("reset", 1), ("acknowledged", 1),
        ("matched", 1), ("command-read", 1), ("command-read", 11), ("command-executed", 1),
        ("command-executed", 9), ("answer-written", 1), ("answer-written", 8),
        ("answer-published", 1), ("answer-published", 17), ("command-consumed", 1),
        ("command-consumed", 20),
    ]

    @Test(arguments: peerPoints) func fastPathDies(point: String, count: Int) throws {
        let pair = try ContractPair()
        // A file of the same geometry stands there, so that the handshake repeats on a kept one.
        let dying = try pair.peer(Self.wrap, "stop-at=\(point)", "stop-count=\(count)")
        let control = try pair.control(12)
        #expect(dying.end() == -SIGKILL)
        let peer = try pair.peer(Self.wrap)
        #expect(peer.line("ready") == "ready kept")
        #expect(control.line("installed")?.hasPrefix("installed 12") == true)
        control.send("end")
        #expect(control.line("ended") == "ended 12")
        control.closeInput()
        #expect(control.end() == 0)
    }

    @Test func fastPathDiesWithCallsUp() throws {
        let pair = try ContractPair()
        let first = try pair.peer(Self.wrap)
        let control = try pair.control(12)
        #expect(control.line("installed") == "installed 12 0")
        let before = try FlowFile(pair.scratch.fastPath).liveFlows()
        #expect(before.count == 24)
        for round in 1...3 {
            first.kill(SIGKILL)
            _ = first.end()
            let peer = try pair.peer(Self.wrap)
            #expect(peer.line("ready") == "ready kept")
            control.send("rematch")
            #expect(control.line("reinstalled") == "reinstalled 12")
            // The same flows with the streams that they had, each one piece on.
            let after = try FlowFile(pair.scratch.fastPath).liveFlows()
            #expect(Set(after.keys) == Set(before.keys))
            for (index, flow) in before {
                #expect(after[index]?.generation == flow.generation)
                #expect(after[index]?.egress_ssrc == flow.egress_ssrc)
                #expect(
                    after[index]?.egress_index == flow.egress_index + UInt64(round) * 1000)
            }
            peer.kill(SIGKILL)
            _ = peer.end()
        }
    }

    @Test func fastPathComesBackWithOtherDimensions() throws {
        let pair = try ContractPair()
        let first = try pair.peer()
        let control = try pair.control(12)
        #expect(control.line("installed") == "installed 12 0")
        first.kill(SIGKILL)
        _ = first.end()
        let second = try pair.peer("workers=1", "flows=32")
        #expect(second.line("ready") == "ready fresh")
        control.send("rematch")
        #expect(control.line("reinstalled") == "reinstalled 12")
        #expect(try FlowFile(pair.scratch.fastPath).liveFlows().count == 24)
    }

    @Test(arguments: [1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 15, 20, 30])
    func controlDies(poll: Int) throws {
        let pair = try ContractPair()
        let peer = try pair.peer(Self.wrap)
        #expect(peer.line("ready") == "ready fresh")
        let dying = try pair.control(12, "kill-at-poll=\(poll)")
        dying.send("wait")
        dying.send("wait")
        #expect(dying.end() == -SIGKILL)
        // Eight of the twelve calls live through it, and nobody asks for the others.
        let control = try pair.control(8, "restore=1")
        #expect(control.line("installed")?.hasPrefix("installed 8 ") == true)
        #expect(try FlowFile(pair.scratch.fastPath).liveFlows().count == 16)
        control.send("end")
        #expect(control.line("ended") == "ended 8")
        #expect(try FlowFile(pair.scratch.fastPath).liveFlows().isEmpty)
        peer.kill(SIGTERM)
        #expect(peer.end() == 0)
        #expect(!peer.lines.contains { $0.hasPrefix("fault") })
    }

    @Test func controlDiesWithCallsUp() throws {
        let pair = try ContractPair()
        let peer = try pair.peer(Self.wrap)
        let first = try pair.control(12)
        #expect(first.line("installed") == "installed 12 0")
        let before = try FlowFile(pair.scratch.fastPath).liveFlows()
        first.kill(SIGKILL)
        _ = first.end()
        let second = try pair.control(10, "restore=1")
        #expect(second.line("installed") == "installed 10 4")
        let after = try FlowFile(pair.scratch.fastPath).liveFlows()
        #expect(after.count == 20)
        for (index, flow) in after {
            // Not touched but by a modify: same flow, same stream.
            #expect(before[index]?.generation == flow.generation)
            #expect(before[index]?.egress_index == flow.egress_index)
        }
        _ = peer
    }

    @Test func bothDie() throws {
        let pair = try ContractPair()
        let peer = try pair.peer(Self.wrap)
        let control = try pair.control(12)
        #expect(control.line("installed") == "installed 12 0")
        let before = try FlowFile(pair.scratch.fastPath).liveFlows()
        peer.kill(SIGKILL)
        control.kill(SIGKILL)
        _ = (peer.end(), control.end())
        let again = try pair.control(12, "restore=1")
        let peerAgain = try pair.peer(Self.wrap)
        #expect(again.line("installed") == "installed 12 0")
        let after = try FlowFile(pair.scratch.fastPath).liveFlows()
        for (index, flow) in before {
            #expect(after[index]?.egress_index == flow.egress_index + 1000)
        }
        _ = peerAgain
    }

    @Test func fullCommandRingIsBackPressure() throws {
        let pair = try ContractPair()
        let peer = try pair.peer(Self.wrap, "hold=1")
        let control = try pair.control(30)
        // 60 commands for two rings of eight.
        #expect(peer.line("reset") == "reset done")
        usleep(50_000)
        peer.kill(SIGUSR1)
        #expect(control.line("installed") == "installed 30 0")
    }

    @Test func fullEventRingWaitsForItsReader() throws {
        let pair = try ContractPair()
        let peer = try pair.peer(Self.wrap)
        let control = try pair.control(4)
        #expect(control.line("installed") == "installed 4 0")
        // The reader stands still; eight notifications fill each worker's ring of eight at most.
        peer.kill(SIGUSR2)
        #expect(peer.line("notified") == "notified 8")
        peer.kill(SIGUSR2)
        #expect(peer.line("notified") == "notified 8")
        peer.kill(SIGUSR2)
        #expect(peer.line("notified") == "notified 0")
        control.send("wait")
        #expect(control.line("waited") == "waited faults=0")
        control.send("hold")
        #expect(control.line("held") == "held 4")
    }

    @Test func refusedCommands() throws {
        let pair = try ContractPair()
        let peer = try pair.peer("refuse=10")
        let control = try pair.control(3)
        for _ in 0..<6 { #expect(control.line("refused") == "refused port_in_use") }
        #expect(control.line("installed") == "installed 0 0")
        control.send("end")
        #expect(control.line("ended") == "ended 3")
        #expect(try FlowFile(pair.scratch.fastPath).liveFlows().isEmpty)
        _ = peer
    }
}
