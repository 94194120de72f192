// SPDX-License-Identifier: Apache-2.0

import Admission
import SDP
import SIPDialog
import SIPMessage
import SIPTransaction

extension CallCheckpoint {
    /// From bytes of a store, which are not trusted: every length, list and value is bounded.
    public init(decoding bytes: [UInt8]) throws(CheckpointError) {
        guard bytes.count <= Self.bytesMax else {
            throw CheckpointError(code: .tooLong, offset: Self.bytesMax)
        }
        var reader = CheckpointReader(bytes)
        reader.version = try reader.integer()
        guard (1...Self.version).contains(reader.version) else { throw reader.failure(.version) }
        self.id = CallIdentifier(try reader.integer())
        guard self.id.value != 0 else { throw reader.failure(.badValue) }
        self.stage = try reader.choice()
        self.calling = try reader.text()
        self.called = try reader.text()
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
        self.rekey = try reader.sinceTwo { r throws(CheckpointError) in
            try r.optional { r throws(CheckpointError) in try r.rekey() }
        }
        guard reader.isAtEnd else { throw reader.failure(.trailing) }
        guard self.stage != .settingUp || self.exchange != nil else {
            throw reader.failure(.badValue)
        }
    }
}

extension CheckpointReader {
    /// What the first version did not write.
    fileprivate mutating func sinceTwo<Value>(
        _ body: (inout CheckpointReader) throws(CheckpointError) -> Value?
    ) throws(CheckpointError) -> Value? {
        self.version >= 2 ? try body(&self) : nil
    }

    /// A value that was once one header field or a part of it.
    fileprivate mutating func text() throws(CheckpointError) -> [UInt8] {
        try self.string(most: SIPLimits.headerBytes)
    }

    fileprivate mutating func leg() throws(CheckpointError) -> CallCheckpoint.Leg {
        var leg = CallCheckpoint.Leg(
            trunk: TrunkName(String(decoding: try self.string(most: 256), as: UTF8.self)),
            hop: try self.hop(), localTag: try self.text(),
            dialog: try self.optional { r throws(CheckpointError) in try r.dialog() },
            session: try self.session(), isOpen: try self.flag(),
            answer: try self.optional { r throws(CheckpointError) in try r.answer() },
            ackOwed: try self.optional { r throws(CheckpointError) in try r.integer() },
            ack: try self.optional { r throws(CheckpointError) in
                CallCheckpoint.Ack(sequence: try r.integer(), message: try r.message())
            },
            outstanding: try self.optional { r throws(CheckpointError) in try r.message() })
        guard self.version >= 2 else { return leg }
        leg.security = try self.policy()
        leg.keys = try self.keys()
        if self.version >= 4 { try self.dialogState(of: &leg) }
        return leg
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
        var rekey = CallCheckpoint.Rekey(side: try self.choice(), sent: try self.message())
        if self.version >= 4 { rekey.purpose = try self.choice() }
        return rekey
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

    private mutating func dialog() throws(CheckpointError) -> Dialog {
        let key = DialogKey(
            callID: try self.text(), localTag: try self.text(), remoteTag: try self.text())
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
        session.local = try self.optional { r throws(CheckpointError) in try r.stream() }
        session.remote = try self.optional { r throws(CheckpointError) in try r.stream() }
        session.pendingLocal = try self.optional { r throws(CheckpointError) in try r.stream() }
        session.pendingOffer = try self.optional { r throws(CheckpointError) in try r.stream() }
        session.bindings = try self.array(most: 128) { r throws(CheckpointError) in
            try r.format()
        }
        session.slots = try self.array(most: SDPLimits.media) { r throws(CheckpointError) in
            try r.slot()
        }
        if self.version >= 2 { session.security = try self.securityState() }
        if self.version >= 4 { session.isLastAgreed = try self.flag() }
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
        try self.sinceTwo { r throws(CheckpointError) in
            try r.optional { r throws(CheckpointError) in try r.sdpText() }
        }
    }

    mutating func sdpText() throws(CheckpointError) -> SDPText {
        guard let text = SDPText(try self.text()) else { throw self.failure(.badValue) }
        return text
    }

    private mutating func stream() throws(CheckpointError) -> AudioStream {
        var stream = AudioStream(formats: [])
        stream.index = Int(try self.integer(UInt16.self))
        guard stream.index < SDPLimits.media else { throw self.failure(.badValue) }
        stream.address = try self.optional { r throws(CheckpointError) in try r.ip() }
        stream.port = try self.integer()
        stream.rtcpPort = try self.optional { r throws(CheckpointError) in try r.integer() }
        stream.rtcpMux = try self.flag()
        stream.direction = Direction(sends: try self.flag(), receives: try self.flag())
        stream.formats = try self.array(most: AudioStream.formatLimit) {
            r throws(CheckpointError) in try r.format()
        }
        stream.ptimeMicroseconds = try self.optional { r throws(CheckpointError) in
            try r.integer()
        }
        stream.maxptimeMicroseconds = try self.optional { r throws(CheckpointError) in
            try r.integer()
        }
        stream.transport = try self.sdpText()
        guard self.version >= 2 else { return stream }
        stream.security = try self.streamSecurity()
        stream.ice = try self.optional { r throws(CheckpointError) in try r.ice() }
        stream.mid = try self.mid()
        return stream
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
        if self.version >= 2 { try self.protection(of: &leg) }
        if self.version >= 3 {
            leg.local = MediaPort(
                addressIndex: index, rtp: leg.local.rtp, share: try self.integer())
        }
        return leg
    }
}
