// SPDX-License-Identifier: Apache-2.0

public import NetworkAddress
public import SIPMessage

/// Where the response to a request goes, and what its top Via says of it (RFC 3261 section 18.2,
/// RFC 3581 section 4). The request's own octets stay as they came.
public enum ResponseRouting {
    /// The hop of a response.
    ///
    /// Over a reliable transport: the connection of the request. Over UDP: the address that the
    /// request came from, which is what `received` holds, and its port where `rport` asks for it,
    /// else that of sent-by. `maddr` is not followed: it would let a forged request direct our
    /// responses at anybody.
    public static func hop(topVia via: Via, source: Hop) -> Hop {
        guard !source.transport.isReliable, !via.wantsResponsePort else { return source }
        var hop = source
        hop.remote.port = Self.port(of: via, over: source.transport)
        return hop
    }

    /// The port of sent-by or, where it has none, that of the transport. It is also where a new
    /// connection goes when the request's is gone (RFC 3261 section 18.2.2).
    public static func port(of via: Via, over transport: TransportProtocol) -> UInt16 {
        guard let port = via.port, port != 0 else { return transport.defaultPort }
        return port
    }

    /// The top Via value as it stands in a response: with `received` where sent-by is another
    /// address than the source's (RFC 3261 section 18.2.1) or `rport` is asked for, and with the
    /// value of `rport` (RFC 3581 section 4). What the sender claimed for either is replaced.
    public static func topViaValue(_ via: Via, source: SocketAddress) -> [UInt8] {
        let wantsPort = via.wantsResponsePort
        let needsReceived = wantsPort || via.host.address != source.address
        guard needsReceived || via.parameters.has("received") else { return Array(via.bytes) }
        var value = Self.withoutParameters(via)
        for parameter in via.parameters.all {
            let isRewritten =
                ASCII.equalsIgnoringCase(parameter.name, "received")
                || ASCII.equalsIgnoringCase(parameter.name, "rport")
            guard !isRewritten else { continue }
            value.append(UInt8(ascii: ";"))
            value += parameter.name
            if let text = parameter.value {
                value.append(UInt8(ascii: "="))
                value += text
            }
        }
        if needsReceived { value += ";received=\(source.address)".utf8 }
        if wantsPort { value += ";rport=\(source.port)".utf8 }
        return value
    }

    private static func withoutParameters(_ via: Via) -> [UInt8] {
        var value = Array("SIP/2.0/".utf8) + via.transport + [UInt8(ascii: " ")]
        if let address = via.host.address, !address.isIPv4 {
            value += [UInt8(ascii: "[")] + via.host.bytes + [UInt8(ascii: "]")]
        } else {
            value += via.host.bytes
        }
        if let port = via.port { value += [UInt8(ascii: ":")] + ASCII.digits(port) }
        return value
    }
}
