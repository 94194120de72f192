// SPDX-License-Identifier: Apache-2.0

import Store
import Tenancy

/// What a plan asks of the store and the node. A store that cannot answer is remembered: its fault
/// is what the asker gets, in place of the plan's.
final class StoreDirectory: MigrationDirectory {
    private let store: any ProvisioningStore
    private let trunks: [CarrierTrunk]
    /// Why the store could not answer; nil: it could.
    private(set) var storeFault: StoreFault?

    /// Numbers that are read at a time.
    private static let pageSize = 10_000

    init(_ store: any ProvisioningStore, _ trunks: [CarrierTrunk]) {
        self.store = store
        self.trunks = trunks
    }

    private func asking<Value>(
        _ body: () throws(StoreFault) -> Value
    ) throws(FieldFault) -> Value {
        do throws(StoreFault) {
            return try body()
        } catch {
            self.storeFault = error
            throw FieldFault(.wrongState, "migration.store", "\(error)", "see trunkline status")
        }
    }

    func account(_ name: String) throws(FieldFault) -> Account? {
        try self.asking { () throws(StoreFault) in try self.store.account(named: name) }
    }

    func number(_ number: E164) throws(FieldFault) -> ProvisionedNumber? {
        try self.asking { () throws(StoreFault) in try self.store.number(number) }
    }

    func forEachNumber(
        of account: String, _ body: (ProvisionedNumber) -> Void
    ) throws(FieldFault) {
        for range in NumberRange.everything {
            var rest: ClosedRange<E164>? = range
            while let range = rest {
                let page = try self.asking { () throws(StoreFault) in
                    try self.store.numbers(in: range, of: account, limit: Self.pageSize)
                }
                page.forEach(body)
                guard page.count == Self.pageSize, let last = page.last?.number,
                    let next = E164(value: last.value + 1), next <= range.upperBound
                else { break }
                rest = next...range.upperBound
            }
        }
    }

    func carrierTrunks() -> [CarrierTrunk] { self.trunks }

    func state(ofTrunk name: String) throws(FieldFault) -> TrunkState? {
        guard self.trunks.contains(where: { $0.name == name }) else { return nil }
        return try self.asking { () throws(StoreFault) in
            try self.store.trunkStates()[name] ?? .active
        }
    }

    func usage(of set: TrunkSet, service: Service) throws(FieldFault) -> TrunkSetUsage {
        try self.asking { () throws(StoreFault) in
            try self.store.usage(of: set, service: service)
        }
    }
}
