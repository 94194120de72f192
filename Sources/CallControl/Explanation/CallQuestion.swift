// SPDX-License-Identifier: Apache-2.0

import SIPMessage

/// A call that somebody asks about: what its INVITE would say.
public struct CallQuestion: Sendable, Hashable {
    /// Whom it calls: a number, or another user.
    public var number: [UInt8]
    /// The number of From.
    public var from: [UInt8]
    /// The host of the Request-URI; nil: ours, as the trunk's peer knows it.
    public var host: [UInt8]?
    /// From is anonymous, whatever `from` is, and the caller asks for privacy.
    public var isAnonymous = false
    /// The number of P-Asserted-Identity; nil: it is not there.
    public var asserted: [UInt8]?
    /// The number of Diversion, who forwarded the call; nil: it is not there.
    public var diverting: [UInt8]?

    /// Longest of the texts, bytes.
    public static let textMax = 128

    /// A call that says no more than that.
    public init(number: some Sequence<UInt8>, from: some Sequence<UInt8>) {
        self.number = Array(number)
        self.from = Array(from)
    }

    /// True for what may stand as a number: digits, letters and `+*#-._`.
    public static func isUser(_ text: some Collection<UInt8>) -> Bool {
        (1...self.textMax).contains(text.count)
            && text.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5a, 0x61...0x7a: true
                default: "+*#-._".utf8.contains(byte)
                }
            }
    }

    /// True for what may stand as a host: a name or an address.
    public static func isHost(_ text: some Collection<UInt8>) -> Bool {
        (1...253).contains(text.count)
            && text.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5a, 0x61...0x7a: true
                default: "-._:[]".utf8.contains(byte)
                }
            }
    }

    /// The INVITE as the trunk's peer would send it; nil where it would be none.
    func invite(from trunk: TrunkSettings, to listener: ListenerSettings) -> SIPMessage? {
        let peer = [0x40] + trunk.peerHost
        func uri(_ user: [UInt8], _ host: [UInt8]) -> [UInt8] {
            Array("sip:".utf8) + user.flatMap { $0 == 0x23 ? Array("%23".utf8) : [$0] } + host
        }
        func address(_ user: [UInt8]) -> [UInt8] {
            [0x3c] + uri(user, peer) + Array(";user=phone>".utf8)
        }
        let called =
            uri(self.number, [0x40] + (self.host ?? listener.host)) + Array(";user=phone".utf8)
        let anonymous = Array("\"Anonymous\" <sip:anonymous@anonymous.invalid>".utf8)
        let from = self.isAnonymous ? anonymous : address(self.from)
        var builder = SIPMessageBuilder(request: .invite, uri: called)
        builder.add(
            .via, Array("SIP/2.0/TCP ".utf8) + trunk.peerHost + Array(";branch=z9hG4bK0".utf8))
        builder.add(.maxForwards, "70")
        builder.add(.from, from + Array(";tag=0".utf8))
        builder.add(.to, [0x3c] + called + [0x3e])
        builder.add(.callID, Array("0".utf8) + peer)
        builder.add(.cSeq, "1 INVITE")
        builder.add(.contact, address(self.from))
        if let asserted { builder.add(.pAssertedIdentity, address(asserted)) }
        if self.isAnonymous { builder.add(.privacy, "id") }
        if let diverting {
            builder.add(.diversion, address(diverting) + Array(";reason=unconditional".utf8))
        }
        return try? SIPMessage.parse(builder.finish(), framing: .stream)
    }
}
