// SPDX-License-Identifier: Apache-2.0

import FlowABI
import Management
import NetworkAddress

/// The flows file of `trunkline replay`: which flows the fast path has when the capture's first
/// packet comes. JSON; names are those of `struct tl_flow_spec` in the contract.
///
///     {
///       "realm": {                         what listens; everything but addresses has a default
///         "addresses": ["198.18.1.1"],     local media addresses, IPv4 and IPv6
///         "ports": "1024-65535",           media ports: first even, last odd
///         "dscp": 0,                       0...63
///         "vlan": 0,                       0 = untagged
///         "gateway_mac": "02:00:00:00:00:01"     where everything is sent
///       },
///       "flows": [
///         {
///           "name": "a",                   for "peer"; default: its place in the list
///           "peer": "b",                   name or place of the flow by which its media leaves
///           "local": "198.18.1.1:20000",   required; port even
///           "remote": "198.18.1.2:6000",   the party's address; default: not known yet
///           "remote_rtcp_port": 0,         0 = the port after remote's
///           "flags": ["receive", "send"],  of: receive send rtcp_mux rtcp learn deliver
///           "ssrc": 1, "initial_sequence": 0, "initial_timestamp": 0,    of what is sent
///           "dscp": 0, "clock_rate_hz": 8000,
///           "packets_per_second": 100, "bits_per_second": 192000,        budgets
///           "media_timeout_ms": 0, "learn_window_ms": 0, "rtcp_interval_ms": 0,
///           "payload_types": [0, {"ingress": 96, "egress": 101}],  required; a number stays itself
///           "srtp": {                      default: RTP in the clear
///             "receive": "1 AES_CM_128_HMAC_SHA1_80 inline:...",   the party's a=crypto
///             "send": "1 AES_CM_128_HMAC_SHA1_80 inline:..."       ours
///           },
///           "ice": {                       default: no ICE
///             "ufrag": "8hhY", "password": "asd88fgpdd777uzjYhagZg",   ours
///             "remote_ufrag": "9uB6",      default: any
///             "early_latch": false         with srtp: media before a nomination
///           }
///         }
///       ]
///     }
struct FlowsFile: Equatable {
    var addresses: [IPAddress] = []
    var ports: ClosedRange<UInt16> = 1024...65535
    var dscp: UInt8 = 0
    var vlan = 0
    var gatewayMAC = "02:00:00:00:00:01"
    var flows: [FlowSpecification] = []
    /// Of each flow its keys and credentials, where it has some.
    var keys: [FlowKeys?] = []
    var ice: [FlowICE?] = []

    static let flowsMax = 65_536

    init(_ document: JSONValue) throws(Failure) {
        let root = DocumentPlace(document, "")
        try root.allow(["realm", "flows"])
        try self.readRealm(root.required("realm"))
        let list = try root.required("flows").elements(1...Self.flowsMax)
        var names: [String: Int] = [:]
        for (index, flow) in list.enumerated() {
            guard let name = try flow.optional("name")?.string() else { continue }
            guard names.updateValue(index, forKey: name) == nil else {
                throw flow.fault("name", "another flow has the name \"\(name)\" too")
            }
        }
        var ports: Set<SocketAddress> = []
        for flow in list {
            let (specification, local) = try self.flow(flow, names, count: list.count)
            guard ports.insert(local).inserted else {
                throw flow.fault("local", "another flow has \(local) too")
            }
            self.flows.append(specification)
            self.keys.append(try flow.optional("srtp")?.keys())
            self.ice.append(try flow.optional("ice")?.credentials())
        }
    }

    private mutating func readRealm(_ realm: DocumentPlace) throws(Failure) {
        try realm.allow(["addresses", "ports", "dscp", "vlan", "gateway_mac"])
        for address in try realm.required("addresses").elements(1...64) {
            guard let parsed = IPAddress(try address.string()) else {
                throw address.fault("write an IPv4 or IPv6 address")
            }
            self.addresses.append(parsed)
        }
        if let ports = try realm.optional("ports") {
            let bounds = try ports.string().split(separator: "-").compactMap { UInt16($0) }
            guard bounds.count == 2, bounds[0] < bounds[1], bounds[0] % 2 == 0, bounds[1] % 2 == 1
            else { throw ports.fault("write FIRST-LAST, the first port even, the last odd") }
            self.ports = bounds[0]...bounds[1]
        }
        self.dscp = UInt8(try realm.number("dscp", 0...63) ?? 0)
        self.vlan = try realm.number("vlan", 0...4094) ?? 0
        if let place = try realm.optional("gateway_mac") {
            let mac = try place.string()
            let parts = mac.split(separator: ":", omittingEmptySubsequences: false)
            guard parts.count == 6,
                parts.allSatisfy({ $0.count == 2 && UInt8($0, radix: 16) != nil })
            else { throw place.fault("write six bytes as 02:00:00:00:00:01") }
            self.gatewayMAC = mac
        }
    }

    private static let members = [
        "name", "peer", "local", "remote", "remote_rtcp_port", "flags", "ssrc", "initial_sequence",
        "initial_timestamp", "dscp", "clock_rate_hz", "packets_per_second", "bits_per_second",
        "media_timeout_ms", "learn_window_ms", "rtcp_interval_ms", "payload_types", "srtp",
        "ice",
    ]

    private func flow(
        _ place: DocumentPlace, _ names: [String: Int], count: Int
    ) throws(Failure) -> (FlowSpecification, SocketAddress) {
        try place.allow(Self.members)
        let localPlace = try place.required("local")
        let local = try localPlace.socketAddress()
        guard let address = self.addresses.firstIndex(of: local.address) else {
            throw localPlace.fault("\(local.address) is not among realm.addresses")
        }
        guard local.port % 2 == 0, self.ports.contains(local.port) else {
            let range = "\(self.ports.lowerBound)-\(self.ports.upperBound)"
            throw localPlace.fault("the port is odd, or outside \(range)")
        }
        let ssrc = try place.number("ssrc", 0...0xffff_ffff) ?? 1
        var flow = FlowSpecification(
            address: AddressIndex(UInt16(address)), localPort: local.port, ssrc: UInt32(ssrc))
        flow.peer = try place.optional("peer")?.peer(names, count: count)
        flow.remote = try place.optional("remote")?.socketAddress()
        flow.flags = try self.flags(place).union(self.secureFlags(place))
        flow.payloadTypes = try self.payloadTypes(place.required("payload_types"))
        try self.readNumbers(place, into: &flow)
        return (flow, local)
    }

    private func readNumbers(
        _ place: DocumentPlace, into flow: inout FlowSpecification
    ) throws(Failure) {
        func set<Number: FixedWidthInteger>(
            _ path: WritableKeyPath<FlowSpecification, Number>, _ name: String,
            _ range: ClosedRange<Int>
        ) throws(Failure) {
            if let value = try place.number(name, range) { flow[keyPath: path] = Number(value) }
        }
        flow.dscp = self.dscp
        try set(\.remoteRTCPPort, "remote_rtcp_port", 0...65535)
        try set(\.initialSequence, "initial_sequence", 0...65535)
        try set(\.initialTimestamp, "initial_timestamp", 0...0xffff_ffff)
        try set(\.dscp, "dscp", 0...63)
        try set(\.clockRateHz, "clock_rate_hz", 8000...192_000)
        try set(\.packetsPerSecond, "packets_per_second", 1...1_000_000)
        try set(\.bitsPerSecond, "bits_per_second", 1...1_000_000_000)
        try set(\.mediaTimeoutMs, "media_timeout_ms", 0...3_600_000)
        try set(\.learnWindowMs, "learn_window_ms", 0...60_000)
        try set(\.rtcpIntervalMs, "rtcp_interval_ms", 0...60_000)
    }

    private static let flagNames: [(String, FlowSpecification.Flags)] = [
        ("receive", .receive), ("send", .send), ("rtcp_mux", .rtcpMux), ("rtcp", .rtcp),
        ("learn", .learn), ("deliver", .deliver),
    ]

    private func flags(_ flow: DocumentPlace) throws(Failure) -> FlowSpecification.Flags {
        guard let list = try flow.optional("flags") else { return [.receive, .send] }
        var flags: FlowSpecification.Flags = []
        for place in try list.elements(0...Self.flagNames.count) {
            let name = try place.string()
            guard let flag = Self.flagNames.first(where: { $0.0 == name })?.1 else {
                let known = Self.flagNames.map(\.0).joined(separator: ", ")
                throw place.fault("there is no flag \"\(name)\"; write \(known)")
            }
            flags.insert(flag)
        }
        return flags
    }

    private func payloadTypes(
        _ list: DocumentPlace
    ) throws(Failure) -> [FlowSpecification.PayloadType] {
        var types: [FlowSpecification.PayloadType] = []
        for place in try list.elements(1...FlowSpecification.payloadTypesMax) {
            if place.value.object != nil {
                try place.allow(["ingress", "egress"])
                let ingress = try place.required("ingress").integer(0...127)
                let egress = try place.required("egress").integer(0...127)
                types.append(.init(ingress: UInt8(ingress), egress: UInt8(egress)))
            } else {
                let type = UInt8(try place.integer(0...127))
                types.append(.init(ingress: type, egress: type))
            }
        }
        return types
    }

    /// The commands that install the flows, as records of the contract.
    var commands: [UInt8] {
        var commands: [UInt8] = []
        var sequence: UInt32 = 0
        for (index, flow) in self.flows.enumerated() {
            let id = FlowID(index: FlowIndex(UInt32(index)), generation: Generation(1))
            let operations: [FlowCommand.Operation?] = [
                .add(flow), self.keys[index].map { .keys($0) }, self.ice[index].map { .ice($0) },
            ]
            for operation in operations.compactMap(\.self) {
                sequence += 1
                commands += FlowCommand(operation, flow: id).bytes(sequence: sequence)
            }
        }
        return commands
    }
}
