// SPDX-License-Identifier: Apache-2.0

import SDP
import SIPDialog
import SIPMessage

// What is kept of a call for those who bill it and those who ask what happened.
extension Call {
    /// The call as it is now; `end` is nil while it goes on.
    func record(_ end: CallEnd?) -> CallRecord {
        var offsets = self.offsets
        if offsets.end == nil { offsets.endOrNone = offsets.after(self.context.monotonicNow) }
        let cause = self.q850Cause ?? CauseTable.q850(status: self.status)
        return CallRecord(
            id: self.id, from: self.trunks.from, to: self.trunks.to,
            calling: Array(self.users.calling), called: Array(self.users.called),
            isEmergency: self.isEmergency, startedAt: self.startedAt,
            answeredAt: self.answeredAt, endedAt: self.endedAt ?? self.context.now,
            offsets: offsets, end: end, status: self.status, cause: cause, a: self.record(.a),
            b: self.record(.b), media: self.media,
            transfers: self.transfers.history ?? TransferHistory(), tenant: self.tenant,
            digits: self.digitLog ?? DigitLog())
    }

    private func record(_ side: Side) -> CallRecord.Leg {
        let codec = self.codec(side)
        let protection = self.protection
        return CallRecord.Leg(
            trunk: self.part(side) { $0.trunk.name }, callID: self.callID(side), codec: codec,
            protection: side == .a ? protection.a : protection.b)
    }

    /// Without a dialog that of the INVITE.
    private func callID(_ side: Side) -> [UInt8] {
        if let callID = self.part(side, { $0.dialog?.key.callID }) { return callID }
        if case .settingUp(let setup) = self.state, side == .a {
            return Self.callID(of: setup.exchange.request.message)
        }
        guard side == .b else { return self.refusedCallID }
        let invite = self.sentInvite.flatMap {
            try? SIPMessage.parse($0.bytes, framing: .stream)
        }
        return invite.map(Self.callID) ?? []
    }

    static func callID(of message: SIPMessage) -> [UInt8] {
        Array((try? message.callID()) ?? [])
    }

    /// The encoding of the first payload type that the party may send.
    private func codec(_ side: Side) -> [UInt8] {
        guard let type = self.media[side].payloadTypes.first?.ingress else { return [] }
        let session = self.part(side) { $0.session }
        let format =
            session.local?.formats.first { $0.payloadType == type }
            ?? session.remote?.formats.first { $0.payloadType == type } ?? RTPFormat.fixed(type)
        return Array(format?.name.bytes ?? [])
    }

    // MARK: Times

    /// The callee's phone rings, or something else is heard, for the first time.
    func noteRinging() {
        guard self.offsets.ringing == nil else { return }
        self.offsets.ringingOrNone = self.offsets.after(self.context.monotonicNow)
    }

    /// The answer came.
    func noteAnswer() {
        self.answeredAt = self.context.now
        self.offsets.answerOrNone = self.offsets.after(self.context.monotonicNow)
    }

    /// The end begins.
    func noteEnd() {
        self.endedAt = self.context.now
        self.offsets.endOrNone = self.offsets.after(self.context.monotonicNow)
    }

    // MARK: Transfers

    /// A party leaves, because another one takes its place or is to take it.
    func noteDeparture(_ side: Side) {
        guard self.legs[side].isOpen else { return }
        var history = self.transfers.history ?? TransferHistory()
        guard history.left.count < TransferHistory.countMax else { return }
        history.left.append(
            TransferHistory.Departure(
                side: side, trunk: self.legs[side].trunk.name,
                callID: self.legs[side].dialog?.key.callID ?? [],
                after: self.offsets.after(self.context.monotonicNow)))
        self.transfers.history = history
    }

    /// Both calls name each other.
    func link(with other: Call) {
        self.link(to: other.id)
        other.link(to: self.id)
    }

    private func link(to id: CallIdentifier) {
        var history = self.transfers.history ?? TransferHistory()
        guard !history.related.contains(id) else { return }
        guard history.related.count < TransferHistory.countMax else {
            self.context.counters.relatedCallsUnnamed &+= 1
            return
        }
        history.related.append(id)
        self.transfers.history = history
    }
}
