// SPDX-License-Identifier: Apache-2.0

import NetworkAddress
import SIPMessage
import TestSupport

@testable import SIPTransaction

/// Two layers, each with a user that calls and answers, over a network that loses, doubles and
/// reorders datagrams. The clock is the wheel's. One seed makes one run.
final class Simulation {
    enum Event: Hashable {
        case timer(side: Int, TimerToken)
        case datagram(Int)
        case open(Int)
        case answer(side: Int, ServerTransactionID, Int)
        case cancel(Int)
    }

    /// What one request met with; the index is its number.
    struct Exchange {
        let side: Int
        let isInvite: Bool
        let wantsCancel: Bool
        var client: ClientTransactionID?
        var arrivals = 0
        var deliveries = 0
        var failures = 0
        var successes = 0
        var timeouts = 0
        var isOver = false
    }

    /// A request that a user has in hand.
    struct Held {
        let message: SIPMessage
        let hop: Hop
        var isAnswered = false
    }

    let layers = [TransactionLayer(), TransactionLayer()]
    let wheel = TimerWheel<Event>(nowMilliseconds: 1)
    let lossPercent: Int
    let duplicatePercent: Int
    var random: SeededGenerator
    var exchanges: [Exchange] = []
    var numbers: [[ClientTransactionID: Int]] = [[:], [:]]
    var held: [[ServerTransactionID: Held]] = [[:], [:]]
    var datagrams: [(bytes: [UInt8], to: Int)] = []
    var faults: [String] = []
    var acksReceived = 0
    /// Timers started and neither stopped nor fired.
    var running: [[TransactionID: Set<TimerToken>]] = [[:], [:]]

    init(seed: UInt64, lossPercent: Int, duplicatePercent: Int) {
        self.random = SeededGenerator(seed: seed)
        self.lossPercent = lossPercent
        self.duplicatePercent = duplicatePercent
    }

    func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &self.random) < percent }

    func hop(to side: Int) -> Hop {
        Hop(
            listener: ListenerIndex(rawValue: 0), transport: .udp,
            remote: SocketAddress(
                address: IPAddress(ipv4: 0xc000_0200 + UInt32(side)), port: 5060))
    }

    /// Runs all exchanges to their ends; false when they do not end within the steps given.
    func run(exchanges count: Int, steps: Int) -> Bool {
        for number in 0..<count {
            let isInvite = self.chance(50)
            self.exchanges.append(
                Exchange(
                    side: number % 2, isInvite: isInvite, wantsCancel: isInvite && self.chance(20)))
            self.wheel.start(
                .open(number), milliseconds: UInt64.random(in: 1...30_000, using: &self.random))
        }
        for _ in 0..<steps {
            guard let next = self.wheel.nextDue else { return true }
            for event in self.wheel.advance(to: next) { self.handle(event) }
        }
        return false
    }

    private func handle(_ event: Event) {
        switch event {
        case .timer(let side, let token):
            self.running[side][token.transaction]?.remove(token)
            self.layers[side].timerFired(token)
            self.drain(side)
        case .datagram(let index):
            self.receive(index)
        case .open(let number):
            self.open(number)
        case .answer(let side, let id, let status):
            self.answer(side, id, status)
        case .cancel(let number):
            let side = self.exchanges[number].side
            if let id = self.exchanges[number].client { self.layers[side].cancel(id) }
            self.drain(side)
        }
    }

    private func request(_ number: Int, method: String, tag: String = "") -> Messages.Request {
        Messages.Request(
            method: method, branch: "z9hG4bK\(method == "ACK" ? "k" : "")\(number)",
            viaHost: "192.0.2.\(self.exchanges[number].side):5060",
            to: "<sip:bob@example.com>\(tag)", callID: "\(number)@sim")
    }

    private func open(_ number: Int) {
        let exchange = self.exchanges[number]
        let name = exchange.isInvite ? "INVITE" : "OPTIONS"
        let request = self.request(number, method: name)
        let id = self.layers[exchange.side].send(
            request: request.bytes, method: Method(bytes: name.utf8),
            branch: Array(request.branch.utf8), to: self.hop(to: 1 - exchange.side))
        guard let id else { return self.faults.append("\(number): not sent") }
        self.exchanges[number].client = id
        self.numbers[exchange.side][id] = number
        if exchange.wantsCancel {
            self.wheel.start(
                .cancel(number),
                milliseconds: UInt64.random(in: 1...3000, using: &self.random))
        }
        self.drain(exchange.side)
    }

    private func transmit(_ bytes: [UInt8], from side: Int) {
        var copies = self.chance(self.lossPercent) ? 0 : 1
        if self.chance(self.duplicatePercent) { copies += 1 }
        for _ in 0..<copies {
            self.datagrams.append((bytes, 1 - side))
            self.wheel.start(
                .datagram(self.datagrams.count - 1),
                milliseconds: UInt64.random(in: 1...400, using: &self.random))
        }
    }

    private func receive(_ index: Int) {
        let (bytes, side) = self.datagrams[index]
        self.datagrams[index].bytes = []
        guard let message = try? SIPMessage.parse(bytes, framing: .datagram) else {
            return self.faults.append("a message does not parse")
        }
        if let number = self.number(of: message), let method = message.method,
            method == .invite || method == .options
        {
            self.exchanges[number].arrivals += 1
        }
        self.layers[side].received(message, from: self.hop(to: 1 - side))
        self.drain(side)
    }

    func number(of message: SIPMessage) -> Int? {
        guard let callID = try? message.callID() else { return nil }
        return ASCII.number(callID.prefix { $0 != UInt8(ascii: "@") }, limit: 1 << 30).map(Int.init)
    }

    private func drain(_ side: Int) {
        for output in self.layers[side].drain() {
            switch output {
            case .send(let bytes, _, _): self.transmit(bytes, from: side)
            case .startTimer(let token, let time):
                self.wheel.start(.timer(side: side, token), milliseconds: UInt64(time))
                self.running[side][token.transaction, default: []].insert(token)
            case .stopTimer(let token):
                // Every eighth one fires all the same: it must do no harm.
                if !self.chance(12) { self.wheel.stop(.timer(side: side, token)) }
                self.running[side][token.transaction]?.remove(token)
            case .request(let id, let message, let hop): self.take(side, id, message, hop)
            case .ack: self.acksReceived += 1
            case .cancel(let id, _): self.answer(side, id, 487)
            case .response(let id, let message): self.note(side, id, message)
            case .timeout(let id): self.change(side, id) { $0.timeouts += 1 }
            case .transportFailed, .serverTransportFailed:
                self.faults.append("a transport failure that nobody reported")
            case .strayAnswer, .strayCancel, .serverTimeout: break
            case .terminated(.client(let id)):
                self.noteEnd(side, .client(id))
                self.change(side, id) { exchange in
                    if exchange.isOver { self.faults.append("terminated twice") }
                    exchange.isOver = true
                }
                self.numbers[side][id] = nil
            case .terminated(.server(let id)):
                self.noteEnd(side, .server(id))
                self.held[side][id] = nil
            }
        }
    }

    private func noteEnd(_ side: Int, _ id: TransactionID) {
        guard let left = self.running[side].removeValue(forKey: id), !left.isEmpty else { return }
        self.faults.append("a timer was left running: \(left)")
    }

    private func change(_ side: Int, _ id: ClientTransactionID, _ body: (inout Exchange) -> Void) {
        guard let number = self.numbers[side][id] else {
            return self.faults.append("an event for a transaction that is over")
        }
        var exchange = self.exchanges[number]
        body(&exchange)
        self.exchanges[number] = exchange
    }

    /// The server's user: INVITEs get an answer in the end, one in twenty other requests none.
    private func take(_ side: Int, _ id: ServerTransactionID, _ message: SIPMessage, _ hop: Hop) {
        guard let number = self.number(of: message) else {
            return self.faults.append("a request without its number")
        }
        self.exchanges[number].deliveries += 1
        self.held[side][id] = Held(message: message, hop: hop)
        let isInvite = message.method == .invite
        if !isInvite, self.chance(5) { return }
        var delay = UInt64.random(in: 1...(isInvite ? 20_000 : 6000), using: &self.random)
        if self.chance(50) { delay = delay % 300 + 1 }
        let final = [200, 200, 302, 404, 486, 503, 603].randomElement(using: &self.random) ?? 200
        if isInvite, self.chance(60) {
            self.wheel.start(.answer(side: side, id, 180), milliseconds: delay / 2 + 1)
        }
        self.wheel.start(.answer(side: side, id, final), milliseconds: delay + 2)
    }

    private func answer(_ side: Int, _ id: ServerTransactionID, _ status: Int) {
        guard var held = self.held[side][id], !held.isAnswered else { return }
        var template = ResponseTemplate(status: status, reason: "Simulated")
        template.toTag = Array("t".utf8)
        guard let bytes = template.build(for: held.message, from: held.hop) else {
            return self.faults.append("no response could be built")
        }
        held.isAnswered = status >= 200
        self.held[side][id] = held
        self.layers[side].respond(id, status: status, bytes: bytes)
        self.drain(side)
    }

    /// The client's user: counts, and acknowledges each 2xx to an INVITE.
    private func note(_ side: Int, _ id: ClientTransactionID, _ message: SIPMessage) {
        guard let status = message.status else { return }
        self.change(side, id) { exchange in
            if (200...299).contains(status) { exchange.successes += 1 }
            if status >= 300 { exchange.failures += 1 }
        }
        guard let number = self.numbers[side][id], self.exchanges[number].isInvite,
            (200...299).contains(status)
        else { return }
        let ack = self.request(number, method: "ACK", tag: ";tag=t")
        self.layers[side].send(stateless: ack.bytes, to: self.hop(to: 1 - side))
    }
}
