// SPDX-License-Identifier: Apache-2.0

/// How far a trunk takes part (provisioning model, section 1).
public enum TrunkState: UInt8, Sendable, Hashable, CaseIterable {
    /// It carries calls.
    case active = 0
    /// It gets no new calls; those in progress go on.
    case draining
    /// It gets none and takes none.
    case disabled

    /// The word for lists.
    public var title: String {
        switch self {
        case .active: "active"
        case .draining: "draining"
        case .disabled: "disabled"
        }
    }
}

/// What a plan asks of the provisioned data. An answer counts as long as the transaction that the
/// event is handled in; a directory that cannot answer throws, and nothing changes.
public protocol MigrationDirectory {
    /// The account with this name; nil: none.
    func account(_ name: String) throws(FieldFault) -> Account?
    /// The number; nil: nobody has it.
    func number(_ number: E164) throws(FieldFault) -> ProvisionedNumber?
    /// Hands over every number of an account, in any order.
    func forEachNumber(
        of account: String, _ body: (ProvisionedNumber) -> Void
    ) throws(FieldFault)
    /// All carrier trunks.
    func carrierTrunks() throws(FieldFault) -> [CarrierTrunk]
    /// The state of a carrier trunk; nil: there is none of this name.
    func state(ofTrunk name: String) throws(FieldFault) -> TrunkState?
    /// Who uses a set of a service now, in the whole deployment: accounts whose active set it is,
    /// and numbers that say it by themselves.
    func usage(of set: TrunkSet, service: Service) throws(FieldFault) -> TrunkSetUsage
}

/// Who uses a set of trunks.
public struct TrunkSetUsage: Sendable, Hashable {
    /// Accounts that have the service, and whose active set it is.
    public var accounts: Int
    /// Numbers of the service that say the set by themselves.
    public var numbers: Int

    /// From its parts.
    public init(accounts: Int, numbers: Int) {
        self.accounts = accounts
        self.numbers = numbers
    }

    /// Nobody does.
    public var isNone: Bool { self.accounts == 0 && self.numbers == 0 }
}
