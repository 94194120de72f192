// SPDX-License-Identifier: Apache-2.0

import SIPTransaction
import Testing

@testable import SIPProxy

@Suite("The response context as a machine")
struct ResponseContextTests {
    private let a = ProxyScene.scscf
    private let b = ProxyScene.other

    private func trying(_ places: [Hop]) -> ResponseContext {
        var context = ResponseContext(isConsulting: false)
        #expect(context.located(places) == .send(places[0], attempt: 0))
        return context
    }

    @Test("One event in a state where it means nothing changes nothing")
    func idle() {
        var consulting = ResponseContext(isConsulting: true)
        #expect(consulting.located([self.a]) == .wait)
        #expect(consulting.timedOut() == .wait && consulting.unreachable() == .wait)
        #expect(consulting.received(status: 200) == .wait)
        #expect(consulting.state == .consulting && consulting.consulted() == .locate)
        #expect(consulting.consulted() == .wait && consulting.state == .locating)
        var ended = self.trying([self.a])
        #expect(ended.received(status: 486) == .pass)
        for status in [100, 180, 302, 408, 503, 600] {
            #expect(ended.received(status: status) == .wait)
        }
        #expect(ended.timedOut() == .wait && ended.unreachable() == .wait)
        #expect(ended.cancelled() == .wait && ended.located([self.a]) == .wait)
    }

    @Test("Places are tried in order; after the last the proxy answers")
    func order() {
        var context = self.trying([self.a, self.b])
        #expect(context.unreachable() == .send(self.b, attempt: 1))
        #expect(context.unreachable() == .refuse(500) && context.state == .ended)
        context = self.trying([self.a, self.b])
        #expect(context.timedOut() == .send(self.b, attempt: 1))
        #expect(context.timedOut() == .refuse(408))
        context = self.trying([self.a, self.b])
        #expect(context.received(status: 503) == .send(self.b, attempt: 1))
        #expect(context.received(status: 503) == .passAsServerError)
        var nowhere = ResponseContext(isConsulting: false)
        #expect(nowhere.located([]) == .refuse(500))
    }

    @Test("Who said anything and then nothing is not left for another place")
    func heard() {
        var context = self.trying([self.a, self.b])
        #expect(context.received(status: 100) == .wait)
        #expect(context.timedOut() == .refuse(408))
    }

    @Test("A cancelled request is tried nowhere else")
    func cancelled() {
        for event in 0..<3 {
            var context = self.trying([self.a, self.b])
            #expect(context.cancelled() == .cancel && context.cancelled() == .wait)
            switch event {
            case 0: #expect(context.unreachable() == .refuse(487))
            case 1: #expect(context.timedOut() == .refuse(487))
            default: #expect(context.received(status: 503) == .passAsServerError)
            }
        }
        var early = ResponseContext(isConsulting: true)
        #expect(early.cancelled() == .refuse(487) && early.consulted() == .wait)
    }
}
