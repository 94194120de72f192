// SPDX-License-Identifier: Apache-2.0

import Admission
import CallControl
import Configuration
import FlowABI
import FlowProgramming
import Management
import Tenancy

/// A test call that somebody waits for.
struct TestCallWait {
    let answer: (ControlAnswer) -> Void
    let request: TestCallRequest
    /// When it was placed, and when it is given up.
    let placedAt: UInt64
    var deadline: UInt64
    /// How long media is looked for.
    let listenMilliseconds: UInt64
    /// Milliseconds from the INVITE.
    var rangAfter: UInt64?
    var answeredAfter: UInt64?
    var heard = Heard()
    /// BYE or CANCEL is on its way, with what was found.
    var report: TestCallReport?

    /// What came of media.
    struct Heard {
        var packets: UInt64 = 0
        var drops: [String] = []
    }
}

// Test calls, for `trunkline teams`. The engine places them; here they are looked at with each poll
// and ended: with BYE when media came or was waited for, with CANCEL when nobody answered.
extension Shard {
    /// Seconds that it may ring: the longest, with the media's, is less than a silent connection of
    /// the control socket lives.
    static let testCallRingSeconds: ClosedRange<Int64> = 1...45
    /// Seconds that media is waited for.
    static let testCallListenSeconds: ClosedRange<Int64> = 1...10
    /// How long the end of one is waited for.
    private static let testCallEndMilliseconds: UInt64 = 3000

    func addTestCallVerbs() {
        self.management.handle("test-call", later: { [unowned self] arguments, _, answer in
            self.placeTestCall(arguments, answer)
        })
    }

    private func placeTestCall(
        _ arguments: JSONObject, _ answer: @escaping (ControlAnswer) -> Void
    ) {
        func refuse(_ text: String) { answer(.failure(ControlError(.badArgument, text))) }
        guard let domain = arguments["domain"]?.string, let tenant = arguments["tenant"]?.string
        else { return refuse("domain: a name; tenant: its name") }
        let trunks = self.file.carrierTrunks.filter { $0.service.hasDerivedTrunks }
        guard let name = DerivedName(domain, among: trunks) else {
            return refuse("domain: \(domain) is no name below a trunk to Teams of this node")
        }
        guard let number = arguments["number"]?.string.flatMap({ E164($0.utf8) }) else {
            return refuse("number: '+', a digit from 1 to 9, then up to 14 digits")
        }
        if let owner = self.owner(of: number), owner != tenant {
            return refuse("number: \(number) is that of tenant \(owner)")
        }
        var request = TestCallRequest(to: number, by: TrunkName(name.trunk.name))
        request.label = Array(name.label.utf8)
        if let text = arguments["from"]?.string {
            guard let caller = E164(text.utf8) else {
                return refuse("from: '+', a digit from 1 to 9, then up to 14 digits")
            }
            request.caller = caller
        }
        let ring = arguments["ring_seconds"]?.integer ?? 30
        let listen = arguments["listen_seconds"]?.integer ?? 5
        guard Self.testCallRingSeconds.contains(ring),
            Self.testCallListenSeconds.contains(listen)
        else { return refuse("ring_seconds: 1 to 45; listen_seconds: 1 to 10") }
        self.place(request, ring: UInt64(ring) * 1000, listen: UInt64(listen) * 1000, answer)
    }

    private func owner(of number: E164) -> String? {
        let tables = self.core.engine.tenants
        return tables?.owner(of: number).flatMap { tables?.account($0)?.name }
    }

    private func place(
        _ request: TestCallRequest, ring: UInt64, listen: UInt64,
        _ answer: @escaping (ControlAnswer) -> Void
    ) {
        self.tellTime()
        switch self.core.engine.placeTestCall(request) {
        case .failure(let refusal):
            let report = TestCallReport(outcome: .notPlaced(refusal))
            answer(.success(Self.json(report, request, nil, nil)))
        case .success(let id):
            let now = Self.nowMilliseconds
            self.testCalls[id] = TestCallWait(
                answer: answer, request: request, placedAt: now, deadline: now &+ ring,
                listenMilliseconds: listen)
        }
    }

    private static var nowMilliseconds: UInt64 { Clocks.monotonicNs / 1_000_000 }

    /// Looks at all of them; with each poll.
    func followTestCalls() {
        guard !self.testCalls.isEmpty else { return }
        let now = Self.nowMilliseconds
        for (id, wait) in self.testCalls {
            var wait = wait
            let progress = self.core.engine.testCall(id) ?? TestCallProgress()
            if progress.provisional >= 180, wait.rangAfter == nil {
                wait.rangAfter = now &- wait.placedAt
            }
            self.testCalls[id] = self.follow(id, &wait, progress, now) ? wait : nil
        }
    }

    /// False once its answer is given.
    private func follow(
        _ id: CallIdentifier, _ wait: inout TestCallWait, _ progress: TestCallProgress,
        _ now: UInt64
    ) -> Bool {
        let isOver = self.core.engine.call(id) == nil
        if let report = wait.report {
            guard isOver || now >= wait.deadline else { return true }
            self.finish(id, wait, report)
            return false
        }
        if progress.isAnswered, wait.answeredAfter == nil {
            wait.answeredAfter = now &- wait.placedAt
            wait.deadline = now &+ wait.listenMilliseconds
        }
        var report = TestCallReport(outcome: .unanswered, provisional: progress.provisional)
        if wait.answeredAfter != nil {
            self.look(at: id, &wait.heard)
            report.packets = wait.heard.packets
            report.drops = wait.heard.drops
        }
        if isOver {
            report.outcome = progress.isAnswered ? .hungUp : .refused(status: progress.status)
            self.finish(id, wait, report)
            return false
        }
        let isDone = wait.answeredAfter != nil && report.hasMedia
        guard isDone || now >= wait.deadline else { return true }
        if wait.answeredAfter != nil { report.outcome = .answered }
        wait.report = report
        wait.deadline = now &+ Self.testCallEndMilliseconds
        self.tellTime()
        _ = self.core.engine.endCall(id)
        return true
    }

    /// What came from the called party so far; kept, since its flows go with the call.
    private func look(at id: CallIdentifier, _ heard: inout TestCallWait.Heard) {
        guard let figures = self.programmer.statistics(Self.session(id)).b else { return }
        heard.packets = max(heard.packets, figures.receivedPackets)
        heard.drops = (self.programmer.drops(Self.session(id)).b?.byReason ?? []).map {
            "\($0.count) \($0.reason.name)"
        }
    }

    private func finish(_ id: CallIdentifier, _ wait: TestCallWait, _ report: TestCallReport) {
        self.core.engine.takeTestCall(id)
        wait.answer(.success(Self.json(report, wait.request, id, wait)))
    }

    /// The node stops: who waits learns that.
    func closeTestCalls() {
        for wait in self.testCalls.values {
            wait.answer(.failure(ControlError(.refused, "the process ends")))
        }
        self.testCalls = [:]
    }

    private static func json(
        _ report: TestCallReport, _ request: TestCallRequest, _ id: CallIdentifier?,
        _ wait: TestCallWait?
    ) -> JSONValue {
        let status: Int? =
            switch report.outcome {
            case .refused(let status): status
            case .answered, .hungUp: 200
            case .notPlaced, .unanswered: nil
            }
        return [
            "call": id.map { JSONValue($0.description) } ?? .null,
            "trunk": JSONValue(request.trunk.text),
            "number": JSONValue(request.number.description),
            "from": request.caller.map { JSONValue($0.description) } ?? .null,
            "provisional": report.provisional > 0 ? JSONValue(report.provisional) : .null,
            "status": status.map { JSONValue($0) } ?? .null,
            "ringing_ms": wait?.rangAfter.map { JSONValue($0) } ?? .null,
            "answered_ms": wait?.answeredAfter.map { JSONValue($0) } ?? .null,
            "packets_in": JSONValue(report.packets),
            "result": report.check.json,
        ]
    }
}
