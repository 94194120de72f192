// SPDX-License-Identifier: Apache-2.0

import Admission
import CallControl
import CallRecords
import Configuration
import FlowABI
import FlowProgramming
import Management
import SIPTransport
import Tenancy

// What is kept of calls for billing and audit; see ``RecordBook``.
extension Shard {
    /// Between two looks which calls are due for a partial record.
    static let recordsLookMilliseconds: UInt64 = 1000

    /// The media of a call is about to go: its figures are those of its record.
    func keepFigures(_ call: CallIdentifier) {
        guard self.records.isOn || self.migrations.isOn else { return }
        self.lastFigures[call] = self.programmer.statistics(Self.session(call))
    }

    /// Its flows are gone. Packets may have come since.
    func keepFigures(_ call: CallIdentifier, a: FlowStatistics?, b: FlowStatistics?) {
        guard let kept = self.lastFigures[call] else { return }
        self.lastFigures[call] = (a ?? kept.a, b ?? kept.b)
    }

    /// A call is over.
    func close(_ record: CallRecord) {
        let figures = self.lastFigures.removeValue(forKey: record.id) ?? (nil, nil)
        self.observe(record, figures)
        self.records.close(record, self.details(record, figures))
    }

    /// An INVITE made no call.
    func note(_ attempt: AttemptRecord) {
        var details = Self.details(of: attempt.tenant)
        details.a.profile = self.profiles[attempt.from]
        self.records.note(attempt, details)
    }

    /// Writes what is due of calls in progress.
    func lookAtRecords() {
        self.tellTime()
        for call in self.records.partials.due(now: self.core.engine.now) {
            guard let record = self.core.engine.record(of: call),
                let answeredAt = record.answeredAt
            else { continue }
            let part = self.records.partials.part(
                answeredAt: answeredAt, now: self.core.engine.now)
            guard part > 0 else { continue }
            let figures = self.programmer.statistics(Self.session(call))
            self.records.note(record, self.details(record, figures), part: part)
        }
        self.timers?.start(.records, milliseconds: Self.recordsLookMilliseconds)
    }

    /// What a record says of the tenant.
    private static func details(of tenant: CallTenant?) -> CallDetails {
        var details = CallDetails()
        guard let tenant else { return details }
        details.tenant = String(decoding: tenant.account, as: UTF8.self)
        if !tenant.label.isEmpty {
            details.derivedTrunk = String(decoding: tenant.label, as: UTF8.self)
        }
        details.screening = tenant.row?.rawValue
        return details
    }

    private func details(
        _ record: CallRecord, _ figures: (a: FlowStatistics?, b: FlowStatistics?)
    ) -> CallDetails {
        var details = Self.details(of: record.tenant)
        details.hidesDigits = self.records.configuration.hidesDTMF
        details.a.profile = self.profiles[record.a.trunk]
        details.b.profile = self.profiles[record.b.trunk]
        details.a.quality = self.quality(.a, record, figures.a)
        details.b.quality = self.quality(.b, record, figures.b)
        return details
    }

    private func quality(
        _ side: Side, _ record: CallRecord, _ figures: FlowStatistics?
    ) -> MediaQuality? {
        guard let figures else { return nil }
        let other = record.media[side.other]
        return LegReport(
            side: side, trunk: record[side].trunk.text, realm: nil, leg: record.media[side],
            sentType: other.payloadTypes.first?.egress, protection: record[side].protection,
            figures: figures, drops: nil
        ).quality(figures)
    }

    // MARK: What people see

    /// Where the records are: the command line reads them itself.
    func recordsPlace() -> JSONValue {
        ["directory": JSONValue(self.records.configuration.directory)]
    }

    func recordFigures() -> JSONValue {
        let counters = self.records.counters
        let waiting = self.records.waiting
        return [
            "directory": JSONValue(self.records.configuration.directory ?? "off"),
            "written": JSONValue(counters.written), "waiting": JSONValue(waiting.lines),
            "waiting_bytes": JSONValue(waiting.bytes), "dropped": JSONValue(counters.dropped),
            "attempts_over_limit": JSONValue(counters.attemptsOverLimit),
            "found_at_start": JSONValue(counters.found),
            "found_written": JSONValue(counters.foundWritten),
            "write_failures": JSONValue(counters.failures),
            "related_unnamed": JSONValue(self.core.engine.counters.relatedCallsUnnamed),
        ]
    }

    func recordConditions() -> [String] {
        var conditions: [String] = []
        if let problem = self.records.problem {
            conditions.append(
                "records of calls cannot be written: \(problem): "
                    + "\(self.records.waiting.lines) wait")
        }
        if self.records.counters.dropped > 0 {
            conditions.append(
                "\(self.records.counters.dropped) records of calls were lost: more waited than "
                    + "records.buffer-mb has room for")
        }
        return conditions
    }
}
