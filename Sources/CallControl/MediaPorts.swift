// SPDX-License-Identifier: Apache-2.0

public import NetworkAddress

/// A local media address and port pair that a leg has reserved: RTP at `rtp`, RTCP one above.
public struct MediaPort: Sendable, Hashable {
    /// Position of the address in the fast path's file.
    public let addressIndex: UInt16
    /// The even port for RTP; RTCP without rtcp-mux is one above.
    public let rtp: SocketAddress
    /// Zero: the port is the leg's alone. Else it has the port together with others, and this
    /// names it among them; it is the SSRC of what is sent on the leg, too.
    public let share: UInt32
    /// From its parts.
    public init(addressIndex: UInt16, rtp: SocketAddress, share: UInt32 = 0) {
        self.addressIndex = addressIndex
        self.rtp = rtp
        self.share = share
    }

    /// Other legs have this port too.
    public var isShared: Bool { self.share != 0 }
}

/// What a leg's party is told apart by from those of other legs, as far as that is known when the
/// leg needs a port.
public enum PartyMark: Sendable, Hashable {
    /// Nothing that is known yet, or its source is still to be learned.
    case nothing
    /// ICE: its checks name our user fragment, and its media comes from where they did.
    case ice
    /// It sends from where it receives. RTCP: nil with rtcp-mux.
    case address(rtp: SocketAddress, rtcp: SocketAddress?)
}

extension PartyMark {
    /// A party that receives there. `rtcpPort` as signalled, nil for the next port.
    public static func address(
        _ rtp: SocketAddress, rtcpPort: UInt16?, rtcpMux: Bool
    ) -> PartyMark {
        guard !rtcpMux else { return .address(rtp: rtp, rtcp: nil) }
        return .address(
            rtp: rtp,
            rtcp: SocketAddress(address: rtp.address, port: rtcpPort ?? rtp.port &+ 1))
    }
}

/// What a leg needs of a port.
public struct PortWish: Sendable, Hashable {
    /// Where its media goes.
    public var realm: RealmIndex
    /// The family.
    public var isIPv4: Bool
    /// What its party is told apart by.
    public var mark: PartyMark
    /// From its parts.
    public init(_ realm: RealmIndex, isIPv4: Bool, mark: PartyMark = .nothing) {
        self.realm = realm
        self.isIPv4 = isIPv4
        self.mark = mark
    }
}

/// Where ports for legs come from. Both legs of a call get ports of one worker.
public protocol MediaPorts: AnyObject {
    /// Reserves a port for each leg, nil when there is none for one of them. A leg whose party can
    /// be told apart may get one that others have too. `beside`: of the worker that has this one.
    func reserve(
        _ a: PortWish, _ b: PortWish, beside: MediaPort?
    ) -> (a: MediaPort, b: MediaPort)?
    /// Flows of these ports can reach each other.
    func areTogether(_ one: MediaPort, _ other: MediaPort) -> Bool
    /// Gives a port back; it rests before it is used again.
    func release(_ port: MediaPort)
}

extension MediaPorts {
    /// Reserves a port for each leg of a new call.
    public func reserve(_ a: PortWish, _ b: PortWish) -> (a: MediaPort, b: MediaPort)? {
        self.reserve(a, b, beside: nil)
    }
}

extension MediaIntent.Leg {
    /// What the party is told apart by now.
    public var mark: PartyMark {
        if self.ice != nil { return .ice }
        guard let remote = self.remote, remote.address.takesMedia else { return .nothing }
        return .address(remote, rtcpPort: self.remoteRTCPPort, rtcpMux: self.rtcpMux)
    }
}
