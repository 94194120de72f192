// SPDX-License-Identifier: Apache-2.0

public import Admission
public import NetworkAddress
public import Routing
public import SDP
public import SIPAuthentication
public import SIPTransaction

/// A trunk as the engine needs it.
public struct TrunkSettings: Sendable, Hashable {
    /// Its name.
    public var name: TrunkName
    /// The listener that requests to it go out from.
    public var listener: ListenerIndex
    /// The realm of its media.
    public var realm: RealmIndex
    /// Host of its peer as it stands in URIs: an address or a name.
    public var peerHost: [UInt8]
    /// Where its peer is.
    public var peer: Hop
    /// Where its new calls can go, never empty.
    public var targets: [TrunkTarget]
    /// Listeners that its requests may come in at; its own is the first.
    public var listeners: [ListenerIndex]
    /// Addresses that requests of this trunk come from.
    public var sources: [AddressPrefix]
    /// The codecs that it may use.
    public var codecs: CodecFilter
    /// One other media source than the signalled one may be learned.
    public var learnSource: Bool
    /// Most calls at once; nil: no limit of its own.
    public var callsMax: Int?
    /// How its media is protected.
    public var security: MediaSecurityPolicy
    /// How its targets are tried.
    public var search = SearchPolicy()
    /// Seconds between two OPTIONS to each target; 0 for none.
    public var optionsSeconds: UInt32
    /// Its sources are its targets' addresses, whatever these are at the time.
    public var followsTargets: Bool
    /// What a redirection by one of them leads to.
    public var redirect = RedirectPolicy.refuse
    /// Which of its calls are emergency calls.
    public var emergency = EmergencyPolicy()
    /// What bounds its calls further.
    public var limits = TrunkLimits()
    /// This node's own name as its peer knows it; nil: the listener's.
    public var ownHost: [UInt8]?
    /// How it and the box make sure of each other.
    public var authentication = TrunkAuthentication()
    /// What it registers with its carrier; nil: nothing.
    public var registration: RegistrationSettings?
    /// What passes between it and the other leg.
    public var interworking = Interworking()
    /// Reliable provisional responses.
    public var reliableProvisional = ReliableProvisionalPolicy.off
    /// Session timers.
    public var sessionTimer = SessionTimerPolicy.off
    /// Longest call from answer to end, seconds; 0: as the node has it.
    public var callSecondsMax: UInt32 = 0
    /// How its calls may be transferred.
    public var transfer = TransferPolicy()
    /// What it has to do with tenants.
    public var tenancy = TrunkTenancy()
    /// Which digits it sends and takes; nil: they pass as they come.
    public var digits: DigitPolicy?
    /// How long messages from it may be; nil: as those of the node.
    public var messageLimits: TrunkMessageLimits?

    /// A trunk without limits whose requests come from its peer's address.
    public init(
        name: TrunkName, realm: RealmIndex, peerHost: [UInt8], peer: Hop
    ) {
        self.name = name
        self.listener = peer.listener
        self.realm = realm
        self.peerHost = peerHost
        self.peer = peer
        self.targets = [TrunkTarget(hop: peer, host: peerHost)]
        self.listeners = [peer.listener]
        self.sources = [AddressPrefix(peer.remote.address)]
        self.codecs = .all
        self.learnSource = false
        self.callsMax = nil
        self.security = .plain
        self.optionsSeconds = 0
        self.followsTargets = false
        self.ownHost = nil
    }

    /// What may stand in its session descriptions: its codecs, and telephone-events as its digits
    /// need them.
    var formats: CodecFilter {
        guard let digits = self.digits else { return self.codecs }
        var formats = self.codecs
        formats.events = digits.hasEvents ? .always : .never
        return formats
    }
}

/// A listener as the engine needs it: what stands in Via and Contact.
public struct ListenerSettings: Sendable, Hashable {
    /// Which one.
    public let index: ListenerIndex
    /// Its transport.
    public let transport: TransportProtocol
    /// Where the peers reach it.
    public let address: SocketAddress
    /// This node's own host as it stands in URIs: a name, or an address (IPv6 in brackets).
    let host: [UInt8]
    /// `host:port` as it stands in URIs; written once, read for every message.
    let hostPort: [UInt8]
    /// The same in Via: there a tenant's name does not stand, since responses are for the trunk.
    private(set) var sentBy: [UInt8]
    /// First label of the host where it is a tenant's derived trunk; empty otherwise.
    private(set) var label: [UInt8] = []
    /// The host is a name that the peer knows us by: Contact says who is meant there, too.
    let isNamed: Bool
    /// Of a listener over UDP: the one over TCP that large requests leave from; nil: they stay.
    public var twin: ListenerIndex?

    /// From its parts. `host` is this node's own name there, or an address that the peers know it
    /// by; nil: that of `address`.
    public init(
        index: ListenerIndex, transport: TransportProtocol, address: SocketAddress,
        host: [UInt8]? = nil
    ) {
        self.index = index
        self.transport = transport
        self.address = address
        self.isNamed = host != nil
        let own = host ?? Array(address.address.description.utf8)
        self.host = own.contains(0x3a) ? [0x5b] + own + [0x5d] : own
        self.hostPort = self.host + [0x3a] + decimal(address.port)
        self.sentBy = self.hostPort
    }

    /// The same listener as a trunk's peer knows it, or as it knows a tenant's derived trunk.
    func named(for trunk: TrunkSettings, label: [UInt8] = []) -> ListenerSettings {
        guard let host = trunk.ownHost else { return self }
        let isDerived = !label.isEmpty
        var named = ListenerSettings(
            index: self.index, transport: self.transport, address: self.address,
            host: isDerived ? label + [0x2e] + host : host)
        named.twin = self.twin
        if isDerived {
            named.sentBy = host + [0x3a] + decimal(self.address.port)
            named.label = label
        }
        return named
    }
}

/// What a request from an address that belongs to no trunk gets.
public enum UnknownSourcePolicy: Sendable, Hashable {
    /// 403 Forbidden.
    case forbid
    /// Nothing: scanners learn nothing. The request is counted.
    case silence
}

/// All that the engine follows. Replaced as a whole; calls in progress keep what they began with.
public struct CallConfiguration: Sendable {
    /// The listeners.
    public var listeners: [ListenerSettings]
    /// The trunks by ``TrunkIndex``; the first whose source matches takes a request.
    public var trunks: [TrunkSettings]
    /// Where called numbers go.
    public var routes: RouteTable
    /// Most calls of the node.
    public var callsMax: Int
    /// What requests from unknown sources get.
    public var unknownSource = UnknownSourcePolicy.forbid
    /// OPTIONS gets 503 while the node or the trunk drains, so that peers send calls elsewhere.
    public var optionsShowDraining = true
    /// What bounds the calls of the node further.
    public var overload = OverloadPolicy()
    /// Of the certificate that our DTLS shows; nil: there is none, and DTLS is not offered. It has
    /// to outlive the process: calls that are restored go on with the one that they signalled.
    public var fingerprint: Fingerprint?
    /// Text of Server and User-Agent; empty: neither is sent.
    public var product = Array("Trunkline".utf8)
    /// Longest time from INVITE to answer, 1,000 to 3,600,000 ms (timer C asks for over 3 minutes).
    public var ringMillisecondsMax: UInt32 = 190_000
    /// Longest call from answer to end, seconds; 0: no limit.
    public var callSecondsMax: UInt32 = 0
    /// Milliseconds between questions to the parties of calls whose media says nothing of them
    /// (on hold); 0: none are asked.
    public var auditMilliseconds: UInt32 = 0
    /// The region that the node stands in, 1 or 2: tenants' calls leave by its trunks.
    public var region = 1
    /// 64 * T1 of the transaction layer, ms: how long an unanswered request lives.
    public var transactionMilliseconds: UInt32 = 32_000

    /// From what has no default.
    public init(
        listeners: [ListenerSettings], trunks: [TrunkSettings], routes: RouteTable,
        callsMax: Int
    ) {
        self.listeners = listeners
        self.trunks = trunks
        self.routes = routes
        self.callsMax = callsMax
    }

    /// Some trunk registers.
    var hasRegistrations: Bool { self.trunks.contains { $0.registration != nil } }

    /// Some trunk may be challenged, and can answer.
    var hasCredentials: Bool {
        self.trunks.contains { $0.authentication.credentials != nil }
    }
}
