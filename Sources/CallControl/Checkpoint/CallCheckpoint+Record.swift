// SPDX-License-Identifier: Apache-2.0

import Admission
import SIPDialog
import SIPMessage

// What a record says of a call that went through a restart.
extension CallCheckpoint {
    /// The record of a call that cannot be taken up: it ended with its process, or when it was
    /// being ended before.
    func record(
        isEmergency: Bool, now: Milliseconds, monotonicNow: Milliseconds
    ) -> CallRecord {
        var offsets = self.record.offsets
        if offsets.end == nil { offsets.endOrNone = offsets.after(monotonicNow) }
        return CallRecord(
            id: self.id, from: self.record.trunks?.from ?? self.a.trunk,
            to: self.record.trunks?.to ?? self.b.trunk,
            calling: Array(self.users.calling), called: Array(self.users.called),
            isEmergency: isEmergency, startedAt: self.startedAt,
            answeredAt: self.answeredAt, endedAt: self.record.endedAt ?? now, offsets: offsets,
            end: self.record.end ?? .restart, status: Int(self.status),
            cause: self.record.cause ?? CauseTable.q850(status: Int(self.status)),
            a: Self.record(self.a), b: Self.record(self.b), media: self.media,
            transfers: self.record.transfers ?? TransferHistory(), tenant: self.tenant)
    }

    private static func record(_ leg: Leg) -> CallRecord.Leg {
        CallRecord.Leg(
            trunk: leg.trunk, callID: leg.dialog?.key.callID ?? [], codec: [],
            protection: LegProtection(
                keying: .plain, suite: nil, isRequired: false, ice: .off, path: nil))
    }
}

extension Call {
    var recordCheckpoint: CallCheckpoint.Record {
        var end: CallEnd?
        if case .ending(let why) = self.state { end = why }
        let areTheLegs =
            self.trunks.from == self.part(.a) { $0.trunk.name }
            && self.trunks.to == self.part(.b) { $0.trunk.name }
        return CallCheckpoint.Record(
            trunks: areTheLegs
                ? nil : .init(from: self.trunks.from, to: self.trunks.to),
            offsets: self.offsets, endedAt: self.endedAt, end: end, cause: self.q850Cause,
            callID: self.refusedCallID, transfers: self.transfers.history)
    }

    /// Takes up what its checkpoint has of it.
    func restore(_ record: CallCheckpoint.Record) {
        if let trunks = record.trunks { self.trunks = (trunks.from, trunks.to) }
        self.offsets = record.offsets
        self.endedAt = record.endedAt
        self.q850Cause = record.cause
        self.refusedCallID = record.callID
        self.transfers.history = record.transfers
    }
}

extension CheckpointWriter {
    mutating func record(_ record: CallCheckpoint.Record) {
        self.optional(record.trunks) {
            $0.string($1.from.text.utf8)
            $0.string($1.to.text.utf8)
        }
        self.integer(record.offsets.origin)
        self.integer(record.offsets.ringingOrNone)
        self.integer(record.offsets.answerOrNone)
        self.integer(record.offsets.endOrNone)
        self.optional(record.endedAt) { $0.integer($1) }
        self.optional(record.end) { $0.string($1.description.utf8) }
        self.optional(record.cause) { $0.integer($1) }
        self.string(record.callID)
        self.optional(record.transfers) {
            $0.array($1.left) {
                $0.choice($1.side)
                $0.string($1.trunk.text.utf8)
                $0.string($1.callID)
                $0.integer($1.after)
            }
            $0.array($1.related) { $0.integer($1.value) }
        }
    }
}

extension CheckpointReader {
    mutating func record() throws(CheckpointError) -> CallCheckpoint.Record {
        var record = CallCheckpoint.Record()
        record.trunks = try self.optional { r throws(CheckpointError) in
            CallCheckpoint.Record.Trunks(from: try r.trunk(), to: try r.trunk())
        }
        record.offsets.origin = try self.integer()
        record.offsets.ringingOrNone = try self.integer()
        record.offsets.answerOrNone = try self.integer()
        record.offsets.endOrNone = try self.integer()
        record.endedAt = try self.optional { r throws(CheckpointError) in try r.integer() }
        record.end = try self.optional { r throws(CheckpointError) in
            let text = String(decoding: try r.string(most: 64), as: UTF8.self)
            guard let end = CallEnd(description: text) else { throw r.failure(.badValue) }
            return end
        }
        record.cause = try self.optional { r throws(CheckpointError) in try r.integer() }
        record.callID = try self.string(most: SIPLimits.headerBytes)
        record.transfers = try self.optional { r throws(CheckpointError) in
            var history = TransferHistory()
            history.left = try r.array(most: TransferHistory.countMax) {
                r throws(CheckpointError) in
                TransferHistory.Departure(
                    side: try r.choice(), trunk: try r.trunk(),
                    callID: try r.string(most: SIPLimits.headerBytes), after: try r.integer())
            }
            history.related = try r.array(most: TransferHistory.countMax) {
                r throws(CheckpointError) in CallIdentifier(try r.integer())
            }
            return history
        }
        return record
    }

    private mutating func trunk() throws(CheckpointError) -> TrunkName {
        TrunkName(String(decoding: try self.string(most: 256), as: UTF8.self))
    }
}
