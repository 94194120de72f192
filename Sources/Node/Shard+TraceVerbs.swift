// SPDX-License-Identifier: Apache-2.0

internal import Glibc

import CallControl
import Configuration
import FlowABI
import Management
import SIPTransport
import Trace

// What operators ask of the tracer. Nothing leaves here with its secrets but for who unlocked a
// call, and that leaves a line in the log each time.
extension Shard {
    /// Calls of a list at most.
    private static let listMax: Int64 = 1000
    /// Calls that a search looks at: it holds the loop up meanwhile.
    private static let searchMax = 10_000
    /// Bytes of a reason at most.
    private static let reasonBytesMax = 200

    func addTraceVerbs() {
        self.management.handle("trace", forUser: { [unowned self] in self.trace($0, $1) })
        self.management.handle("trace-list") { [unowned self] in self.traceList($0) }
        self.management.handle("trace-unlock", forUser: { [unowned self] in self.unlock($0, $1) })
    }

    // MARK: One call

    private func trace(_ arguments: JSONObject, _ user: UInt32?) -> ControlAnswer {
        guard self.tracer.keeps else { return .failure(Self.off) }
        let isRaw = arguments["raw"]?.bool == true
        if let text = arguments["id"]?.string {
            guard let id = CallIdentifier(text: text) else {
                return .failure(ControlError(.badArgument, "id: sixteen hexadecimal digits"))
            }
            return self.trace([id], named: text, isRaw, user)
        }
        guard let callID = arguments["call_id"]?.string else {
            return .failure(ControlError(.badArgument, "id or call_id is expected"))
        }
        let calls = self.tracer.book.calls(ofCallID: Array(callID.utf8))
        if !calls.isEmpty {
            return self.trace(calls.map { CallIdentifier($0) }, named: callID, isRaw, user)
        }
        guard !isRaw else {
            return .failure(ControlError(.refused, "raw is for calls: \(callID) is none"))
        }
        let records = self.tracer.book.records(ofCallID: Array(callID.utf8))
        guard !records.isEmpty else { return .failure(Self.nothing(callID)) }
        return .success([
            "id": .null, "from": .null, "to": .null, "complete": true, "raw": false,
            "records": self.encoded(records, isRaw: false),
        ])
    }

    private func trace(
        _ calls: [CallIdentifier], named name: String, _ isRaw: Bool, _ user: UInt32?
    ) -> ControlAnswer {
        guard let call = calls.first, self.tracer.book.has(call.value) else {
            return .failure(Self.nothing(name))
        }
        if isRaw, let refusal = self.refusal(call, user) { return .failure(refusal) }
        let records = self.tracer.book.records(ofCall: call.value)
        let parties = Self.parties(records)
        return .success([
            "id": JSONValue(call.description), "from": JSONValue(parties?.from),
            "to": JSONValue(parties?.to),
            "complete": .bool(!self.tracer.book.isIncomplete(call.value)), "raw": .bool(isRaw),
            "others": .array(calls.dropFirst().map { JSONValue($0.description) }),
            "records": self.encoded(records, isRaw: isRaw),
        ])
    }

    private func encoded(_ records: [TraceRecord], isRaw: Bool) -> JSONValue {
        let redaction = self.tracer.redaction
        return .array(
            records.map { record in
                var record = record
                if !isRaw, case .message(var message) = record.content {
                    message.bytes = redaction.redacted(message.bytes)
                    record.content = .message(message)
                }
                return .object(TraceJSON.encode(record))
            })
    }

    /// The trunks, as the call's first record names them.
    private static func parties(_ records: [TraceRecord]) -> (from: String, to: String)? {
        let event = records.lazy.compactMap(\.event).first { $0.kind == .parties }
        let words = event.map { Printable.text($0.text).split(separator: " ").map(String.init) }
        guard let words, words.count == 3 else { return nil }
        return (words[0], words[2])
    }

    private static let off = ControlError(
        .refused, "no trace is kept: set trace.memory-mb and restart")

    private static func nothing(_ name: String) -> ControlError {
        ControlError(
            .notFound,
            "nothing is kept of \(name): it never was, or newer calls took its place")
    }

    // MARK: Lists

    private func traceList(_ arguments: JSONObject) -> ControlAnswer {
        guard self.tracer.keeps else { return .failure(Self.off) }
        let last = arguments["last"]?.integer ?? 20
        guard (1...Self.listMax).contains(last) else {
            return .failure(ControlError(.badArgument, "last: 1 to \(Self.listMax)"))
        }
        let number = arguments["number"]?.string
        var rows: [JSONValue] = []
        for value in self.tracer.book.recentCalls(limit: Self.searchMax) {
            guard rows.count < Int(last) else { break }
            guard let first = self.tracer.book.firstMessage(ofCall: value),
                let message = first.message
            else { continue }
            // Looked for in the message as it is, shown as it may be.
            if let number {
                let raw = MessageSummary(message.bytes)
                guard raw.from.contains(number) || raw.to.contains(number) else { continue }
            }
            rows.append(.object(self.row(CallIdentifier(value), first, message)))
        }
        return .success(.array(rows))
    }

    private func row(
        _ call: CallIdentifier, _ first: TraceRecord, _ message: TraceMessage
    ) -> JSONObject {
        let summary = MessageSummary(self.tracer.redaction.redacted(message.bytes))
        let records = self.tracer.book.records(ofCall: call.value)
        let parties = Self.parties(records)
        let end = records.last { $0.event?.kind == .callEnded }?.event
        return [
            "id": JSONValue(call.description), "started_us": JSONValue(first.wallUs),
            "from": JSONValue(parties?.from), "to": JSONValue(parties?.to),
            "calling": JSONValue(summary.from), "called": JSONValue(summary.to),
            "messages": JSONValue(records.count { $0.message != nil }),
            "call_id": JSONValue(summary.callID),
            "end": JSONValue(end.map { Printable.text($0.text) }),
        ]
    }

    // MARK: Secrets

    private func refusal(_ call: CallIdentifier, _ user: UInt32?) -> ControlError? {
        guard let user, self.mayUnlock(user) else { return Self.notAllowed }
        guard self.tracer.unlocks.isOpen(call, user: user, nowMs: self.loop.now) else {
            return ControlError(
                .refused,
                "call \(call) is not unlocked for you: "
                    + "trunkline trace unlock \(call) --minutes N --reason TEXT")
        }
        Log.line("trunkline: audit: user \(Self.name(user)) reads call \(call) with its secrets")
        return nil
    }

    private func unlock(_ arguments: JSONObject, _ user: UInt32?) -> ControlAnswer {
        guard self.tracer.keeps else { return .failure(Self.off) }
        guard let text = arguments["id"]?.string, let call = CallIdentifier(text: text) else {
            return .failure(ControlError(.badArgument, "id: sixteen hexadecimal digits"))
        }
        let range = 1...TraceUnlocks.minutesMax
        guard let minutes = arguments["minutes"]?.integer, range.contains(minutes) else {
            return .failure(ControlError(.badArgument, "minutes: 1 to \(range.upperBound)"))
        }
        let reason = Printable.text((arguments["reason"]?.string ?? "").utf8)
        guard reason.contains(where: { $0 != " " }), reason.utf8.count <= Self.reasonBytesMax
        else {
            return .failure(
                ControlError(.badArgument, "reason: 1 to \(Self.reasonBytesMax) bytes of text"))
        }
        guard let user, self.mayUnlock(user) else {
            Log.line(
                "trunkline: audit: user \(user.map(Self.name) ?? "?") was refused the secrets of "
                    + "call \(call)")
            return .failure(Self.notAllowed)
        }
        guard self.tracer.book.has(call.value) else { return .failure(Self.nothing(text)) }
        let isAdded = self.tracer.unlocks.add(
            call, user: user, untilMs: self.loop.now + UInt64(minutes) * 60_000,
            nowMs: self.loop.now)
        guard isAdded else {
            return .failure(
                ControlError(.refused, "\(TraceUnlocks.limit) calls are unlocked: wait for one"))
        }
        Log.line(
            "trunkline: audit: user \(Self.name(user)) unlocks the secrets of call \(call) for "
                + "\(minutes) min: \(reason)")
        return .success(["unlocked": JSONValue(text), "minutes": JSONValue(minutes)])
    }

    private static let notAllowed = ControlError(
        .refused, "only root and the users in trace.raw-users may see secrets")

    private func mayUnlock(_ user: UInt32) -> Bool {
        user == 0 || self.file.trace.rawUsers.contains { Self.number(of: $0) == user }
    }

    private static func number(of name: String) -> UInt32? {
        guard let entry = getpwnam(name) else { return nil }
        return entry.pointee.pw_uid
    }

    private static func name(_ user: UInt32) -> String {
        guard let entry = getpwuid(user), let name = entry.pointee.pw_name else { return "\(user)" }
        return Printable.text(String(cString: name).utf8)
    }
}
