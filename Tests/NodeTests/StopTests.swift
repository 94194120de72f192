// SPDX-License-Identifier: Apache-2.0

import CallControl
import Management
import SIPTransport
import Testing

@testable import Node

@Suite struct StopTests {
    @Test func anIdleNodeStopsAtOnce() throws {
        let node = try NodeFixture()
        var hasRun = false
        node.shard.loop.schedule(after: 0) {
            node.shard.stop(after: 3600)
            hasRun = true
        }
        // Returns: nothing else than the stop ends it.
        node.shard.loop.run()
        #expect(hasRun && node.shard.isStopping)
    }

    @Test func aStopDrains() throws {
        let node = try NodeFixture(fastPath: true)
        let parties = try Parties(node)
        let (answer, _) = try parties.call()
        node.shard.stop(after: 3600)
        let carrier = parties.carrier
        carrier.send(carrier.request("INVITE", call: "c2", body: carrier.sdp))
        #expect(carrier.expect("SIP/2.0 503", node) != nil)
        #expect(try node.result("status")["state"]?.string == "draining")
        carrier.send(carrier.request("BYE", cseq: 2, after: answer))
        let bye = try #require(parties.service.expect("BYE", node))
        parties.service.send(parties.service.response("200 OK", to: bye))
        // The last call has ended, and that ends the loop.
        node.shard.loop.run()
        #expect(node.shard.core.engine.callCount == 0)
    }

    @Test func aSecondStopIsAtOnceAndCallsAreKept() throws {
        let directory = try NodeDirectory()
        do {
            let node = try NodeFixture(fastPath: true, directory: directory)
            let parties = try Parties(node)
            _ = try parties.call()
            node.shard.loop.schedule(after: 0) {
                node.shard.stop(after: 3600)
                node.shard.stop(after: 3600)
            }
            node.shard.loop.run()
            #expect(node.shard.core.engine.callCount == 1)
        }
        // The next process finds the call; its listeners moved, but a listener is a position.
        let next = try NodeFixture(fastPath: true, directory: directory)
        #expect(try next.result("status")["calls"]?["restored"]?.integer == 1)
        #expect(try next.result("calls")[0]?["state"]?.string == "established")
    }

    @Test func theDeadlineEndsTheWait() throws {
        let node = try NodeFixture(fastPath: true)
        let parties = try Parties(node)
        _ = try parties.call()
        node.shard.stop(after: 0)
        node.shard.loop.run()
        #expect(node.shard.core.engine.callCount == 1)
    }
}
