// SPDX-License-Identifier: Apache-2.0

import Tenancy

/// Tenants and numbers of a large operator: blocks of 100 consecutive numbers, each a tenant's, in
/// random places of the number space.
struct Population {
    /// Numbers of a block.
    static let block = 100
    /// A prime: multiples of anything else, taken modulo it, are places without repetition.
    private static let places: UInt64 = 999_999_937
    private static let stride: UInt64 = 617_777_777

    let numbers: Int

    var accounts: Int { self.numbers / Self.block }

    /// A number by its position.
    func number(_ position: Int) -> E164? {
        let (block, rest) = position.quotientAndRemainder(dividingBy: Self.block)
        let place = UInt64(block) &* Self.stride % Self.places
        return E164(value: 100_000_000_000 + place * UInt64(Self.block) + UInt64(rest))
    }

    static func account(_ position: Int) -> Account {
        var account = Account(name: "tenant-\(position)")
        account.label = "t\(position)"
        account.services = [.teamsDirectRouting]
        account.activeSet = position.isMultiple(of: 2) ? .plain : .bypass
        account.teamsTenantID = "12345678-1234-4123-8123-123456789abc"
        return account
    }

    func provisioned(_ position: Int) -> ProvisionedNumber? {
        guard let number = self.number(position) else { return nil }
        var provisioned = ProvisionedNumber(
            number, account: "tenant-\(position / Self.block)", service: .teamsDirectRouting)
        if position % 16 == 7 { provisioned.trunkSet = .bypass }
        return provisioned
    }

    static let trunks: [CarrierTrunk] = TrunkSet.allCases.enumerated().map { position, set in
        CarrierTrunk(
            name: set.rawValue, service: .teamsDirectRouting, set: set, region: 1,
            fqdn: "1\(set == .plain ? "r" : "b")1.sbc.carrier.example",
            port: UInt16(5061 + position), realm: "edge", address: "203.0.113.1")
    }
}
