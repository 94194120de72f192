// SPDX-License-Identifier: Apache-2.0

import CallControl
import NetworkAddress
public import Tenancy

/// What a trunk has to do with tenants, read from its section.
struct TrunkTenancyReader {
    private typealias Keys = TenancyKeys
    private let section: SectionReader
    private let hasHost: Bool

    /// For the section of one trunk; `hasHost` says that it names this node's own host.
    init(_ section: SectionReader, hasHost: Bool) {
        self.section = section
        self.hasHost = hasHost
    }

    /// The policy; where something is wrong an issue says so.
    func read() -> TrunkTenancy {
        var tenancy = TrunkTenancy()
        tenancy.service = self.section.word(Keys.service)
        if let set: TrunkSet = self.section.word(Keys.trunkSet) { tenancy.set = set }
        if let region = self.section.integer(Keys.region) { tenancy.region = region.value }
        if let need: TrunkTenancy.Need = self.section.word(Keys.need) { tenancy.need = need }
        tenancy.defaultService = self.section.word(Keys.defaultService)
        tenancy.showsTenantID = self.section.flag(Keys.showTenant)
        if let element = self.section.text(Keys.elin) { tenancy.elinElement = self.name(element) }
        self.check(tenancy)
        return tenancy
    }

    private func check(_ tenancy: TrunkTenancy) {
        if tenancy.service == nil {
            if tenancy.need != .none {
                self.fault(
                    Keys.need, "is for trunks to a service", "write service too, or leave it out")
            }
            if !tenancy.elinElement.isEmpty {
                self.fault(
                    Keys.elin, "is for trunks to a service", "write service too, or leave it out")
            }
        } else {
            for key in [Keys.defaultService, Keys.showTenant]
            where self.section.node(key) != nil {
                self.fault(
                    key, "is for trunks of the operator's side", "leave it out, or service")
            }
        }
        let isNamed = tenancy.service?.hasDerivedTrunks == true && tenancy.need != .none
        if isNamed, !self.hasHost {
            self.section.issues.add(
                self.section.line,
                SectionReader.join(self.section.key, TrunkTLSKeys.host.name), "is missing",
                "write `host: sbc.carrier.example` or the like: tenants' trunks have names below "
                    + "it, or write tenants: none")
        }
    }

    private func name(_ text: Located<String>) -> [UInt8] {
        let bytes = Array(text.value.utf8)
        let isName = bytes.allSatisfy {
            switch $0 {
            case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x2d, 0x2e, 0x5f: true
            default: false
            }
        }
        if isName, (1...64).contains(bytes.count) { return bytes }
        self.section.issues.add(
            text, "\(Shown.value(text.value)) is no name of an element",
            "write its local name, such as \(Keys.elin.example)")
        return []
    }

    private func fault(_ key: Key, _ problem: String, _ fix: String) {
        self.section.issues.add(
            self.section.node(key)?.line ?? self.section.line,
            SectionReader.join(self.section.key, key.name), problem, fix)
    }
}

extension ConfigurationReader {
    /// Trunks that emergency calls go straight to, by their positions.
    func emergencyTrunks(
        _ sections: [SectionReader], _ trunks: inout [LocatedTrunk], _ names: Names
    ) {
        for section in sections {
            guard let texts = section.texts(TenancyKeys.emergencyTo),
                let name = section.text(TrunkKeys.name)?.value,
                let position = trunks.firstIndex(where: { $0.name.value == name })
            else { continue }
            trunks[position].value.limits.emergencyTrunks = texts.compactMap {
                self.resolve($0, names, "trunk")
            }
        }
    }

    /// Trunks to services stand together as tenants' sets need it.
    func checkCarrierTrunks(_ file: NodeConfiguration, _ trunks: [LocatedTrunk]) {
        let carriers = file.carrierTrunks
        for position in carriers.indices {
            guard let fault = CarrierTrunk.fault(among: Array(carriers[...position])) else {
                continue
            }
            let trunk = trunks.first { $0.name.value == carriers[position].name }
            let key = String(fault.field.drop { $0 != "." }.dropFirst())
            let place = trunk.map { $0.name.map { _ in "" } }
            self.issues.add(
                place?.line ?? SourceLine(1), "trunks.\(carriers[position].name).\(key)",
                fault.problem, fault.allowed)
            return
        }
    }
}

extension NodeConfiguration {
    /// This node's own name at a trunk: the trunk's, else its listener's; nil: it has none.
    public func host(of trunk: Trunk) -> String? {
        trunk.host ?? self.listeners[trunk.listener].host
    }

    /// The trunks to services that know tenants by names, as these see them.
    public var carrierTrunks: [CarrierTrunk] {
        self.trunks.compactMap { trunk in
            guard let service = trunk.tenancy.service, let host = self.host(of: trunk) else {
                return nil
            }
            let listener = self.listeners[trunk.listener].address
            return CarrierTrunk(
                name: trunk.name, service: service, set: trunk.tenancy.set,
                region: trunk.tenancy.region, fqdn: host, port: listener.port,
                realm: self.realms[trunk.realm].name, address: "\(listener.address)")
        }
    }
}
