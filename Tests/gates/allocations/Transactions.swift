// SPDX-License-Identifier: Apache-2.0

import SIPMessage
import SIPTransaction

/// A layer and the last things it asked for.
private final class Bench {
    let layer = TransactionLayer()
    private var outputs: [TransactionOutput] = []
    private var timer: TimerToken?
    private(set) var request: ServerTransactionID?
    private(set) var status: Int?
    private(set) var isOver = false

    func take() {
        self.layer.drain(into: &self.outputs)
        for output in self.outputs {
            switch output {
            case .startTimer(let token, _): self.timer = token
            case .request(let id, _, _): self.request = id
            case .response(_, let message): self.status = message.status
            case .terminated: self.isOver = true
            default: break
            }
        }
    }

    /// The timer that was started last runs out.
    func expire() {
        if let timer { self.layer.timerFired(timer) }
        self.take()
    }

    func reset() {
        self.timer = nil
        self.request = nil
        self.status = nil
        self.isOver = false
    }
}

/// OPTIONS: a request, its answer, and the timer that ends it.
func transactions() throws -> [Operation] {
    let bench = Bench()
    let branch = Array("z9hG4bK7a1".utf8)
    var builder = SIPMessageBuilder(request: .options, uri: "sip:192.0.2.1".utf8)
    builder.add(.via, Array("SIP/2.0/UDP 198.51.100.1:5060;branch=".utf8) + branch)
    builder.add(.maxForwards, 70)
    builder.add(.from, "<sip:198.51.100.1>;tag=a1")
    builder.add(.to, "<sip:192.0.2.1>")
    builder.add(.callID, "1@198.51.100.1")
    builder.add(.cSeq, "1 OPTIONS")
    let bytes = builder.finish()
    let request = try SIPMessage.parse(bytes, framing: .datagram)
    let answer = ResponseTemplate(status: 200, reason: "OK").build(for: request, from: Samples.peer)
    guard let answer else { throw Wrong("no answer") }
    let response = try SIPMessage.parse(answer, framing: .datagram)
    return [
        Operation("a server transaction") {
            bench.reset()
            counted {
                bench.layer.received(request, from: Samples.peer)
                bench.take()
                if let id = bench.request {
                    bench.layer.respond(id, status: 200, bytes: answer)
                }
                bench.take()
                bench.expire()
            }
            guard bench.isOver else { throw Wrong("the transaction goes on") }
        },
        Operation("a client transaction") {
            bench.reset()
            counted {
                _ = bench.layer.send(
                    request: bytes, method: .options, branch: branch, to: Samples.peer)
                bench.take()
                bench.layer.received(response, from: Samples.peer)
                bench.take()
                bench.expire()
            }
            guard bench.isOver, bench.status == 200 else { throw Wrong("no response") }
        },
    ]
}
