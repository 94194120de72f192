// SPDX-License-Identifier: Apache-2.0

import CallControl
import Configuration
import FlowABI
import NetworkAddress
import SIPTransaction
import Trace

/// When something was noticed.
struct TraceTime {
    let wallUs: UInt64
    let monotonicNs: UInt64

    static var now: TraceTime {
        TraceTime(wallUs: Clocks.wallUs, monotonicNs: Clocks.monotonicNs)
    }
}

/// Keeps what a shard's calls say and do, and sends copies to a collector. Nothing here changes a
/// call, waits, or fails: what has no room is counted.
final class Tracer {
    typealias Leg = (call: CallIdentifier, side: Side)

    let book: TraceBook
    /// The book has memory.
    let keeps: Bool
    private(set) var redaction: Redaction
    private(set) var collector: HEPSender?
    var unlocks = TraceUnlocks()
    /// The trunks of a live call: "carrier to service".
    var parties: (CallIdentifier) -> [UInt8]? = { _ in nil }
    /// Addresses of the listeners, by index.
    private let locals: [SocketAddress]
    /// The keys that a leg had last, to notice others.
    private var keys: [CallLeg: UInt64] = [:]

    init(_ file: NodeConfiguration) {
        let bytes = file.trace.memoryMB << 20
        self.book = TraceBook(bytes: bytes)
        self.keeps = bytes > 0
        self.locals = file.listeners.map(\.address)
        self.redaction = Self.redaction(file.trace)
        self.collector = HEPSender(file.trace)
    }

    /// Somebody wants to know.
    var isOn: Bool { self.keeps || self.collector != nil }

    /// What can change while calls are up; the memory cannot.
    func configure(_ trace: TraceConfiguration) {
        self.redaction = Self.redaction(trace)
        if self.collector?.isFor(trace) != true { self.collector = HEPSender(trace) }
    }

    private static func redaction(_ trace: TraceConfiguration) -> Redaction {
        Redaction(hiddenDigits: trace.hiddenDigits, hidesDTMF: trace.hidesDTMF)
    }

    // MARK: What happens

    /// A message came or goes. `leg` is asked where its Call-ID does not say whose it is.
    func message(
        _ bytes: [UInt8], _ hop: Hop, isSent: Bool, at time: TraceTime, leg: () -> Leg?
    ) {
        let index = Int(hop.listener.rawValue)
        let local =
            self.locals.indices.contains(index)
            ? self.locals[index] : SocketAddress(address: .unspecified, port: 0)
        let message = TraceMessage(
            isSent: isSent, transport: TraceTransport(hop.transport), local: local,
            remote: hop.remote, bytes: bytes)
        let whose = self.book.attribute(message) {
            leg().map { ($0.call.value, TraceSide($0.side)) }
        }
        let record = TraceRecord(
            wallUs: time.wallUs, monotonicNs: time.monotonicNs, call: whose.call,
            side: whose.side, .message(message))
        if self.keeps {
            if whose.call != 0 { self.introduce(CallIdentifier(whose.call), at: time) }
            self.book.keep(record, whose)
        }
        self.collector?.send(record, self.redaction)
    }

    /// Something else happened to a call.
    func event(
        _ kind: TraceEventKind, _ call: CallIdentifier, _ side: Side? = nil,
        address: SocketAddress? = nil, text: [UInt8] = [], at time: TraceTime = .now
    ) {
        if self.keeps, kind != .parties { self.introduce(call, at: time) }
        let record = TraceRecord(
            wallUs: time.wallUs, monotonicNs: time.monotonicNs, call: call.value,
            side: side.map { TraceSide($0) } ?? .none,
            .event(TraceEvent(kind, address: address, text: text)))
        if self.keeps { self.book.keep(event: record) }
        self.collector?.send(record, self.redaction)
    }

    /// Names the trunks of a call of which nothing is kept yet.
    private func introduce(_ call: CallIdentifier, at time: TraceTime) {
        guard !self.book.has(call.value), let text = self.parties(call) else { return }
        self.event(.parties, call, text: text, at: time)
    }

    /// The keys of a leg are these from now on; nil: none yet.
    func keys(_ leg: CallLeg, _ number: UInt64?, text: () -> [UInt8]) {
        guard let number, self.keys[leg] != number else { return }
        self.keys[leg] = number
        self.event(.keysChanged, leg.call, leg.side, text: text())
    }

    /// The call has no media any more.
    func forget(_ call: CallIdentifier) {
        for side in Side.allCases { self.keys[CallLeg(call: call, side: side)] = nil }
    }
}

extension TraceSide {
    init(_ side: Side) { self = side == .a ? .a : .b }
}

extension TraceTransport {
    init(_ transport: TransportProtocol) {
        switch transport {
        case .udp: self = .udp
        case .tcp: self = .tcp
        case .tls: self = .tls
        }
    }
}
