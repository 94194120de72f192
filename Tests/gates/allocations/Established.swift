// SPDX-License-Identifier: Apache-2.0

import Admission
import CallControl
import FakeFastPath
import FlowProgramming
import MediaPlanning
import NetworkAddress
import Routing
import SDP
import SIPMessage
import SIPTransaction

/// A box as a shard composes it: signalling, media and timers. Its parties are two that say what
/// belongs into the messages, and remember nothing.
private final class Box {
    let fake: FakeFastPath
    let programmer: FlowProgrammer
    let core: SignallingCore<PortPool>
    let wheel = TimerWheel<SignallingTimer>(nowMilliseconds: 0)
    /// What the box sent in the last step.
    private(set) var sent: [SIPMessage] = []

    static let carrier = Box.hop(0, "198.51.100.1")
    static let service = Box.hop(1, "203.0.113.1")

    private static func hop(_ listener: UInt16, _ address: String) -> Hop {
        Hop(
            listener: ListenerIndex(rawValue: listener), transport: .udp,
            remote: SocketAddress(address: IPAddress(address) ?? .unspecified, port: 5060))
    }

    init() throws {
        self.fake = try FakeFastPath(flows: 2048)
        self.programmer = FlowProgrammer(.init(directory: self.fake.directory))
        self.programmer.begin()
        let engine = CallEngine(
            configuration: try Box.configuration(), ports: self.programmer.ports, shard: 7,
            randomness: Randomness(seed: 1))
        self.core = SignallingCore(engine: engine, layer: TransactionLayer())
        self.poll()
        self.poll()
        try self.fake.shakeHands()
        self.poll()
        guard self.programmer.state == .matched else { throw Wrong("no handshake") }
    }

    private static func configuration() throws -> CallConfiguration {
        func trunk(_ name: String, _ peer: Hop) -> TrunkSettings {
            var trunk = TrunkSettings(
                name: TrunkName(name), realm: RealmIndex(peer.listener.rawValue),
                peerHost: Array(peer.remote.address.description.utf8), peer: peer)
            trunk.codecs = CodecFilter(names: ["PCMU", "PCMA", "telephone-event"]) ?? .all
            return trunk
        }
        func listener(_ peer: Hop, _ address: String) -> ListenerSettings {
            ListenerSettings(
                index: peer.listener, transport: .udp,
                address: SocketAddress(address: IPAddress(address) ?? .unspecified, port: 5060))
        }
        return CallConfiguration(
            listeners: [listener(self.carrier, "192.0.2.1"), listener(self.service, "192.0.2.2")],
            trunks: [trunk("carrier", self.carrier), trunk("service", self.service)],
            routes: try RouteTable([Route(prefix: "+1".utf8, to: TrunkIndex(1))]), callsMax: 1000)
    }

    /// The box takes a message.
    func take(_ bytes: [UInt8], from source: Hop) throws {
        try self.step {
            let message = try SIPMessage.parse(bytes, framing: .datagram)
            $0.received(message, from: source)
        }
    }

    /// Time goes on, with all that is due meanwhile.
    func wait(_ milliseconds: UInt64) throws {
        let end = self.wheel.nowMilliseconds + milliseconds
        while let due = self.wheel.nextDue, due <= end {
            for timer in counted({ self.wheel.advance(to: due) }) {
                try self.step { $0.timerFired(timer) }
            }
        }
        _ = counted { self.wheel.advance(to: end) }
    }

    private func step(_ body: (SignallingCore<PortPool>) throws -> Void) throws {
        var bytes: [[UInt8]] = []
        try counted {
            self.core.engine.now = self.wheel.nowMilliseconds
            try body(self.core)
            for output in self.core.drain() { try self.perform(output, &bytes) }
            self.poll()
        }
        self.fake.work()
        self.fake.forget()
        counted { self.poll() }
        self.sent = try bytes.map { try SIPMessage.parse($0, framing: .datagram) }
    }

    private func perform(_ output: SignallingOutput, _ sent: inout [[UInt8]]) throws {
        switch output {
        case .send(let bytes, _, _): sent.append(bytes)
        case .startTimer(let timer, let milliseconds):
            self.wheel.start(timer, milliseconds: UInt64(milliseconds))
        case .stopTimer(let timer): self.wheel.stop(timer)
        case .media(let call, let intent):
            let session = MediaSession(call.value)
            if self.programmer.has(session) {
                try self.programmer.update(session, intent)
            } else {
                try self.programmer.start(session, intent)
            }
        case .removeMedia(let call): self.programmer.end(MediaSession(call.value))
        default: break
        }
    }

    private func poll() {
        self.programmer.poll(nowNs: self.wheel.nowMilliseconds * 1_000_000 + 1_000_000_000)
        _ = self.programmer.takeOutcomes()
    }

    /// The message of that kind which the box sent last.
    func sent(_ method: Method) throws -> SIPMessage {
        guard let message = self.sent.last(where: { $0.method == method }) else {
            throw Wrong("no \(method)")
        }
        return message
    }

    func sent(_ status: Int) throws -> SIPMessage {
        guard let message = self.sent.last(where: { $0.status == status }) else {
            throw Wrong("no \(status)")
        }
        return message
    }
}

/// What the carrier has of one of its calls.
private struct CallerDialog {
    let number: Int
    let remoteTag: [UInt8]

    private static func via(_ branch: String) -> String {
        "SIP/2.0/UDP 198.51.100.1:5060;branch=z9hG4bK\(branch)"
    }

    private static func head(_ method: Method, _ number: Int, sequence: Int) -> SIPMessageBuilder {
        var builder = SIPMessageBuilder(
            request: method, uri: "sip:+1555\(100_000 + number)@192.0.2.1;user=phone".utf8)
        builder.add(.via, Self.via("\(number)x\(sequence)\(method == .ack ? "a" : "")"))
        builder.add(.maxForwards, 70)
        builder.add(
            .from, "<sip:+1999\(100_000 + number)@198.51.100.1;user=phone>;tag=gK0c\(number)")
        builder.add(.callID, "\(number)_99887766@198.51.100.1")
        return builder
    }

    static func invite(_ number: Int) -> [UInt8] {
        var builder = Self.head(.invite, number, sequence: 1)
        builder.add(.to, "<sip:+1555\(100_000 + number)@192.0.2.1;user=phone>")
        builder.add(.cSeq, "1 INVITE")
        builder.add(.contact, "<sip:+1999\(100_000 + number)@198.51.100.1:5060>")
        builder.add(.allow, "INVITE, ACK, BYE, CANCEL, OPTIONS")
        builder.add(.supported, "timer, 100rel")
        builder.add(.userAgent, "switch/1.0")
        return builder.finish(body: Samples.body, contentType: "application/sdp")
    }

    func request(_ method: Method, sequence: Int) -> [UInt8] {
        var builder = Self.head(method, self.number, sequence: sequence)
        builder.add(
            .to, Array("<sip:+1555\(100_000 + self.number)@192.0.2.1;user=phone>;tag=".utf8)
                + self.remoteTag)
        builder.add(.cSeq, "\(sequence) \(method == .ack ? "ACK" : "BYE")")
        return builder.finish()
    }
}

/// What the service answers, with a tag of its own for each call.
private func answer(_ status: Int, to request: SIPMessage, _ number: Int) throws -> [UInt8] {
    var template = ResponseTemplate(status: status, reason: status == 200 ? "OK" : "Ringing")
    template.toTag = Array("b42\(number)".utf8)
    guard var builder = template.builder(for: request, from: Box.service) else {
        throw Wrong("no answer")
    }
    guard request.method == .invite else { return builder.finish() }
    builder.add(.contact, "<sip:agent\(number)@203.0.113.1:5060>")
    builder.add(.allow, "INVITE, ACK, BYE, CANCEL, OPTIONS")
    guard status == 200 else { return builder.finish() }
    return builder.finish(body: Samples.body, contentType: "application/sdp")
}

/// Calls that were answered a minute ago.
func established() throws -> [Standing] {
    let box = try Box()
    var dialogs: [CallerDialog] = []
    var number = 0

    func begin() throws {
        number += 1
        try box.take(CallerDialog.invite(number), from: Box.carrier)
        let invite = try box.sent(.invite)
        try box.wait(10)
        try box.take(try answer(180, to: invite, number), from: Box.service)
        _ = try box.sent(180)
        try box.wait(10)
        try box.take(try answer(200, to: invite, number), from: Box.service)
        _ = try box.sent(.ack)
        let tag = try box.sent(200).to().tag ?? []
        let dialog = CallerDialog(number: number, remoteTag: Array(tag))
        try box.wait(10)
        try box.take(dialog.request(.ack, sequence: 1), from: Box.carrier)
        dialogs.append(dialog)
    }

    func end() throws {
        for dialog in dialogs {
            try box.take(dialog.request(.bye, sequence: 2), from: Box.carrier)
            let bye = try box.sent(.bye)
            try box.take(try answer(200, to: bye, dialog.number), from: Box.service)
        }
        dialogs = []
        try box.wait(60_000)
        guard box.core.engine.callCount == 0, box.programmer.sessionCount == 0,
            box.wheel.count == 0
        else { throw Wrong("calls that do not end") }
    }

    // What the first calls make once and for all.
    for _ in 0..<20 { try begin() }
    try end()
    return [
        Standing(
            name: "an established call", count: 400, begin: begin,
            rest: {
                try box.wait(60_000)
                guard box.core.engine.callCount == 400 else { throw Wrong("calls ended") }
            },
            end: end)
    ]
}
