// SPDX-License-Identifier: Apache-2.0

import Admission
import CallControl
import FlowABI
import MediaPlanning
import NetworkAddress
import Routing
import SDP
import Sharing
import SIPMessage
import SIPTransaction

/// SplitMix64: the model's own, so that a seed means the same whatever the product does.
struct ModelRandom {
    private var state: UInt64
    init(seed: UInt64) { self.state = seed &* 0x2545_F491_4F6C_DD1D }

    mutating func next() -> UInt64 {
        self.state &+= 0x9E37_79B9_7F4A_7C15
        var z = self.state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
    mutating func below(_ limit: UInt64) -> UInt64 { self.next() % max(limit, 1) }
    mutating func chance(_ percent: UInt64) -> Bool { self.below(100) < percent }
    mutating func pick<Value>(_ values: [Value]) -> Value {
        values[Int(self.below(UInt64(values.count)))]
    }
}

/// Media ports, each for one leg of all sequences' time: a port names a leg.
final class ModelPorts: MediaPorts {
    private(set) var reserved: Set<MediaPort> = []
    private var next: UInt16 = 20_000
    let report: (String) -> Void

    init(_ report: @escaping (String) -> Void) { self.report = report }

    func reserve(
        _ a: PortWish, _ b: PortWish, beside: MediaPort?
    ) -> (a: MediaPort, b: MediaPort)? { (self.take(a), self.take(b)) }

    private func take(_ wish: PortWish) -> MediaPort {
        self.next += 2
        let address = wish.realm.value == 0 ? ModelWorld.boxA : ModelWorld.boxB
        let port = MediaPort(
            addressIndex: wish.realm.value,
            rtp: SocketAddress(address: address.address, port: self.next))
        self.reserved.insert(port)
        return port
    }

    func areTogether(_ one: MediaPort, _ other: MediaPort) -> Bool { true }
    func release(_ port: MediaPort) {
        if self.reserved.remove(port) == nil { self.report("port \(port.rtp) given back twice") }
    }
}

/// The box among the model's parties, with a clock that only the sequence moves.
final class ModelWorld {
    final class Clock { var now: UInt64 = 0 }

    static let boxA = SocketAddress(address: IPAddress("192.0.2.1") ?? .unspecified, port: 5060)
    static let boxB = SocketAddress(address: IPAddress("192.0.2.2") ?? .unspecified, port: 5060)

    private struct Event {
        let at: UInt64
        let order: UInt64
        let run: () -> Void
        func precedes(_ other: Event) -> Bool { (self.at, self.order) < (other.at, other.order) }
    }

    private let clock = Clock()
    var now: UInt64 { self.clock.now }
    private var heap: [Event] = []
    private var serial: UInt64 = 0
    var random: ModelRandom
    let judge: ModelJudge
    let core: SignallingCore<ModelPorts>
    let ports: ModelPorts
    private(set) var timers: [SignallingTimer: UInt64] = [:]
    private(set) var intents: [CallIdentifier: MediaIntent] = [:]
    private(set) var flows: [UInt16: PlannedFlow] = [:]
    private(set) var checkpoints: Set<CallIdentifier> = []
    private(set) var recordCount = 0
    var parties: [ModelParty] = []

    /// Of 1000 messages.
    var lost: UInt64 = 0
    var repeated: UInt64 = 0
    var delay: ClosedRange<UInt64> = 5...5
    /// Nobody begins anything any more, nothing is lost, and everybody is polite.
    var isCalm = false
    /// Lines of a replay; nil: none are written.
    var log: [String]?
    /// Changes what the box sends: a fault on purpose. Nil: it does not send it.
    var sabotage: ((ModelMessage) -> ModelMessage?)?
    /// Does not take media away: another fault on purpose.
    var leavesFlows = false

    init(seed: UInt64, _ change: (inout CallConfiguration) -> Void) {
        self.random = ModelRandom(seed: seed)
        let judge = ModelJudge(self.clock)
        self.judge = judge
        self.ports = ModelPorts { judge.fault("flows", $0) }
        var configuration = ModelWorld.configuration
        change(&configuration)
        let engine = CallEngine(
            configuration: configuration, ports: self.ports, shard: 7,
            randomness: Randomness(seed: seed))
        self.core = SignallingCore(engine: engine, layer: TransactionLayer())
    }

    private static let configuration: CallConfiguration = {
        func trunk(_ name: String, _ listener: UInt16, _ peer: String) -> TrunkSettings {
            let remote = SocketAddress(address: IPAddress(peer) ?? .unspecified, port: 5060)
            var trunk = TrunkSettings(
                name: TrunkName(name), realm: RealmIndex(listener),
                peerHost: Array(peer.utf8),
                peer: Hop(
                    listener: ListenerIndex(rawValue: listener), transport: .udp,
                    remote: remote))
            trunk.codecs = CodecFilter(names: ["PCMU", "PCMA", "telephone-event"]) ?? .all
            return trunk
        }
        let routes = try? RouteTable([
            Route(prefix: "+1".utf8, to: TrunkIndex(1)),
            Route(prefix: "+2".utf8, to: TrunkIndex(0)),
            Route(prefix: "+3".utf8, to: TrunkIndex(2)),
        ])
        return CallConfiguration(
            listeners: [
                ListenerSettings(
                    index: ListenerIndex(rawValue: 0), transport: .udp, address: ModelWorld.boxA),
                ListenerSettings(
                    index: ListenerIndex(rawValue: 1), transport: .udp, address: ModelWorld.boxB),
            ],
            trunks: [
                trunk("alice", 0, "198.51.100.1"), trunk("bob", 1, "203.0.113.1"),
                trunk("carol", 1, "203.0.113.3"),
            ], routes: routes ?? RouteTable(), callsMax: 100)
    }()

    // MARK: Time

    func after(_ milliseconds: UInt64, _ run: @escaping () -> Void) {
        self.serial += 1
        self.heap.append(Event(at: self.now + milliseconds, order: self.serial, run: run))
        var place = self.heap.count - 1
        while place > 0, self.heap[place].precedes(self.heap[(place - 1) / 2]) {
            self.heap.swapAt(place, (place - 1) / 2)
            place = (place - 1) / 2
        }
    }

    private func take() -> Event {
        self.heap.swapAt(0, self.heap.count - 1)
        let event = self.heap.removeLast()
        var place = 0
        while true {
            var least = place
            for child in [2 * place + 1, 2 * place + 2]
            where child < self.heap.count && self.heap[child].precedes(self.heap[least]) {
                least = child
            }
            if least == place { return event }
            self.heap.swapAt(place, least)
            place = least
        }
    }

    /// Runs until a time, or until nothing is to happen any more, or a fault is found.
    func run(until end: UInt64 = .max, while condition: () -> Bool = { true }) {
        var steps = 0
        while let first = self.heap.first, first.at <= end, self.judge.faults.isEmpty,
            condition()
        {
            let event = self.take()
            self.clock.now = event.at
            event.run()
            steps += 1
            guard steps < 200_000 else { return self.judge.fault("ends", "no rest") }
        }
        if end != .max, condition() { self.clock.now = max(self.now, end) }
    }

    // MARK: The network

    private func travel(_ deliver: @escaping () -> Void) {
        if self.random.below(1000) < self.lost { return }
        let copies = self.random.below(1000) < self.repeated ? 2 : 1
        for _ in 0..<copies {
            let spread = self.delay.upperBound - self.delay.lowerBound + 1
            self.after(self.delay.lowerBound + self.random.below(spread), deliver)
        }
    }

    func send(_ bytes: [UInt8], from party: ModelParty) {
        self.travel {
            guard let seen = ModelMessage(bytes),
                let message = try? SIPMessage.parse(bytes, framing: .datagram)
            else { return self.judge.fault("model", "unreadable message of a party") }
            self.log?.append("\(self.now) \(party.name) > \(seen.line)")
            self.judge.received(seen, from: party.name)
            let remote = SocketAddress(
                address: IPAddress(party.address) ?? .unspecified, port: 5060)
            let listener: ListenerIndex =
                party.boxAddress == "192.0.2.1"
                ? ListenerIndex(rawValue: 0) : ListenerIndex(rawValue: 1)
            let hop = Hop(listener: listener, transport: .udp, remote: remote)
            self.input { $0.received(message, from: hop) }
        }
    }

    private func arrive(_ bytes: [UInt8], _ hop: Hop) {
        guard var message = ModelMessage(bytes) else {
            let text = String(decoding: bytes, as: UTF8.self)
            return self.judge.fault("model", "unreadable: \(text)")
        }
        if let sabotage = self.sabotage {
            guard let changed = sabotage(message) else { return }
            message = changed
        }
        let address = "\(hop.remote.address)"
        guard let party = self.parties.first(where: { $0.address == address }) else {
            return self.judge.fault("order", "a message to nobody: \(message.line)")
        }
        self.log?.append("\(self.now) \(party.name) < \(message.line)")
        self.judge.sent(message, to: party.name)
        self.travel { party.received(message) }
    }

    // MARK: The box

    private func input(_ body: (SignallingCore<ModelPorts>) -> Void) {
        self.core.engine.now = self.now
        self.core.engine.monotonicNow = self.now
        body(self.core)
        for output in self.core.drain() { self.perform(output) }
        self.judge.judgeStep(self.intents)
    }

    /// An operator ends all calls.
    func endCalls() {
        for call in self.core.engine.listCalls() { self.input { _ = $0.engine.endCall(call.id) } }
    }

    private func perform(_ output: SignallingOutput) {
        switch output {
        case .send(let bytes, let hop, _): self.arrive(bytes, hop)
        case .startTimer(let timer, let milliseconds):
            self.serial += 1
            let serial = self.serial
            self.timers[timer] = serial
            self.after(UInt64(milliseconds)) {
                guard self.timers[timer] == serial else { return }
                self.timers[timer] = nil
                self.input { $0.timerFired(timer) }
            }
        case .stopTimer(let timer): self.timers[timer] = nil
        case .media(let id, let intent):
            let legs = "\(Self.text(intent.a)) \(Self.text(intent.b))"
            self.log?.append("\(self.now) media \(id) \(legs)")
            self.intents[id] = intent
            self.plan(intent)
        case .removeMedia(let id):
            guard !self.leavesFlows, let intent = self.intents.removeValue(forKey: id) else {
                break
            }
            self.log?.append("\(self.now) media \(id) gone")
            for leg in [intent.a, intent.b] { self.flows[leg.local.rtp.port] = nil }
        case .exchangeMedia(let exchange): self.exchange(exchange)
        case .checkpoint(let kept): self.checkpoints.insert(kept.wrappedValue.id)
        case .removeCheckpoint(let id): self.checkpoints.remove(id)
        case .record: self.recordCount += 1
        default: break
        }
    }

    private static func text(_ leg: MediaIntent.Leg) -> String {
        "\(leg.local.rtp.port)->\(leg.remote.map { "\($0)" } ?? "-") "
            + "\(ModelFlow(leg.send, leg.receive)) \(leg.payloadTypes.map(\.ingress))"
    }

    // MARK: Flows

    private static func identity(_ leg: MediaIntent.Leg) -> LegIdentity {
        let port = leg.local.rtp.port
        return LegIdentity(
            flow: FlowID(index: FlowIndex(UInt32(port)), generation: Generation(1)),
            ssrc: UInt32(port), initialSequence: 0, initialTimestamp: 0)
    }

    /// Takes each flow by commands to what the intent wants of it.
    private func plan(_ intent: MediaIntent) {
        do throws(MediaPlanError) {
            let plan = try MediaPlan(
                intent, a: Self.identity(intent.a), b: Self.identity(intent.b),
                settings: MediaSettings())
            for (port, goal) in [
                (intent.a.local.rtp.port, plan.a), (intent.b.local.rtp.port, plan.b),
            ] {
                var steps = 0
                while let command = try PlannedFlow.command(from: self.flows[port], to: goal) {
                    self.flows[port] = PlannedFlow.state(of: self.flows[port], after: command)
                    steps += 1
                    if steps > 4 { return self.judge.fault("flows", "commands without an end") }
                }
            }
        } catch {
            self.judge.fault("flows", "an intent that is no flow: \(error)")
        }
    }

    /// Legs of two calls change places; their flows are made anew here.
    private func exchange(_ exchange: MediaExchange) {
        guard var one = self.intents[exchange.call], var other = self.intents[exchange.other]
        else { return self.judge.fault("flows", "media of a call that has none changes places") }
        (one[exchange.side], other[exchange.otherSide]) =
            (other[exchange.otherSide], one[exchange.side])
        self.intents[exchange.call] = one
        self.intents[exchange.other] = other
        for intent in [one, other] {
            for leg in [intent.a, intent.b] { self.flows[leg.local.rtp.port] = nil }
        }
        self.plan(one)
        self.plan(other)
    }

    /// Lets go of what refers to itself.
    func close() {
        self.heap = []
        for party in self.parties {
            party.clients = [:]
            party.servers = [:]
            party.dialogs = []
            party.outgoing = []
            party.incoming = []
        }
    }
}
