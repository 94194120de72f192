// SPDX-License-Identifier: Apache-2.0

import SIPMessage
import Testing

@testable import CallControl
@testable import CallWorld

/// A call between trunks with policies, and what the two telephones saw of each other.
struct PolicyScene {
    let world: World
    let alice: Phone
    let bob: Phone
    var counters: EngineCounters { self.world.core.engine.counters }
    var b: PhoneCall? { self.bob.calls.values.first }

    init(_ change: (inout Interworking, inout Interworking) -> Void = { _, _ in }) {
        self.world = World()
        self.world.configure { configuration in
            var a = configuration.trunks[0].interworking
            var b = configuration.trunks[1].interworking
            change(&a, &b)
            configuration.trunks[0].interworking = a
            configuration.trunks[1].interworking = b
        }
        self.alice = self.world.phone("alice", side: .a)
        self.bob = self.world.phone("bob", side: .b)
        self.alice.script.hangUpAfter = 3000
    }

    /// A call with these header fields; the INVITE that the callee got.
    func invite(_ headers: [(HeaderName, String)] = []) throws -> SIPMessage {
        self.alice.script.extraHeaders = headers
        self.alice.dial()
        self.world.run(until: self.world.now + 2000)
        return try #require(self.bob.requests.first { $0.method == .invite })
    }

    func finish(sourceLocation: SourceLocation = #_sourceLocation) {
        self.world.run()
        self.world.expectClean(sourceLocation: sourceLocation)
    }
}

extension SIPMessage {
    /// Lines of a header field as text.
    func texts(_ name: HeaderName) -> [String] {
        self.lines(name).map { String(decoding: $0, as: UTF8.self) }
    }
    var target: String { String(decoding: self.requestURI, as: UTF8.self) }
    var bodyText: String { String(decoding: self.body, as: UTF8.self) }
}
