// SPDX-License-Identifier: Apache-2.0

/// A trunk to a service as tenants see it: what its settings say that concerns them. Its settings
/// themselves are those of any trunk.
public struct CarrierTrunk: Sendable, Hashable {
    /// The trunk's name.
    public var name: String
    /// The service.
    public var service: Service
    /// Which set it belongs to.
    public var set: TrunkSet
    /// The region that it stands in, 1 or 2.
    public var region: Int
    /// This node's name there: Contact of OPTIONS, and the parent of all derived trunks.
    public var fqdn: String
    /// Port of its listener, which stands in every Contact.
    public var port: UInt16
    /// The realm of its media.
    public var realm: String
    /// The listener's address, to see that no two trunks share address and port.
    public var address: String

    /// From its parts.
    public init(
        name: String, service: Service, set: TrunkSet, region: Int, fqdn: String, port: UInt16,
        realm: String, address: String
    ) {
        self.name = name
        self.service = service
        self.set = set
        self.region = region
        self.fqdn = fqdn
        self.port = port
        self.realm = realm
        self.address = address
    }

    /// The first fault of its fields; nil: none.
    public func fault() -> FieldFault? {
        if let fault = Fields.trunkFQDN.fault(self.fqdn) { return fault }
        guard !Fields.hasSuffix(self.fqdn, ".onmicrosoft.com") else {
            return FieldFault(
                .badValue, "trunk.fqdn", "ends in onmicrosoft.com, which the service refuses",
                "a name of a domain of your own")
        }
        return nil
    }

    /// The first fault of trunks that stand together: names, addresses and ports, and what two sets
    /// of one region have to share (tenant-provisioning-model section 4: the media pool) and not
    /// to share (the port).
    public static func fault(among trunks: [CarrierTrunk]) -> FieldFault? {
        for (position, trunk) in trunks.enumerated() {
            if let fault = trunk.fault() { return fault }
            for other in trunks[..<position] {
                if let fault = trunk.fault(beside: other) { return fault }
            }
        }
        return nil
    }

    private func fault(beside other: CarrierTrunk) -> FieldFault? {
        if Fields.isSame(self.fqdn, other.fqdn) {
            return FieldFault(
                .notUnique, "trunk.fqdn", "is that of trunk \(other.name) too",
                "one name for each trunk, also of different services")
        }
        guard self.service == other.service, self.region == other.region, self.set != other.set
        else { return nil }
        if self.realm != other.realm {
            return FieldFault(
                .conflict, "trunk.realm",
                "differs from that of trunk \(other.name), the other set of its region",
                "the same realm for both: media ports stay the same when a tenant moves")
        }
        if self.address == other.address, self.port == other.port {
            return FieldFault(
                .conflict, "trunk.port",
                "is that of trunk \(other.name), the other set of its region",
                "another port: the service tells the sets apart by it")
        }
        return nil
    }
}
