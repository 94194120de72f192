// SPDX-License-Identifier: Apache-2.0

/// What calls need of a number.
public struct NumberEntry: Sendable, Hashable {
    public let account: AccountIndex
    public let service: Service
    public let trunkSet: TrunkSet?
    let header: [UInt8]?
}

/// What calls need of an account.
public struct AccountEntry: Sendable, Hashable {
    public let name: [UInt8]
    public let label: [UInt8]
    public let activeSet: TrunkSet
    public let isScreened: Bool
    public let screening: ScreeningPolicy
    public let teamsTenantID: [UInt8]
}

/// The tenants.
public final class TenantDirectory {
    private var numbers: [E164: NumberEntry] = [:]
    private var accounts: [AccountEntry?] = []
    private var names: [String: AccountIndex] = [:]
    private var labels: [[UInt8]: AccountIndex] = [:]
    public private(set) var customHeaderName: [UInt8]?

    public init() {}

    public func number(_ number: E164) -> NumberEntry? { self.numbers[number] }
    public func account(_ index: AccountIndex) -> AccountEntry? {
        self.accounts.indices.contains(Int(index.value)) ? self.accounts[Int(index.value)] : nil
    }
    public func accountIndex(label: some Collection<UInt8>) -> AccountIndex? {
        self.labels[label.map { (0x41...0x5a).contains($0) ? $0 | 0x20 : $0 }]
    }
    public func customHeader(of entry: NumberEntry) -> [UInt8]? { entry.header }

    public func apply(_ change: DirectoryChange) {
        switch change {
        case .deployment(let deployment):
            self.customHeaderName = deployment.customHeader.map { Array($0.utf8) }
        case .account(let account):
            let entry = AccountEntry(
                name: Array(account.name.utf8), label: Array((account.label ?? "").utf8),
                activeSet: account.activeSet, isScreened: account.isScreened,
                screening: account.screening,
                teamsTenantID: Array((account.teamsTenantID ?? "").utf8))
            if let index = self.names[account.name] {
                self.accounts[Int(index.value)] = entry
            } else {
                let index = AccountIndex(UInt32(self.accounts.count))
                self.accounts.append(entry)
                self.names[account.name] = index
                self.labels[entry.label.map { (0x41...0x5a).contains($0) ? $0 | 0x20 : $0 }] =
                    index
            }
        case .accountRemoved(let name): self.names[name] = nil
        case .number(let number):
            guard let index = self.names[number.account] else { return }
            self.numbers[number.number] = NumberEntry(
                account: index, service: number.service, trunkSet: number.trunkSet,
                header: number.customHeader.map { Array($0.utf8) })
        case .numberRemoved(let number): self.numbers[number] = nil
        }
    }
}
