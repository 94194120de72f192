// SPDX-License-Identifier: Apache-2.0

import NetworkAddress
import Sharing

extension OfferAnswerLeg {
    /// The description that says `local`, every other m= line refused. The version grows if it
    /// differs from the last one that went out (RFC 3264 section 8), else it is the same again.
    mutating func describe(_ local: Local, refuses: Bool = false) -> SessionDescription {
        if self.originAddress == nil { self.originAddress = local.address.address }
        var session = self.rendered(local, refuses: refuses)
        if session.serialise() != self.lastSent {
            self.wake()
            self.version &+= 1
            session.origin.version = SDPText(self.version)
            self.lastSent = session.serialise().exact
        }
        self.isTextOfOffer = false
        return session
    }

    /// The same with the version that went out last.
    func rendered(_ local: Local, refuses: Bool = false) -> SessionDescription {
        let origin = Connection(self.originAddress ?? local.address.address)
        var session = SessionDescription(
            origin: Origin(
                user: .dash, sessionID: SDPText(self.sessionID), version: SDPText(self.version),
                networkType: .internet, addressType: origin.addressType, address: origin.address))
        session.connection = Connection(local.address.address)
        if local.ice != nil, !refuses { session.attributes.append(Attribute("ice-lite")) }
        let slots = self.slots
        session.media = slots.enumerated().map { index, slot in
            index == local.index && !refuses ? self.section(local) : Self.refused(slot)
        }
        if local.index >= slots.count { session.media.append(self.section(local)) }
        return session
    }

    static func refused(_ slot: Slot) -> MediaDescription {
        var media = MediaDescription(
            kind: slot.kind, port: 0, transport: slot.transport, formats: slot.formats)
        if let mid = slot.mid { media.attributes.append(Attribute("mid", mid)) }
        return media
    }

    private func section(_ local: Local) -> MediaDescription {
        var media = MediaDescription(
            kind: .audio, port: local.address.port, transport: local.transport,
            formats: local.formats.map { SDPText(payloadType: $0.payloadType) })
        for format in local.formats {
            media.attributes.append(format.rtpmap)
            if let fmtp = format.fmtp { media.attributes.append(fmtp) }
        }
        if let ptime = local.ptimeMicroseconds {
            media.attributes.append(Attribute(.ptime, Self.milliseconds(ptime)))
        }
        if let maxptime = local.maxptimeMicroseconds {
            media.attributes.append(Attribute("maxptime", Self.milliseconds(maxptime)))
        }
        media.attributes += local.security.attributes
        if let ice = local.ice {
            // RTCP has a component of its own unless it is sure to share the port of RTP: an
            // offer to share may be refused (RFC 5761 section 5.1.3), and a peer that refuses and
            // finds no component for RTCP does no ICE at all.
            let mayRefuse =
                self.phase == .offerSent && self.remote?.rtcpMux != true
                && self.policy.rtcpMux != .required
            let components = local.rtcpMux && !mayRefuse ? 1 : 2
            media.attributes += ice.attributes(components: components)
            if components == 2 {
                media.attributes.append(Attribute("rtcp", SDPText(local.address.port &+ 1)))
            }
        }
        if let mid = local.mid { media.attributes.append(Attribute("mid", mid)) }
        if local.rtcpMux { media.attributes.append(Attribute("rtcp-mux")) }
        media.attributes.append(Attribute(local.direction.attributeName))
        return media
    }

    /// Whole milliseconds without a fraction: RFC 4566 knew integers only.
    private static func milliseconds(_ microseconds: UInt32) -> SDPText {
        let whole = Array(SDPText(microseconds / 1000).bytes)
        let fraction = microseconds % 1000
        guard fraction != 0 else { return SDPText(checked: whole) }
        let digits = Array(SDPText(1000 + fraction).bytes.dropFirst())
        return SDPText(checked: whole + [ASCII.dot] + digits)
    }
}
