// SPDX-License-Identifier: Apache-2.0

public import NetworkAddress
import SIPMessage
import SIPTransaction

/// Where a request goes: the parts of a URI that RFC 3263 looks at. The transport is none of them:
/// a proxy speaks that of its listener.
public struct NextHop: Sendable, Hashable {
    /// Who.
    public enum Host: Sendable, Hashable {
        /// Nothing is to be looked up.
        case address(IPAddress)
        /// A name, its letters small.
        case name([UInt8])
    }

    /// Host, or maddr.
    public let host: Host
    /// The port that is written; nil for none.
    public let port: UInt16?

    /// From its parts.
    public init(_ host: Host, port: UInt16?) {
        self.host = host
        self.port = port
    }

    /// Nil for what is no SIP URI: it names nobody to send to.
    public init?(_ uri: ArraySlice<UInt8>) {
        guard let sip = try? SIPURI(uri) else { return nil }
        self.port = sip.port == 0 ? nil : sip.port
        let maddr = sip.parameters.value("maddr")
        if let address = maddr.map({ IPAddress(text: $0) }) ?? sip.host.address {
            self.host = .address(address)
        } else {
            self.host = .name((maddr ?? sip.host.bytes).map { ASCII.lowered($0) })
        }
    }
}
