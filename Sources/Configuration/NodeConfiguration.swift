// SPDX-License-Identifier: Apache-2.0

public import CallControl
public import Manipulation
public import NetworkAddress
public import SDP
public import SIPAuthentication

/// What one node is: the configuration file as values, checked as a whole. Units, ranges and
/// defaults of each key stand in `Schema`, which makes the example file too.
public struct NodeConfiguration: Sendable, Hashable {
    /// `node:`
    public var node: Node
    /// `fastpath:`
    public var fastPath: FastPath
    /// `realms:` in the order of the file, which is the order in the fast path.
    public var realms: [Realm]
    /// `listeners:` in the order of the file.
    public var listeners: [Listener]
    /// `trunks:` in the order of the file.
    public var trunks: [Trunk]
    /// `tenants:` in the order of the file.
    public var tenants: [Tenant]
    /// `routes:` in the order of the file.
    public var routes: [Route]
    /// `media:`
    public var media: Media
    /// `limits:`
    public var limits: Limits
    /// `dns:`
    public var dns: DNS
    /// `trace:`
    public var trace = TraceConfiguration()
    /// `mcp:`; nil: there is none.
    public var mcp: MCP?
    /// `store:`
    public var store: StoreConfiguration
    /// `records:`
    public var records: RecordsConfiguration

    /// The node itself.
    public struct Node: Sendable, Hashable {
        /// Name in status, metrics and logs.
        public var name: String
        /// Where sockets and the shared files live; absolute.
        public var runtimeDirectory: String
        /// Where what outlives a boot is; absolute.
        public var stateDirectory: String
        /// The region of a deployment that it stands in, 1 or 2.
        public var region = 1
    }

    /// The process trunkline-fastpath.
    public struct FastPath: Sendable, Hashable {
        /// One pinned worker on each, 1 to 64.
        public var cores: [Int]
        /// Core of the housekeeping thread; nil: the kernel chooses.
        public var housekeepingCore: Int?
        /// Memory comes from huge pages.
        public var hugePages: Bool
        /// Memory in MB.
        public var memoryMB: Int
        /// Flows (legs) that one worker can have.
        public var flowsPerWorker: Int
        /// Of them, how many can have SRTP keys at a time; nil: all.
        public var secureFlowsPerWorker: Int?
    }

    /// A media realm: an interface with its addresses and ports.
    public struct Realm: Sendable, Hashable {
        /// Unique.
        public var name: String
        /// How the fast path gets at the interface.
        public var attach: Attach
        /// Interface, PCI address, socket path or capture files, as `attach` needs it.
        public var interface: String
        /// Media addresses, at least one.
        public var addresses: [IPAddress]
        /// Media ports; begins even and ends odd.
        public var ports: ClosedRange<UInt16>
        /// Calls share the first port of each address and worker.
        public var onePort: Bool
        /// DSCP of what is sent, 0 to 63.
        public var dscp: Int
        /// VLAN tag, 0 for none.
        public var vlan: Int
        /// MAC address of the next hop where no kernel knows it (memif, pcap); nil: the kernel's.
        public var gatewayMAC: String?
        /// TAP interface that stands for the interface in the kernel (pci); nil: none.
        public var twin: String?
    }

    /// Ways to attach a media interface.
    public enum Attach: String, Sendable, Hashable, CaseIterable {
        case xdp, packet, pci, memif, pcap
    }

    /// SIP transports.
    public enum Transport: String, Sendable, Hashable, CaseIterable {
        case udp, tcp, tls
    }

    /// A SIP address of ours.
    public struct Listener: Sendable, Hashable {
        /// Unique.
        public var name: String
        /// Of this listener.
        public var transport: Transport
        /// Where it listens.
        public var address: SocketAddress
        /// This node's own name there; nil: the address.
        public var host: String?
        /// What TLS shows, the first to clients that ask for no name of another; empty without TLS.
        public var certificates: [CertificateFiles]
        /// Seconds between pings on connections opened from here; 0: none.
        public var keepAliveSeconds: Int
        /// Requests above 1300 octets leave over TCP, from the listener with the same address.
        public var largeRequestsOverTCP: Bool
        /// The file does not name it: trunks need it that name none.
        public var isImplied = false
    }

    /// A trunk: a SIP neighbour.
    public struct Trunk: Sendable, Hashable {
        /// Unique.
        public var name: String
        /// Position in `listeners`: where its requests leave from and usually arrive.
        public var listener: Int
        /// Position in `realms`: where its media goes.
        public var realm: Int
        /// Where its requests go; at least one.
        public var peers: [TrunkPeer]
        /// Seconds between two OPTIONS to each peer, 0 for none; nil: as the peers are.
        public var optionsSeconds: Int?
        /// Who may send requests as this trunk.
        public var sources: [AddressPrefix]
        /// Nobody is named: whatever addresses its peers have may send requests.
        public var followsPeers: Bool
        /// Encoding names that may be used; nil for every one.
        public var codecs: [String]?
        /// One other media source than the signalled one may be learned.
        public var learnSource: Bool
        /// Calls at a time.
        public var maxCalls: Int
        /// How its media is protected.
        public var security: MediaSecurityPolicy
        /// How its targets are tried.
        public var failover = Failover.standard
        /// What bounds its calls further.
        public var limits = TrunkLimits()
        /// This node's own name as this peer knows it; nil: the listener's.
        public var host: String?
        /// What TLS is spoken with it; nil: none.
        public var tls: TrunkTLS?
        /// What passes between it and the other leg of a call.
        public var interworking = Interworking()
        /// What happens inside its dialogs.
        public var dialogs = TrunkDialogs()
        /// How its calls may be transferred.
        public var transfer = TrunkTransfer()
        /// Which digits it sends and takes; nil: they pass as they come.
        public var digits: DigitPolicy?
        /// Rules for its messages.
        public var rules = TrunkRules()
        /// How it and the node make sure of each other.
        public var authentication = TrunkAuthentication()
        /// What it has to do with tenants.
        public var tenancy = TrunkTenancy()
        /// What it registers with its peer; nil: nothing.
        public var register: Register?
        /// How long its messages may be; nil: as those of the node.
        public var messageLimits: TrunkMessageLimits?
        /// The profiles that it was made from; the last lies uppermost.
        public var profiles: [String] = []
    }

    /// A routing rule.
    public struct Route: Sendable, Hashable {
        /// What the called number begins with; empty for every number.
        public var prefix: String
        /// Position in `trunks` of the origin; nil for any.
        public var from: Int?
        /// Position in `trunks` of the destination.
        public var to: Int
        /// Positions of the trunks that are tried after it, in order.
        public var others: [Int] = []
        /// The file has no routes, and two trunks.
        public var isImplied = false
    }

    /// Media of every call.
    public struct Media: Sendable, Hashable {
        /// Seconds without media after which a call is reported; 0 for never.
        public var timeoutSeconds: Int
        /// Mean between RTCP reports, ms.
        public var rtcpIntervalMilliseconds: Int
        /// Seconds between questions to the parties of calls on hold; 0: none.
        public var auditSeconds = 25
    }

    /// Limits of the node.
    public struct Limits: Sendable, Hashable {
        /// Calls at a time; nil: what the machine and the configuration are good for.
        public var calls: Int?
        /// Longest call, seconds; 0: no limit.
        public var callSeconds = 0
        /// The others, and what messages may cost.
        public var edge = Edge()
    }
}
