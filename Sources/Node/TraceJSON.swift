// SPDX-License-Identifier: Apache-2.0

import CallControl
import Management
import SDP
import Trace

/// Records as the command line gets them. Messages are in base64: they need not be UTF-8.
enum TraceJSON {
    static func encode(_ record: TraceRecord) -> JSONObject {
        var members: JSONObject = [
            "us": JSONValue(record.wallUs), "ns": JSONValue(record.monotonicNs),
            "side": record.side == .none ? .null : JSONValue(record.side.name),
        ]
        switch record.content {
        case .message(let message):
            members["direction"] = message.isSent ? "out" : "in"
            members["transport"] = JSONValue(message.transport.name)
            members["local"] = JSONValue("\(message.local)")
            members["remote"] = JSONValue("\(message.remote)")
            self.add(MessageSummary(message.bytes), to: &members)
            members["length"] = JSONValue(message.length)
            members["message"] = .string(
                String(decoding: Base64.encode(message.bytes), as: UTF8.self))
        case .event(let event):
            members["event"] = JSONValue(event.kind.name)
            members["address"] = JSONValue(event.address.map { "\($0)" })
            members["text"] = JSONValue(Printable.text(event.text))
        }
        return members
    }

    private static func add(_ summary: MessageSummary, to members: inout JSONObject) {
        members["title"] = JSONValue(summary.title)
        members["method"] = JSONValue(summary.method)
        members["status"] = summary.status.map { JSONValue($0) } ?? .null
        members["cseq"] = JSONValue(summary.cseq)
        members["call_id"] = JSONValue(summary.callID)
        members["reason"] = JSONValue(summary.reason)
        members["media"] = .array(summary.media.map { JSONValue($0) })
    }
}

extension Tracer {
    /// For `trunkline status`.
    var figures: JSONValue {
        let figures = self.book.figures
        return [
            "memory_bytes": JSONValue(figures.bytes), "records": JSONValue(figures.records),
            "bytes_of_calls": JSONValue(figures.usedByCalls),
            "bytes_of_others": JSONValue(figures.usedByOthers),
            "overwritten": JSONValue(figures.calls.overwritten &+ figures.others.overwritten),
            "cut": JSONValue(figures.calls.cut &+ figures.others.cut),
            "over_share": JSONValue(figures.overShare),
            "not_indexed": JSONValue(figures.displaced),
            "hep_sent": JSONValue(self.collector?.counters.sent ?? 0),
            "hep_dropped": JSONValue(self.collector?.counters.dropped ?? 0),
            "hep_cut": JSONValue(self.collector?.counters.cut ?? 0),
        ]
    }
}
