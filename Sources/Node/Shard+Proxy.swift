// SPDX-License-Identifier: Apache-2.0

import CallControl
import Configuration
import Management
import SIPMessage
import SIPProxy
import SIPTransaction
import SIPTransport

// The Mobile Control Point: messages at its listener are the proxy's, and no call's.
extension Shard {
    /// A place of the proxy's listener.
    func isProxys(_ hop: Hop) -> Bool { self.proxy?.listener == hop.listener }

    /// True where a node goes on with its Mobile Control Point, whatever else of it changed.
    static func keepsProxy(_ file: NodeConfiguration, _ other: NodeConfiguration) -> Bool {
        file.mcp?.listener == other.mcp?.listener
            && file.mcp?.maxTransactions == other.mcp?.maxTransactions
    }

    /// The source is none of a stranger, of whosever listener it is.
    func knows(_ hop: Hop) -> Bool {
        if let proxy, proxy.listener == hop.listener { return proxy.knows(hop) }
        return self.core.engine.knows(hop)
    }

    /// A message came in at the proxy's listener.
    func receivedByProxy(_ bytes: [UInt8], from hop: Hop) {
        guard let proxy else { return }
        let framing: Framing = hop.transport.isReliable ? .stream : .datagram
        do {
            let message = try SIPMessage.parse(bytes, framing: framing)
            let verdict = proxy.core.received(message, from: hop, limits: self.messageLimits)
            guard case .accept = verdict else {
                return self.refuse(bytes, framing, verdict, hop)
            }
            if self.tracer.isOn { self.traceProxied(bytes, hop, isSent: false) }
            self.carryOut()
        } catch {
            self.refuse(bytes, framing, examine(bytes, framing: framing), hop)
        }
    }

    /// Does what the proxy wants; messages wait for the turn's end.
    func carryOutProxy() {
        guard let proxy else { return }
        for output in proxy.drain() {
            switch output {
            case .send(let bytes, let hop, let owner):
                self.outbox.append(.init(bytes: bytes, hop: hop, owner: owner))
            case .startTimer(let timer, let milliseconds):
                self.timers?.start(.proxy(timer), milliseconds: UInt64(milliseconds))
            case .stopTimer(let timer): self.timers?.stop(.proxy(timer))
            case .locate, .consult, .endConsultation: break
            }
        }
    }

    /// Told under no call: the proxy has none. Found by its Call-ID all the same.
    func traceProxied(_ bytes: [UInt8], _ hop: Hop, isSent: Bool) {
        self.tracer.message(bytes, hop, isSent: isSent, at: .now, leg: { nil })
    }

    func proxyFigures() -> JSONValue {
        guard let proxy else { return ["configured": false] }
        let counters = proxy.core.counters
        let layer = proxy.core.layer.counters
        return [
            "configured": true,
            "transactions": JSONValue(proxy.core.layer.serverCount),
            "transactions_refused": JSONValue(layer.serverLimitHits),
            "requests": JSONValue(counters.requests), "forwarded": JSONValue(counters.forwarded),
            "further_places": JSONValue(counters.furtherPlaces),
            "responses": JSONValue(counters.responses), "refusals": JSONValue(counters.refusals),
            "stateless": JSONValue(counters.stateless),
            "stateless_dropped": JSONValue(counters.statelessDropped),
            "stray_responses": JSONValue(counters.strayResponses &+ layer.strayResponses),
            "options_ignored": JSONValue(counters.optionsIgnored),
            "strangers": JSONValue(counters.strangers), "loops": JSONValue(counters.loops),
            "hops_spent": JSONValue(counters.hopsSpent),
            "unroutable": JSONValue(counters.unroutable),
            "consultations": JSONValue(counters.consultations),
            "consultations_open": JSONValue(proxy.core.openConsultations),
            "consultation_timeouts": JSONValue(counters.consultationTimeouts),
            "consultation_failures": JSONValue(counters.consultationFailures),
            "consultation_limit_hits": JSONValue(counters.consultationLimitHits),
            "last_consultation_failure": .string(proxy.consultant.lastFailure),
            "unusable_answers": JSONValue(counters.unusableAnswers),
            "diverted": JSONValue(counters.diverted), "native": JSONValue(counters.native),
            "emergencies": JSONValue(counters.emergencies), "marked": JSONValue(counters.marked),
            "unasked": JSONValue(counters.unasked),
        ]
    }
}
