// SPDX-License-Identifier: Apache-2.0

/// A number of a tenant.
public struct ProvisionedNumber: Sendable, Hashable {
    /// The number; one account has it.
    public var number: E164
    /// Name of the account.
    public var account: String
    /// The service that is active for it.
    public var service: Service
    /// The set of trunks that its calls use; nil: as the account says.
    public var trunkSet: TrunkSet?
    /// Contents of the custom header of its calls, `Fields.customHeader`; nil: none.
    public var customHeader: String?
    /// Where it stands, for services that keep addresses.
    public var emergency: EmergencyAddress?

    /// A number without anything of its own.
    public init(_ number: E164, account: String, service: Service) {
        self.number = number
        self.account = account
        self.service = service
    }

    /// Names of a civic address and a place in it, as the service keeps them.
    public struct EmergencyAddress: Sendable, Hashable {
        /// The address.
        public var civicAddressID: String?
        /// The place in it.
        public var locationID: String?
        /// The tenant may change it.
        public var allowsTenantUpdate: Bool

        /// From its parts.
        public init(
            civicAddressID: String? = nil, locationID: String? = nil,
            allowsTenantUpdate: Bool = false
        ) {
            self.civicAddressID = civicAddressID
            self.locationID = locationID
            self.allowsTenantUpdate = allowsTenantUpdate
        }
    }

    /// The first fault of its fields; nil: none.
    public func fault() -> FieldFault? {
        self.customHeader.flatMap(Fields.customHeader.fault)
            ?? self.emergency?.civicAddressID.flatMap(Fields.civicAddress.fault)
            ?? self.emergency?.locationID.flatMap(Fields.location.fault)
    }
}
