// SPDX-License-Identifier: Apache-2.0

import NetworkAddress
import SIPMessage
import SIPTransaction

extension ListenerSettings {
    /// The value of a Via of ours. `rport` asks peers behind address translation for their view
    /// (RFC 3581).
    func via(branch: [UInt8]) -> [UInt8] {
        let name: String =
            switch self.transport {
            case .udp: "SIP/2.0/UDP "
            case .tcp: "SIP/2.0/TCP "
            case .tls: "SIP/2.0/TLS "
            }
        // Over TLS our connection serves for the peer's requests as well (RFC 5923).
        let alias = self.transport == .tls ? Array(";alias".utf8) : []
        return Array(name.utf8) + self.sentBy + alias + Array(";rport;branch=".utf8) + branch
    }

    /// The value of our Contact. Where we have a name, `user` stands before it, if there is one:
    /// services look for the number there.
    func contact(user: ArraySlice<UInt8> = []) -> [UInt8] {
        let isShown = self.isNamed && !user.isEmpty
        return Array("<sip:".utf8) + (isShown ? user + [0x40] : []) + self.hostPort
            + self.transport.uriParameter + Array(">".utf8)
    }
}

extension TransportProtocol {
    /// The URI parameter; none for UDP, which is what a URI without one means.
    var uriParameter: [UInt8] {
        switch self {
        case .udp: []
        case .tcp: Array(";transport=tcp".utf8)
        case .tls: Array(";transport=tls".utf8)
        }
    }
}

extension TrunkSettings {
    /// `host` or `host:port` of the peer, the port where it is not the transport's own.
    var peerHostPort: [UInt8] {
        let port = self.peer.remote.port
        guard port != self.peer.transport.defaultPort else { return self.peerHost }
        return self.peerHost + [0x3a] + decimal(port)
    }
}

/// Rewrites addresses for the other leg: who is meant stays, where he is becomes the next host.
enum AddressRewriter {
    /// The user part of a URI as it stands there; empty where there is none. A telephone number
    /// (RFC 3966) is a user part as well (RFC 3261 section 19.1.6).
    static func user(of uri: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        switch try? URI.parse(uri) {
        case .sip(let sip): sip.user ?? []
        case .tel(let tel): tel.number
        case .other, nil: []
        }
    }

    /// Request-URI for the callee's trunk.
    static func requestURI(
        _ uri: ArraySlice<UInt8>, to trunk: TrunkSettings, _ numbers: NumberPassage = .asIs
    ) -> [UInt8] {
        let parameters = trunk.interworking.parameters
        return self.uri(uri, host: trunk.peerHostPort, numbers, parameters)
            + trunk.peer.transport.uriParameter
    }

    /// To for the callee's trunk, without a tag.
    static func to(
        _ value: NameAddr, trunk: TrunkSettings, _ numbers: NumberPassage = .asIs
    ) -> [UInt8] {
        self.nameAddr(value, host: trunk.peerHost, numbers)
    }

    /// From on the callee's leg, with our tag. An anonymous caller stays anonymous: RFC 3323
    /// section 4.1.1.3 gives the host a meaning.
    static func from(
        _ value: NameAddr, listener: ListenerSettings, tag: [UInt8],
        _ numbers: NumberPassage = .asIs
    ) -> [UInt8] {
        var host = listener.host
        if case .sip(let sip)? = try? value.decodedURI(), HostText.isInvalid(sip.host.bytes) {
            host = Array(sip.host.bytes)
        }
        return self.nameAddr(value, host: host, numbers) + Array(";tag=".utf8) + tag
    }

    /// Refer-To or Referred-By for the other party: who is meant stays, and is behind the box.
    static func referral(
        _ uri: [UInt8], listener: ListenerSettings, replaces: [UInt8]?, _ numbers: NumberPassage
    ) -> [UInt8] {
        var bytes: [UInt8] = [0x3c]
        bytes += self.uri(uri[...], host: listener.hostPort, numbers, .known)
        bytes += listener.transport.uriParameter
        if let replaces { bytes += Array("?Replaces=".utf8) + replaces }
        bytes.append(0x3e)
        return bytes
    }

    private static func nameAddr(
        _ value: NameAddr, host: [UInt8], _ numbers: NumberPassage
    ) -> [UInt8] {
        var bytes = Array(value.displayName)
        if !bytes.isEmpty { bytes.append(0x20) }
        bytes.append(0x3c)
        bytes += self.uri(value.uri, host: host, numbers, .known)
        bytes.append(0x3e)
        return bytes
    }

    private static func uri(
        _ uri: ArraySlice<UInt8>, host: [UInt8], _ numbers: NumberPassage,
        _ parameters: URIParameterPolicy
    ) -> [UInt8] {
        guard var carried = CarriedURI(uri) else { return Array("sip:".utf8) + host }
        carried.pass(numbers)
        return carried.bytes(host: host, parameters: parameters)
    }
}
