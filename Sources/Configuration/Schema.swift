// SPDX-License-Identifier: Apache-2.0

/// What a key takes, its default and what it means: the reader, the checks and the example file
/// are made from this one list.
struct Key: Sendable {
    enum Kind: Sendable {
        case integer(ClosedRange<Int>)
        case flag
        case text
        case texts
        case integers(ClosedRange<Int>)
    }

    /// What a key without a value means.
    enum Absent: Sendable {
        /// The key must be there.
        case required
        /// This, as it would be written.
        case standard(String)
        /// This, which is not a value to write.
        case described(String)
    }

    let name: String
    let kind: Kind
    let absent: Absent
    /// Unit, or nil where the value is none.
    let unit: String?
    /// One sentence.
    let meaning: String
    /// Value in the example file.
    let example: String
    /// In the example file the key is a comment: few need it.
    let isRare: Bool

    init(
        _ name: String, _ kind: Kind, _ absent: Absent, unit: String? = nil, _ meaning: String,
        example: String, isRare: Bool = false
    ) {
        self.name = name
        self.kind = kind
        self.absent = absent
        self.unit = unit
        self.meaning = meaning
        self.example = example
        self.isRare = isRare
    }
}

/// A section of the file.
struct SectionSchema: Sendable {
    let name: String
    let isList: Bool
    let meaning: String
    let keys: [Key]
    /// More elements of the list in the example file, each on one line with the sentence above it.
    var others: [(meaning: String, example: String)] = []
}

/// The whole file.
enum Schema {
    static let sections = [
        node, fastPath, realms, listeners, trunks, tenants, routes, media, limits,
        DNSKeys.section, trace, mcp, store, records,
    ]

    static let node = SectionSchema(
        name: "node", isList: false, meaning: "This node.",
        keys: [
            NodeKeys.name, NodeKeys.runtimeDirectory, NodeKeys.stateDirectory,
            NodeKeys.profileDirectory, TenancyKeys.nodeRegion,
        ])
    static let fastPath = SectionSchema(
        name: "fastpath", isList: false, meaning: "The process that relays media.",
        keys: [
            FastPathKeys.cores, FastPathKeys.housekeepingCore, FastPathKeys.hugePages,
            FastPathKeys.memory, FastPathKeys.flows, FastPathKeys.secureFlows,
        ])
    static let realms = SectionSchema(
        name: "realms", isList: true,
        meaning: "Media interfaces, 1 to 32, with at most 64 addresses together.",
        keys: [
            RealmKeys.name, RealmKeys.attach, RealmKeys.interface, RealmKeys.addresses,
            RealmKeys.ports, RealmKeys.onePort, RealmKeys.dscp, RealmKeys.vlan,
            RealmKeys.gatewayMAC, RealmKeys.twin,
        ],
        others: [
            (
                "The other side, with no more than it needs.",
                "{ name: service, attach: xdp, interface: eth2, addresses: [203.0.113.1] }"
            )
        ])
    static let listeners = SectionSchema(
        name: "listeners", isList: true,
        meaning: "SIP addresses of this node, at most 64; a trunk that names none has its own.",
        keys: [ListenerKeys.name, ListenerKeys.transport, ListenerKeys.address]
            + ListenerTLSKeys.all,
        others: [
            (
                "Where the other side comes in.",
                "{ name: service, transport: tcp, address: \"203.0.113.1:5060\" }"
            )
        ])
    static let trunks = SectionSchema(
        name: "trunks", isList: true,
        meaning: "SIP neighbours, at most 1000. Requests from anybody else are refused.",
        keys: [
            TrunkKeys.name, TrunkKeys.listener, TrunkKeys.realm, PeerKeys.peer,
            PeerKeys.peers, PeerKeys.optionsInterval, TrunkKeys.sources, TrunkKeys.codecs,
            TrunkKeys.learnSource, TrunkKeys.maxCalls,
            TrunkKeys.srtp, TrunkKeys.suites, TrunkKeys.keying, TrunkKeys.ice,
            TrunkKeys.earlyLatch, TrunkKeys.rtcpMux, FailoverKeys.codes, FailoverKeys.silence,
            FailoverKeys.deadline, TrunkLimitKeys.redirect, TrunkLimitKeys.callsPerSecond,
            TrunkLimitKeys.requestsPerSecond, TrunkLimitKeys.refusalStatus, TrunkLimitKeys.tenant,
            TrunkLimitKeys.emergencyNumbers, TrunkLimitKeys.emergencyExempt,
            TransferKeys.refer, TransferKeys.replaces, TransferKeys.sendReplaces,
            TransferKeys.events,
        ] + ProfileKeys.all + TenancyKeys.all + TrunkTLSKeys.all + InterworkingKeys.all
            + DialogKeys.all + DigitKeys.all
            + TrunkRuleKeys.all + TrunkAuthenticationKeys.all + MessageLimitKeys.all,
        others: [
            (
                "The neighbour on the other side.",
                "{ name: service, listener: service, realm: service,\n"
                    + "      peer: \"sip:203.0.113.2:5060;transport=tcp\" }"
            )
        ])
    static let routes = SectionSchema(
        name: "routes", isList: true,
        meaning: "Where calls go: the longest prefix of the called number wins.",
        keys: [RouteKeys.prefix, RouteKeys.from, RouteKeys.to],
        others: [
            (
                "Whatever the other side calls goes out to the carrier.",
                "{ prefix: \"\", from: service, to: carrier }"
            )
        ])
    static let media = SectionSchema(
        name: "media", isList: false, meaning: "Media of every call.",
        keys: [MediaKeys.timeout, MediaKeys.rtcpInterval, DialogKeys.audit])
    static let limits = SectionSchema(
        name: "limits", isList: false, meaning: "Limits of the node.",
        keys: [
            LimitKeys.calls, OverloadKeys.callsPerSecond, OverloadKeys.sourceCalls,
            OverloadKeys.sourceCallsPerSecond, OverloadKeys.emergencyCalls,
            OverloadKeys.emergencyPreempts, OverloadKeys.unknownSources,
            OverloadKeys.unknownMessages, OverloadKeys.sourceMessages, OverloadKeys.faults,
            OverloadKeys.scanners, OverloadKeys.messageBytes, OverloadKeys.uriBytes,
            OverloadKeys.headerBytes, DialogKeys.nodeCallSeconds,
        ])

    static let listenerLimit = 64
    static let trunkLimit = 1000
    static let routeTrunkLimit = 8
    static let realmLimit = 32
    static let addressLimit = 64
    static let nameBytes = 31
}
