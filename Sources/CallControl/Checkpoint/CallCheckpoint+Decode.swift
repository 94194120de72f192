// SPDX-License-Identifier: Apache-2.0

import Admission
import SDP
import SIPDialog
import SIPMessage
import SIPTransaction
import Tenancy

extension CallCheckpoint {
    /// From bytes of a store, which are not trusted: every length, list and value is bounded.
    public init(decoding bytes: [UInt8]) throws(CheckpointError) {
        guard bytes.count <= Self.bytesMax else {
            throw CheckpointError(code: .tooLong, offset: Self.bytesMax)
        }
        var reader = CheckpointReader(bytes)
        guard try reader.integer(UInt8.self) == Self.version else { throw reader.failure(.version) }
        self.id = CallIdentifier(try reader.integer())
        guard self.id.value != 0 else { throw reader.failure(.badValue) }
        self.stage = try reader.choice()
        self.users = CallUsers(calling: try reader.text(), called: try reader.text())
        self.startedAt = try reader.integer()
        self.answeredAt = try reader.optional { r throws(CheckpointError) in try r.integer() }
        self.status = try reader.integer()
        self.a = try reader.leg()
        self.b = try reader.leg()
        self.exchange = try reader.optional { r throws(CheckpointError) in
            try r.exchange()
        }
        let a = try reader.intent()
        self.media = MediaIntent(a: a, b: try reader.intent())
        self.rekey = try reader.optional { r throws(CheckpointError) in try r.rekey() }
        self.tenant = try reader.optional { r throws(CheckpointError) in try r.tenant() }
        self.record = try reader.record()
        guard reader.isAtEnd else { throw reader.failure(.trailing) }
        guard self.stage != .settingUp || self.exchange != nil else {
            throw reader.failure(.badValue)
        }
    }
}

extension CheckpointReader {
    /// A value that was once one header field or a part of it.
    fileprivate mutating func text() throws(CheckpointError) -> [UInt8] {
        try self.string(most: SIPLimits.headerBytes)
    }

    fileprivate mutating func leg() throws(CheckpointError) -> CallCheckpoint.Leg {
        let trunk = TrunkName(String(decoding: try self.string(most: 256), as: UTF8.self))
        let hop = try self.hop()
        let localTag = try self.text()
        var leg = CallCheckpoint.Leg(
            trunk: trunk, hop: hop, localTag: localTag,
            dialog: try self.optional { r throws(CheckpointError) in try r.dialog(localTag) },
            session: try self.session(), isOpen: try self.flag(),
            answer: try self.optional { r throws(CheckpointError) in try r.answer() },
            ackOwed: try self.optional { r throws(CheckpointError) in try r.integer() },
            ack: try self.optional { r throws(CheckpointError) in
                CallCheckpoint.Ack(
                    sequence: try r.integer(), branch: try r.text(),
                    message: try r.optional { r throws(CheckpointError) in try r.message() })
            },
            outstanding: try self.optional { r throws(CheckpointError) in try r.message() })
        guard leg.ack.map({ $0.branch.isEmpty == ($0.message != nil) }) ?? true else {
            throw self.failure(.badValue)
        }
        leg.security = try self.policy()
        leg.keys = try self.keys()
        try self.dialogState(of: &leg)
        leg.label = try self.string(most: CallTenant.textMax)
        return leg
    }

    fileprivate mutating func tenant() throws(CheckpointError) -> CallTenant {
        let most = CallTenant.textMax
        var tenant = CallTenant(
            account: try self.string(most: most), label: try self.string(most: most))
        tenant.row = try self.optional { r throws(CheckpointError) in
            let word = String(decoding: try r.string(most: most), as: UTF8.self)
            guard let row = CallerScreening.Row(rawValue: word) else {
                throw r.failure(.badValue)
            }
            return row
        }
        tenant.headerName = try self.string(most: most)
        tenant.headerValue = try self.string(most: most)
        tenant.tenantID = try self.string(most: most)
        return tenant
    }

    private mutating func answer() throws(CheckpointError) -> CallCheckpoint.Answer {
        CallCheckpoint.Answer(
            received: try self.message(), response: try self.string(most: SIPLimits.messageBytes),
            carriesOffer: try self.flag())
    }

    fileprivate mutating func exchange() throws(CheckpointError) -> CallCheckpoint.Exchange {
        CallCheckpoint.Exchange(
            from: try self.choice(), received: try self.message(),
            sent: try self.optional { r throws(CheckpointError) in try r.message() },
            isCancelled: try self.flag())
    }

    fileprivate mutating func rekey() throws(CheckpointError) -> CallCheckpoint.Rekey {
        CallCheckpoint.Rekey(
            side: try self.choice(), sent: try self.message(), purpose: try self.choice())
    }

    private mutating func message() throws(CheckpointError) -> CallCheckpoint.Message {
        CallCheckpoint.Message(
            bytes: try self.string(most: SIPLimits.messageBytes), hop: try self.hop())
    }

    private mutating func hop() throws(CheckpointError) -> Hop {
        Hop(
            listener: ListenerIndex(rawValue: try self.integer()), transport: try self.choice(),
            remote: try self.address())
    }

    private mutating func dialog(_ localTag: [UInt8]) throws(CheckpointError) -> Dialog {
        let key = DialogKey(
            callID: try self.text(), localTag: try self.flag() ? localTag : try self.text(),
            remoteTag: try self.text())
        let role: Dialog.Role = try self.choice()
        let isSecure = try self.flag()
        let parties = (local: try self.text(), remote: try self.text())
        let state: Dialog.State = try self.choice()
        let target = try self.text()
        let routes = try self.array(most: Dialog.routeLimit) { r throws(CheckpointError) in
            try r.text()
        }
        let local: UInt32? = try self.optional { r throws(CheckpointError) in try r.integer() }
        let remote: UInt32? = try self.optional { r throws(CheckpointError) in try r.integer() }
        return Dialog(
            restoring: key, role: role, isSecure: isSecure, parties: parties, state: state,
            route: (target, routes), sequences: Dialog.Sequences(local: local, remote: remote))
    }
}

extension CheckpointReader {
    fileprivate mutating func session() throws(CheckpointError) -> OfferAnswerLeg.Snapshot {
        var session = OfferAnswerLeg.Snapshot(sessionID: try self.integer())
        session.version = try self.integer()
        session.originAddress = try self.optional { r throws(CheckpointError) in try r.ip() }
        session.offersRTCPMux = try self.flag()
        switch try self.integer(UInt8.self) {
        case 0: session.phase = .stable
        case 1: session.phase = .offerReceived
        case 2: session.phase = .offerSent
        default: throw self.failure(.badValue)
        }
        session.remoteOfferedLast = try self.flag()
        session.lastSent = try self.optional { r throws(CheckpointError) in try r.description() }
        session.isAtRest = try self.flag()
        session.isTextOfOffer = try self.flag()
        session.isLastAgreed = try self.flag()
        session.local = try self.stream(after: nil)
        session.remote = try self.stream(after: session.local)
        session.pendingLocal =
            try self.flag() ? session.local : try self.stream(after: session.local)
        session.pendingOffer = try self.stream(after: session.remote)
        session.bindings = try self.formats(most: 128, after: session.local?.formats)
        session.slots = try self.array(most: SDPLimits.media) { r throws(CheckpointError) in
            try r.slot()
        }
        session.security = try self.securityState()
        return session
    }

    private mutating func description() throws(CheckpointError) -> [UInt8] {
        let bytes = try self.string(most: SDPLimits.bytes)
        do { _ = try SessionDescription.parse(bytes) } catch { throw self.failure(.badValue) }
        return bytes
    }

    private mutating func slot() throws(CheckpointError) -> MediaDescription {
        var slot = MediaDescription(
            kind: try self.sdpText(), port: 0, transport: try self.sdpText(),
            formats: try self.array(most: SDPLimits.formats) { r throws(CheckpointError) in
                try r.sdpText()
            })
        if let mid = try self.mid() { slot.attributes.append(Attribute("mid", mid)) }
        return slot
    }

    /// The `a=mid` of a stream.
    private mutating func mid() throws(CheckpointError) -> SDPText? {
        try self.optional { r throws(CheckpointError) in try r.sdpText() }
    }

    mutating func sdpText() throws(CheckpointError) -> SDPText {
        guard let text = SDPText(try self.text()) else { throw self.failure(.badValue) }
        return text
    }

    private mutating func stream(
        after other: AudioStream?
    ) throws(CheckpointError) -> AudioStream? {
        guard try self.flag() else { return nil }
        var stream = AudioStream(formats: [])
        stream.index = Int(try self.integer(UInt16.self))
        guard stream.index < SDPLimits.media else { throw self.failure(.badValue) }
        stream.address = try self.optional { r throws(CheckpointError) in try r.ip() }
        stream.port = try self.integer()
        stream.rtcpPort = try self.optional { r throws(CheckpointError) in try r.integer() }
        stream.rtcpMux = try self.flag()
        stream.direction = Direction(sends: try self.flag(), receives: try self.flag())
        stream.formats = try self.formats(most: AudioStream.formatLimit, after: other?.formats)
        stream.ptimeMicroseconds = try self.optional { r throws(CheckpointError) in
            try r.integer()
        }
        stream.maxptimeMicroseconds = try self.optional { r throws(CheckpointError) in
            try r.integer()
        }
        stream.transport = try self.sdpText()
        stream.security = try self.streamSecurity()
        stream.ice = try self.optional { r throws(CheckpointError) in try r.ice() }
        stream.mid = try self.mid()
        return stream
    }

    private mutating func formats(
        most: Int, after others: [RTPFormat]?
    ) throws(CheckpointError) -> [RTPFormat] {
        guard try self.flag() else {
            return try self.array(most: most) { r throws(CheckpointError) in try r.format() }
        }
        guard let others else { throw self.failure(.badValue) }
        return others
    }

    private mutating func format() throws(CheckpointError) -> RTPFormat {
        let payloadType: UInt8 = try self.integer()
        guard payloadType < 128 else { throw self.failure(.badValue) }
        return RTPFormat(
            payloadType: payloadType, name: try self.sdpText(), clockRate: try self.integer(),
            channels: try self.integer(),
            parameters: try self.optional { r throws(CheckpointError) in try r.sdpText() })
    }

    fileprivate mutating func intent() throws(CheckpointError) -> MediaIntent.Leg {
        let index: UInt16 = try self.integer()
        var leg = MediaIntent.Leg(
            local: MediaPort(addressIndex: index, rtp: try self.address()))
        leg.remote = try self.optional { r throws(CheckpointError) in try r.address() }
        leg.remoteRTCPPort = try self.optional { r throws(CheckpointError) in try r.integer() }
        leg.rtcpMux = try self.flag()
        leg.receive = try self.flag()
        leg.send = try self.flag()
        leg.payloadTypes = try self.array(most: 128) { r throws(CheckpointError) in
            let ingress: UInt8 = try r.integer()
            let egress: UInt8 = try r.integer()
            guard ingress < 128, egress < 128 else { throw r.failure(.badValue) }
            return MediaIntent.PayloadTypeMapping(ingress: ingress, egress: egress)
        }
        leg.clockRate = try self.integer()
        leg.packetsPerSecond = try self.integer()
        leg.bitsPerSecond = try self.integer()
        leg.learnSource = try self.flag()
        try self.protection(of: &leg)
        leg.local = MediaPort(
            addressIndex: index, rtp: leg.local.rtp, share: try self.integer())
        return leg
    }
}
