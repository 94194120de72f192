// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Tenancy

/// A directory with two regions, two services, two tenants and some numbers.
struct DirectoryFixture {
    let directory: TenantDirectory
    let reader: DirectoryReader

    init(_ limits: TenantDirectory.Limits = Self.limits) throws {
        self.directory = TenantDirectory(limits)
        self.reader = try #require(self.directory.makeReader())
        try self.directory.setTrunks(Self.trunks)
        try self.directory.apply(.account(Self.account("acme", label: "Acme")))
        var globex = Self.account("globex", label: "globex_9-x")
        globex.isLabelImported = true
        globex.activeSet = .bypass
        try self.directory.apply(.account(globex))
    }

    static var limits: TenantDirectory.Limits {
        var limits = TenantDirectory.Limits()
        limits.numbers = 100_000
        limits.accounts = 1000
        limits.texts = 10_000
        return limits
    }

    /// One of each set in both regions for Teams, a second plain one in region 1, and one of
    /// Operator Connect.
    static let trunks = [
        trunk("plain1", .plain, 1, "1r1.sbc.carrier.example", 5061),
        trunk("plain1b", .plain, 1, "1r1b.sbc.carrier.example", 5071),
        trunk("bypass1", .bypass, 1, "1b1.sbc.carrier.example", 5064),
        trunk("plain2", .plain, 2, "1r2.sbc.carrier.example", 5061),
        trunk("bypass2", .bypass, 2, "1b2.sbc.carrier.example", 5064),
        trunk("oc1", .plain, 1, "oc1.sbc.carrier.example", 5061, .operatorConnect),
    ]

    static func trunk(
        _ name: String, _ set: TrunkSet, _ region: Int, _ fqdn: String, _ port: UInt16,
        _ service: Service = .teamsDirectRouting
    ) -> CarrierTrunk {
        CarrierTrunk(
            name: name, service: service, set: set, region: region, fqdn: fqdn, port: port,
            realm: "edge", address: "203.0.113.\(region)")
    }

    static func account(_ name: String, label: String? = nil) -> Account {
        var account = Account(name: name)
        account.label = label
        account.services = [.teamsDirectRouting]
        return account
    }

    static func e164(_ text: String) throws -> E164 { try #require(E164(text.utf8)) }

    /// Provisions a number.
    func add(
        _ text: String, of account: String = "acme", _ service: Service = .teamsDirectRouting,
        set: TrunkSet? = nil, header: String? = nil
    ) throws {
        var number = ProvisionedNumber(
            try Self.e164(text), account: account, service: service)
        number.trunkSet = set
        number.customHeader = header
        try self.directory.apply(.number(number))
    }

    func remove(_ text: String) throws {
        try self.directory.apply(.numberRemoved(try Self.e164(text)))
    }

    func find(_ text: String) throws -> NumberEntry? {
        self.reader.number(try Self.e164(text))
    }

    /// Name of the account that the number's entry leads to.
    func owner(_ text: String) throws -> String? {
        try self.find(text).flatMap { self.reader.account($0.account)?.name }
    }

    func header(_ text: String) throws -> String? {
        self.reader.customHeader(of: try Self.e164(text)).map {
            String(decoding: $0, as: UTF8.self)
        }
    }

    func placement(_ text: String, region: Int = 1) throws -> Placement {
        let entry = try #require(try self.find(text))
        return try #require(self.reader.placement(of: entry, region: region))
    }

    func account(label: String) -> String? {
        self.reader.account(label: ArraySlice(label.utf8))?.name
    }

    /// Whose a host is, in words.
    func host(_ text: String, port: UInt16 = 5061) -> String {
        switch self.reader.derivedTrunk(host: ArraySlice(text.utf8), port: port) {
        case .derived(let account, let trunk): "\(account.name) at \(trunk.trunk.name)"
        case .carrierTrunk(let trunk): "trunk \(trunk.trunk.name)"
        case .unknownTenant(let trunk): "nobody at \(trunk.trunk.name)"
        case .wrongPort(let trunk): "other port than \(trunk.trunk.name)"
        case .unknown: "unknown"
        }
    }

    /// The refusal of a change; nil: it was made.
    func fault(_ change: DirectoryChange) -> FieldFault? {
        do throws(FieldFault) {
            try self.directory.apply(change)
            return nil
        } catch {
            return error
        }
    }
}

extension Placement {
    /// Names of the trunks.
    var names: [String] { self.trunks.map(\.trunk.name) }

    /// What stands in Contact at the first trunk.
    var contact: String? {
        self.trunks.first.map { trunk in
            var bytes: [UInt8] = []
            trunk.appendHost(self.label, to: &bytes)
            return String(decoding: bytes, as: UTF8.self) + ":\(trunk.trunk.port)"
        }
    }
}
