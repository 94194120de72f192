// SPDX-License-Identifier: Apache-2.0

/// The position of an account in a node's tables, and which of the accounts that had it one after
/// the other. Not for storing: it differs from node to node.
public struct AccountIndex: Sendable, Hashable {
    /// The position, and above it the generation.
    public let value: UInt32
    /// From its value.
    public init(_ value: UInt32) { self.value = value }

    /// Bits of a position.
    static let positionBits: UInt32 = 20
    /// Bits of a generation. A position is used again only after all others that are free: 1,024
    /// accounts have had it before an old index leads to one again.
    static let generationBits: UInt32 = 10

    init(position: Int, generation: UInt64) {
        self.init(
            UInt32(truncatingIfNeeded: generation) << Self.positionBits
                | UInt32(truncatingIfNeeded: position))
    }

    var position: Int { Int(self.value & (1 << Self.positionBits - 1)) }
    var generation: UInt64 { UInt64(self.value >> Self.positionBits) }
}

/// What a call has to know of a tenant.
public final class AccountEntry: Sendable {
    /// By this it is found again, until it is removed.
    public let index: AccountIndex
    /// Its name.
    public let name: String
    /// First label of its derived trunks; nil: it has none.
    public let label: Label?
    /// The trunks that its calls use, but for numbers that say otherwise.
    public let activeSet: TrunkSet
    /// Its callers' numbers have to be its own.
    public let isScreened: Bool
    /// How that is judged.
    public let screening: ScreeningPolicy
    /// Its tenant at Microsoft; nil: not known.
    public let teamsTenantID: String?
    private let services: UInt64

    init(_ account: Account, _ label: Label?, _ index: AccountIndex) {
        self.index = index
        self.name = account.name
        self.label = label
        self.activeSet = account.activeSet
        self.isScreened = account.isScreened
        self.screening = account.screening
        self.teamsTenantID = account.teamsTenantID
        self.services = account.services.reduce(0) { $0 | 1 << $1.code }
    }

    /// It may use the service.
    public func uses(_ service: Service) -> Bool { self.services & 1 << service.code != 0 }
}

/// What a call to a tenant's number needs to find its trunk, in one word: with so little, those of
/// all tenants stay in the processor's caches.
///
///     bits  0 to 52  key of the label; 0: none
///                53  set: 0 plain, 1 bypass
///          54 to 63  generation of the position's account
struct AccountWord {
    let word: UInt64

    init(word: UInt64) { self.word = word }

    init(label: Label?, set: TrunkSet, generation: UInt64) {
        let set: UInt64 = set == .plain ? 0 : 1
        self.word =
            (label?.key ?? 0) | set << Label.keyBits | generation << (Label.keyBits + 1)
    }

    var label: Label? { Label(key: self.word & (1 << Label.keyBits - 1)) }
    var activeSet: TrunkSet { self.word >> Label.keyBits & 1 == 0 ? .plain : .bypass }
    var generation: UInt64 { self.word >> (Label.keyBits + 1) }

    /// That of who has the position after this account, before anybody does.
    var next: AccountWord {
        let generations: UInt64 = 1 << UInt64(AccountIndex.generationBits)
        return AccountWord(
            label: nil, set: .plain, generation: (self.generation + 1) % generations)
    }
}
