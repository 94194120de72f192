// SPDX-License-Identifier: Apache-2.0

import Admission
import NetworkAddress
import SDP
import SIPDialog
import SIPTransaction
import Tenancy

extension CallCheckpoint {
    /// The version that ``encode()`` writes. No other is read.
    public static let version: UInt8 = 6

    /// As bytes for a store.
    public func encode() -> [UInt8] {
        var writer = CheckpointWriter()
        writer.integer(Self.version)
        writer.integer(self.id.value)
        writer.choice(self.stage)
        writer.string(self.users.calling)
        writer.string(self.users.called)
        writer.integer(self.startedAt)
        writer.optional(self.answeredAt) { $0.integer($1) }
        writer.integer(self.status)
        writer.leg(self.a)
        writer.leg(self.b)
        writer.optional(self.exchange) { $0.exchange($1) }
        writer.intent(self.media.a)
        writer.intent(self.media.b)
        writer.optional(self.rekey) {
            $0.choice($1.side)
            $0.message($1.sent)
            $0.choice($1.purpose)
        }
        writer.optional(self.tenant) { $0.tenant($1) }
        writer.record(self.record)
        return writer.finish()
    }
}

extension CheckpointWriter {
    fileprivate mutating func leg(_ leg: CallCheckpoint.Leg) {
        self.string(leg.trunk.text.utf8)
        self.hop(leg.hop)
        self.string(leg.localTag)
        self.optional(leg.dialog) { $0.dialog($1, leg.localTag) }
        self.session(leg.session)
        self.flag(leg.isOpen)
        self.optional(leg.answer) {
            $0.message($1.received)
            $0.string($1.response)
            $0.flag($1.carriesOffer)
        }
        self.optional(leg.ackOwed) { $0.integer($1) }
        self.optional(leg.ack) {
            $0.integer($1.sequence)
            $0.string($1.branch)
            $0.optional($1.message) { $0.message($1) }
        }
        self.optional(leg.outstanding) { $0.message($1) }
        self.policy(leg.security)
        self.keys(leg.keys)
        self.dialogState(leg)
        self.string(leg.label)
    }

    fileprivate mutating func tenant(_ tenant: CallTenant) {
        self.string(tenant.account)
        self.string(tenant.label)
        self.optional(tenant.row) { $0.string($1.rawValue.utf8) }
        self.string(tenant.headerName)
        self.string(tenant.headerValue)
        self.string(tenant.tenantID)
    }

    fileprivate mutating func exchange(_ exchange: CallCheckpoint.Exchange) {
        self.choice(exchange.from)
        self.message(exchange.received)
        self.optional(exchange.sent) { $0.message($1) }
        self.flag(exchange.isCancelled)
    }

    fileprivate mutating func message(_ message: CallCheckpoint.Message) {
        self.string(message.bytes)
        self.hop(message.hop)
    }

    private mutating func hop(_ hop: Hop) {
        self.integer(hop.listener.rawValue)
        self.choice(hop.transport)
        self.address(hop.remote)
    }

    private mutating func dialog(_ dialog: Dialog, _ localTag: [UInt8]) {
        self.string(dialog.key.callID)
        let isOurs = dialog.key.localTag == localTag
        self.flag(isOurs)
        if !isOurs { self.string(dialog.key.localTag) }
        self.string(dialog.key.remoteTag)
        self.choice(dialog.role)
        self.flag(dialog.isSecure)
        self.string(dialog.localParty)
        self.string(dialog.remoteParty)
        self.choice(dialog.state)
        self.string(dialog.remoteTarget)
        self.array(dialog.routeSet) { $0.string($1) }
        self.optional(dialog.localSequence) { $0.integer($1) }
        self.optional(dialog.remoteSequence) { $0.integer($1) }
    }

    private mutating func session(_ session: OfferAnswerLeg.Snapshot) {
        self.integer(session.sessionID)
        self.integer(session.version)
        self.optional(session.originAddress) { $0.ip($1) }
        self.flag(session.offersRTCPMux)
        let phase: UInt8 =
            switch session.phase {
            case .stable: 0
            case .offerReceived: 1
            case .offerSent: 2
            }
        self.integer(phase)
        self.flag(session.remoteOfferedLast)
        self.optional(session.lastSent) { $0.string($1) }
        self.flag(session.isAtRest)
        self.flag(session.isTextOfOffer)
        self.flag(session.isLastAgreed)
        self.optional(session.local) { $0.stream($1, after: nil) }
        self.optional(session.remote) { $0.stream($1, after: session.local) }
        // Our offer that was agreed on is what was agreed on.
        let isLocalAgain = session.pendingLocal == session.local
        self.flag(isLocalAgain)
        if !isLocalAgain {
            self.optional(session.pendingLocal) { $0.stream($1, after: session.local) }
        }
        self.optional(session.pendingOffer) { $0.stream($1, after: session.remote) }
        self.formats(session.bindings, after: session.local?.formats)
        self.array(session.slots) {
            $0.text($1.kind)
            $0.text($1.transport)
            $0.array($1.formats) { $0.text($1) }
            $0.optional($1.mid) { $0.text($1) }
        }
        self.security(session.security)
    }

    /// With the formats of `other` where they are the same.
    private mutating func stream(_ stream: AudioStream, after other: AudioStream?) {
        self.integer(UInt16(clamping: stream.index))
        self.optional(stream.address) { $0.ip($1) }
        self.integer(stream.port)
        self.optional(stream.rtcpPort) { $0.integer($1) }
        self.flag(stream.rtcpMux)
        self.flag(stream.direction.sends)
        self.flag(stream.direction.receives)
        self.formats(stream.formats, after: other?.formats)
        self.optional(stream.ptimeMicroseconds) { $0.integer($1) }
        self.optional(stream.maxptimeMicroseconds) { $0.integer($1) }
        self.text(stream.transport)
        self.security(stream.security)
        self.optional(stream.ice) { $0.ice($1) }
        self.optional(stream.mid) { $0.text($1) }
    }

    private mutating func formats(_ formats: [RTPFormat], after others: [RTPFormat]?) {
        let areTheSame = formats == others
        self.flag(areTheSame)
        if !areTheSame { self.array(formats) { $0.format($1) } }
    }

    private mutating func format(_ format: RTPFormat) {
        self.integer(format.payloadType)
        self.text(format.name)
        self.integer(format.clockRate)
        self.integer(format.channels)
        self.optional(format.parameters) { $0.text($1) }
    }

    fileprivate mutating func intent(_ leg: MediaIntent.Leg) {
        self.integer(leg.local.addressIndex)
        self.address(leg.local.rtp)
        self.optional(leg.remote) { $0.address($1) }
        self.optional(leg.remoteRTCPPort) { $0.integer($1) }
        self.flag(leg.rtcpMux)
        self.flag(leg.receive)
        self.flag(leg.send)
        self.array(leg.payloadTypes) {
            $0.integer($1.ingress)
            $0.integer($1.egress)
        }
        self.integer(leg.clockRate)
        self.integer(leg.packetsPerSecond)
        self.integer(leg.bitsPerSecond)
        self.flag(leg.learnSource)
        self.protection(leg)
        self.integer(leg.local.share)
    }
}
