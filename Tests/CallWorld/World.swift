// SPDX-License-Identifier: Apache-2.0

import Admission
import CallControl
import NetworkAddress
import Routing
import SDP
import Sharing
import SIPMessage
import SIPTransaction
import Tenancy

/// Media ports of the simulated box: a few, counted, and never given out or back twice.
final class TestPorts: MediaPorts {
    private(set) var reserved: Set<MediaPort> = []
    private var next: UInt16 = 20_000
    let limit: Int
    private let report: (String) -> Void
    /// Legs whose parties can be told apart have one port of their realm together.
    var sharesPorts = false
    private var lastShare: UInt32 = 0
    private var marks: [MediaPort: PartyMark] = [:]
    /// What was asked for.
    private(set) var wishes: [(a: PortWish, b: PortWish)] = []

    init(limit: Int, report: @escaping (String) -> Void) {
        self.limit = limit
        self.report = report
    }

    func reserve(
        _ a: PortWish, _ b: PortWish, beside: MediaPort?
    ) -> (a: MediaPort, b: MediaPort)? {
        self.wishes.append((a, b))
        guard self.reserved.count + 2 <= self.limit else { return nil }
        return (self.take(a), self.take(b))
    }

    /// What all legs of a realm share that can.
    static func sharedPort(_ realm: RealmIndex, share: UInt32) -> MediaPort {
        let address = realm.value == 0 ? World.boxA.address : World.boxB.address
        return MediaPort(
            addressIndex: realm.value, rtp: SocketAddress(address: address, port: 19_998),
            share: share)
    }

    private func share(_ wish: PortWish) -> MediaPort? {
        let others = self.marks.filter { $0.key.addressIndex == wish.realm.value }.values
        guard self.sharesPorts, wish.mark != .nothing,
            wish.mark == .ice || !others.contains(wish.mark)
        else { return nil }
        var port: MediaPort
        repeat {
            self.lastShare += 1
            port = Self.sharedPort(wish.realm, share: self.lastShare)
        } while self.reserved.contains(port)
        self.marks[port] = wish.mark
        self.reserved.insert(port)
        return port
    }

    private func take(_ wish: PortWish) -> MediaPort {
        if let port = self.share(wish) { return port }
        let realm = wish.realm
        let address = realm.value == 0 ? World.boxA.address : World.boxB.address
        var port: MediaPort
        repeat {
            port = MediaPort(
                addressIndex: realm.value, rtp: SocketAddress(address: address, port: self.next))
            self.next = self.next >= 39_998 ? 20_000 : self.next + 2
        } while self.reserved.contains(port)
        self.reserved.insert(port)
        return port
    }

    func areTogether(_ one: MediaPort, _ other: MediaPort) -> Bool { true }

    /// As an owner does with the ports of checkpoints.
    func claim(_ port: MediaPort) { self.reserved.insert(port) }

    func release(_ port: MediaPort) {
        self.marks[port] = nil
        if self.reserved.remove(port) == nil { self.report("port \(port.rtp) given back twice") }
    }
}

/// How the simulated network treats a message.
struct Network {
    /// Of 1000 messages.
    var lost = 0
    var repeated = 0
    /// Milliseconds; more than the smallest puts messages out of order.
    var delay: ClosedRange<UInt64> = 5...5
}

/// The box between telephones, with a clock that only the test moves. One seed makes one course of
/// events.
final class World {
    static let boxA = SocketAddress(address: World.ip("192.0.2.1"), port: 5060)
    static let boxB = SocketAddress(address: World.ip("192.0.2.2"), port: 5060)
    static func ip(_ text: String) -> IPAddress { IPAddress(text) ?? .unspecified }

    static let carrier = TrunkName("carrier")
    static let service = TrunkName("service")

    private struct Event {
        let at: UInt64
        let order: UInt64
        let run: () -> Void
    }

    /// When the box dies, counted in its inputs.
    enum Crash {
        /// All that an input led to happened.
        case after(input: Int)
        /// Checkpoints were written, nothing was sent.
        case beforeSending(input: Int)
    }

    private(set) var now: UInt64 = 0
    private var events: [Event] = []
    private var eventCount: UInt64 = 0
    var random: Randomness
    var network = Network()
    var crash: Crash?
    private(set) var inputs = 0
    private(set) var restarts = 0

    var configuration: CallConfiguration
    let portLimit: Int
    private(set) var ports: TestPorts
    private(set) var core: SignallingCore<TestPorts>
    private(set) var boxTimers: [SignallingTimer: UInt64] = [:]
    private var timerSerial: UInt64 = 0
    private(set) var checkpoints: [CallIdentifier: [UInt8]] = [:]
    private(set) var media: [CallIdentifier: MediaIntent] = [:]
    private(set) var mediaHistory: [MediaIntent] = []
    private struct KeyName: Hashable {
        let call: CallIdentifier
        let side: Side
        let id: UInt64
    }
    private struct KeyPlace: Equatable {
        let call: CallIdentifier
        let side: Side
        init(_ call: CallIdentifier, _ side: Side) {
            self.call = call
            self.side = side
        }
    }
    /// Sending keys that were seen, by the name that each had.
    private var keyNames: [KeyName: SRTPKey] = [:]
    private(set) var records: [CallRecord] = []
    /// Digits that legs were given to send with their media, and what was told of digits.
    private(set) var digits: [(side: Side, burst: DigitBurst)] = []
    private(set) var digitNews: [(side: Side, news: DigitNews)] = []
    private(set) var attempts: [AttemptRecord] = []
    private(set) var admittedBefore: UInt64 = 0
    private(set) var phones: [Phone] = []
    /// Takes what must never happen.
    let report: (String) -> Void
    /// Judges what the box sends.
    private var messages: MessageJudge
    /// Runs what the box does with one input; who measures the box stands around it.
    var meter: (() -> Void) -> Void = { $0() }

    let transport: TransportProtocol
    /// Sees what the box sends.
    var tap: (([UInt8]) -> Void)?

    init(
        seed: UInt64, portLimit: Int, transport: TransportProtocol,
        report: @escaping (String) -> Void
    ) {
        self.report = report
        self.messages = MessageJudge(report: report)
        self.random = Randomness(seed: seed)
        self.transport = transport
        self.configuration = World.standardConfiguration(transport)
        self.portLimit = portLimit
        self.ports = TestPorts(limit: portLimit, report: report)
        self.core = World.core(self.configuration, self.ports, seed: seed)
        self.core.engine.watchPeers()
    }

    private static func core(
        _ configuration: CallConfiguration, _ ports: TestPorts, seed: UInt64,
        tenants: DirectoryReader? = nil
    ) -> SignallingCore<TestPorts> {
        let engine = CallEngine(
            configuration: configuration, ports: ports, shard: 7,
            randomness: Randomness(seed: seed &+ 1000))
        engine.tenants = tenants
        return SignallingCore(engine: engine, layer: TransactionLayer())
    }

    static func standardConfiguration(
        _ transport: TransportProtocol = .udp
    ) -> CallConfiguration {
        let a = ListenerIndex(rawValue: 0)
        let b = ListenerIndex(rawValue: 1)
        func trunk(_ name: TrunkName, _ listener: ListenerIndex, _ peer: String) -> TrunkSettings {
            let remote = SocketAddress(address: World.ip(peer), port: 5060)
            var trunk = TrunkSettings(
                name: name, realm: RealmIndex(listener.rawValue), peerHost: Array(peer.utf8),
                peer: Hop(listener: listener, transport: transport, remote: remote))
            trunk.codecs = CodecFilter(names: ["PCMU", "PCMA", "telephone-event"]) ?? .all
            return trunk
        }
        let routes = try? RouteTable([
            Route(prefix: "+1".utf8, to: TrunkIndex(1)),
            Route(prefix: "+2".utf8, to: TrunkIndex(0)),
        ])
        return CallConfiguration(
            listeners: [
                ListenerSettings(index: a, transport: transport, address: World.boxA),
                ListenerSettings(index: b, transport: transport, address: World.boxB),
            ],
            trunks: [
                trunk(World.carrier, a, "198.51.100.1"), trunk(World.service, b, "203.0.113.1"),
            ],
            routes: routes ?? RouteTable(), callsMax: 1000)
    }

    /// A telephone at one side of the box.
    func phone(_ name: String, side: Side, address: String? = nil) -> Phone {
        let text = address ?? (side == .a ? "198.51.100.1" : "203.0.113.1")
        let phone = Phone(
            name: name, side: side,
            address: SocketAddress(address: World.ip(text), port: 5060), world: self)
        self.phones.append(phone)
        return phone
    }

    func configure(_ change: (inout CallConfiguration) -> Void) {
        change(&self.configuration)
        self.core.engine.configure(self.configuration)
    }

    // MARK: Time

    func after(_ milliseconds: UInt64, _ run: @escaping () -> Void) {
        self.eventCount += 1
        let event = Event(at: self.now + milliseconds, order: self.eventCount, run: run)
        let place = self.events.firstIndex { $0.at > event.at } ?? self.events.endIndex
        self.events.insert(event, at: place)
    }

    /// Runs until nothing is to happen any more, or until a time.
    func run(until end: UInt64 = .max) {
        var steps = 0
        while let first = self.events.first, first.at <= end {
            self.events.removeFirst()
            self.now = first.at
            first.run()
            steps += 1
            guard steps < 2_000_000 else {
                self.report("the world does not come to rest")
                return
            }
        }
        if end != .max { self.now = max(self.now, end) }
    }

    // MARK: The network

    func send(_ bytes: [UInt8], from: SocketAddress, to: SocketAddress) {
        if self.network.lost > 0, self.random.below(1000) < UInt64(self.network.lost) { return }
        let copies =
            self.network.repeated > 0
                && self.random.below(1000) < UInt64(self.network.repeated) ? 2 : 1
        for _ in 0..<copies {
            let range = self.network.delay
            let spread = range.upperBound - range.lowerBound + 1
            let delay = range.lowerBound + self.random.below(spread)
            self.after(delay) { self.deliver(bytes, from: from, to: to) }
        }
    }

    private func deliver(_ bytes: [UInt8], from: SocketAddress, to: SocketAddress) {
        guard var message = try? SIPMessage.parse(bytes, framing: .datagram) else {
            return self.report("unreadable: \(String(decoding: bytes, as: UTF8.self))")
        }
        if message.examine(MessageLimits()) != .accept {
            self.report("not accepted: \(String(decoding: bytes, as: UTF8.self))")
        }
        if to == World.boxA || to == World.boxB {
            let hop = Hop(
                listener: ListenerIndex(rawValue: to == World.boxA ? 0 : 1),
                transport: self.transport, remote: from)
            self.input { [message] in $0.received(message, from: hop) }
        } else if let phone = self.phones.first(where: { $0.address == to }) {
            phone.received(message, from: from)
        }
    }

    // MARK: The box

    /// Gives the box an input, does what it asks for, and kills it where the test says so.
    func input(_ body: (SignallingCore<TestPorts>) -> Void) {
        self.inputs += 1
        self.core.engine.now = self.now
        self.core.engine.monotonicNow = self.now
        var outputs: [SignallingOutput] = []
        self.meter {
            body(self.core)
            outputs = self.core.drain()
        }
        if case .beforeSending(let input)? = self.crash, input == self.inputs {
            for output in outputs { self.keep(output) }
            return self.restart()
        }
        for output in outputs { self.perform(output) }
        if case .after(let input)? = self.crash, input == self.inputs { self.restart() }
    }

    private func perform(_ output: SignallingOutput) {
        switch output {
        case .send(let bytes, let hop, _):
            let from = hop.listener.rawValue == 0 ? World.boxA : World.boxB
            self.tap?(bytes)
            let hidden = TopologyJudge.hidden(
                from: hop.listener.rawValue == 0 ? .a : .b, self.phones)
            if let leak = TopologyJudge.leak(in: bytes, of: hidden) {
                self.report("\(leak) shows in \(String(decoding: bytes, as: UTF8.self))")
            }
            self.messages.sent(bytes)
            self.send(bytes, from: from, to: hop.remote)
        case .startTimer(let timer, let milliseconds): self.startTimer(timer, milliseconds)
        case .stopTimer(let timer): self.boxTimers[timer] = nil
        case .media(let id, let intent):
            self.judge(id, intent)
            self.media[id] = intent
            self.mediaHistory.append(intent)
        case .removeMedia(let id): self.media[id] = nil
        case .digits(_, let side, let burst): self.digits.append((side, burst))
        case .digitNews(_, let side, let news): self.digitNews.append((side, news))
        case .exchangeMedia(let exchange): self.exchange(exchange)
        default: self.keep(output)
        }
    }

    /// Flows change places; the names of their keys go with them.
    private func exchange(_ exchange: MediaExchange) {
        guard var one = self.media[exchange.call], var other = self.media[exchange.other] else {
            return self.report("media of a call that has none changes places")
        }
        let leg = one[exchange.side]
        one[exchange.side] = other[exchange.otherSide]
        other[exchange.otherSide] = leg
        self.media[exchange.call] = one
        self.media[exchange.other] = other
        let places = [
            (KeyPlace(exchange.call, exchange.side), KeyPlace(exchange.other, exchange.otherSide)),
            (KeyPlace(exchange.other, exchange.otherSide), KeyPlace(exchange.call, exchange.side)),
        ]
        var moved: [KeyName: SRTPKey] = [:]
        for (name, key) in self.keyNames {
            let place = KeyPlace(name.call, name.side)
            let new = places.first { $0.0 == place }?.1 ?? place
            moved[KeyName(call: new.call, side: new.side, id: name.id)] = key
        }
        self.keyNames = moved
    }

    /// What must hold of every intent: no media in the clear where the trunk forbids it, and one
    /// number for each sending key of a leg.
    private func judge(_ id: CallIdentifier, _ intent: MediaIntent) {
        for side in Side.allCases {
            let leg = intent[side]
            let trunk = self.configuration.trunks[Int(leg.local.addressIndex)]
            let isProtected = leg.isSecure || leg.security != nil
            if trunk.security.srtp == .required, !isProtected {
                self.report("media in the clear on leg \(side)")
            }
            if leg.security != nil, !leg.isSecure { self.report("keys on a plain leg") }
            guard let security = leg.security else { continue }
            let name = KeyName(call: id, side: side, id: security.keyID)
            let known = self.keyNames.updateValue(security.send, forKey: name)
            if security.keyID == 0 || (known ?? security.send) != security.send {
                self.report("key \(security.keyID) of leg \(side) is named twice")
            }
            let twin = self.keyNames.contains { other, key in
                other.call == id && other.side == side && other.id != security.keyID
                    && key == security.send
            }
            if twin { self.report("a key of leg \(side) has two names") }
        }
    }

    /// What is written to the store.
    private func keep(_ output: SignallingOutput) {
        switch output {
        case .checkpoint(let shared):
            let checkpoint = shared.wrappedValue
            let bytes = checkpoint.encode()
            if (try? CallCheckpoint(decoding: bytes)) != checkpoint {
                self.report("a checkpoint that is not what it was")
            }
            self.checkpoints[checkpoint.id] = bytes
        case .removeCheckpoint(let id): self.checkpoints[id] = nil
        case .record(let record): self.records.append(record)
        case .attempt(let attempt): self.attempts.append(attempt)
        default: break
        }
    }

    private func startTimer(_ timer: SignallingTimer, _ milliseconds: UInt32) {
        self.timerSerial += 1
        let serial = self.timerSerial
        self.boxTimers[timer] = serial
        self.after(UInt64(milliseconds)) {
            guard self.boxTimers[timer] == serial else { return }
            self.boxTimers[timer] = nil
            self.input { $0.timerFired(timer) }
        }
    }

    /// The process dies and comes back: only checkpoints are left.
    func restart() {
        self.restarts += 1
        self.messages.restarted()
        self.admittedBefore += self.core.engine.counters.callsAdmitted
        self.boxTimers = [:]
        self.media = [:]
        let sharesPorts = self.ports.sharesPorts
        self.ports = TestPorts(limit: self.portLimit, report: self.report)
        self.ports.sharesPorts = sharesPorts
        let kept = self.checkpoints.values.compactMap { try? CallCheckpoint(decoding: $0) }
            .sorted { $0.id.value < $1.id.value }
        for checkpoint in kept {
            self.ports.claim(checkpoint.media.a.local)
            self.ports.claim(checkpoint.media.b.local)
            self.media[checkpoint.id] = checkpoint.media
        }
        self.core = World.core(
            self.configuration, self.ports, seed: self.random.next(),
            tenants: self.core.engine.tenants)
        self.core.engine.now = self.now
        self.core.engine.monotonicNow = self.now
        self.core.engine.watchPeers()
        let taken = Set(self.core.engine.restore(kept))
        for checkpoint in kept where !taken.contains(checkpoint.id) {
            self.media[checkpoint.id] = nil
        }
        for output in self.core.drain() { self.perform(output) }
    }

    /// Drops what was noted of calls that are over, and the telephones.
    func forget() {
        self.phones = []
        self.records = []
        self.mediaHistory = []
        self.keyNames = [:]
        self.messages = MessageJudge(report: self.report)
    }
}
