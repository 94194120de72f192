// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

@testable import SIPTransport

@Suite struct DescriptorWatchTests {
    @Test func readAndWritten() throws {
        var ends: [Int32] = [0, 0]
        try #require(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0)
        defer { for end in ends { close(end) } }
        let loop = try EventLoop()
        defer { loop.close() }
        var seen: [[Bool]] = []
        let watch = try #require(
            DescriptorWatch(loop: loop, descriptor: ends[0]) { seen.append([$0, $1]) })
        #expect(watch.wait(readable: true, writable: false))
        #expect(!loop.run(for: 30) { !seen.isEmpty }, "nothing to read yet")
        #expect(write(ends[1], "x", 1) == 1)
        #expect(loop.run(for: 10_000) { !seen.isEmpty })
        #expect(seen.first == [true, false])
        #expect(watch.wait(readable: false, writable: true))
        #expect(loop.run(for: 10_000) { seen.last == [false, true] })
        // After its end nothing comes any more.
        watch.stop()
        let count = seen.count
        #expect(!loop.run(for: 30) { seen.count > count })
        #expect(!watch.wait(readable: true, writable: false))
        watch.stop()
    }

    @Test func whatCannotBeWatched() throws {
        let loop = try EventLoop()
        defer { loop.close() }
        #expect(DescriptorWatch(loop: loop, descriptor: -1) { _, _ in } == nil)
    }
}
