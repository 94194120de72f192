// SPDX-License-Identifier: Apache-2.0

/// Numbers that are moved together.
public enum MigrationCohort: Sendable, Hashable {
    /// These, in ascending order without repetition.
    case numbers([E164])
    /// All numbers of these accounts: the accounts themselves change, so that numbers that come
    /// later go along and a number with a set of its own keeps it.
    case accounts([String])
    /// So many percent of the numbers of each of these accounts, chosen by `bucket`.
    case share(percent: Int, of: [String])

    /// Numbers that one list may have.
    public static let numbersMax = 100_000

    /// Accounts that it names; none where it lists numbers.
    public var accounts: [String] {
        switch self {
        case .numbers: []
        case .accounts(let names), .share(_, let names): names
        }
    }

    /// A few words for lists.
    public var summary: String {
        switch self {
        case .numbers(let numbers): Self.count(numbers.count, "number")
        case .accounts(let names): "all of \(Self.list(names))"
        case .share(let percent, let names): "\(percent) % of \(Self.list(names))"
        }
    }

    /// "1 number", "2 numbers".
    static func count(_ count: Int, _ noun: String) -> String {
        "\(count) \(noun)\(count == 1 ? "" : "s")"
    }

    static func list(_ names: [String], most: Int = 3) -> String {
        let shown = names.prefix(most).joined(separator: ", ")
        return names.count <= most ? shown : "\(shown) and \(names.count - most) more"
    }

    /// Which hundredth of all numbers this one belongs to, 0...99: the same on every node and at
    /// all times, and with no regard to how numbers follow each other. (The finaliser of
    /// SplitMix64, whose output bits each depend on all bits of the number.)
    public static func bucket(_ number: E164) -> Int {
        var hash = number.value &+ 0x9e37_79b9_7f4a_7c15
        hash = (hash ^ (hash >> 30)) &* 0xbf58_476d_1ce4_e5b9
        hash = (hash ^ (hash >> 27)) &* 0x94d0_49bb_1331_11eb
        hash ^= hash >> 31
        return Int(truncatingIfNeeded: ((hash >> 32) * 100) >> 32)
    }
}

/// Which cohort a number belongs to: the first that names it. Made once from a plan's cohorts, for
/// then it is asked for every call.
public struct MigrationMembership: Sendable {
    private let accounts: Set<String>
    private var listed: [E164: Int] = [:]
    /// The first cohort that has all numbers of an account.
    private var whole: [String: Int] = [:]
    /// Cohorts that have a part of an account's numbers, with the buckets of each.
    private var shares: [String: [(cohort: Int, buckets: Range<Int>)]] = [:]

    /// Of cohorts that were checked. Two shares of one account take one bucket after the other, so
    /// that 5 % and then 20 % are 25 % together.
    init(accounts: [String], cohorts: [MigrationCohort]) {
        self.accounts = Set(accounts)
        for (position, cohort) in cohorts.enumerated() {
            switch cohort {
            case .numbers(let numbers):
                for number in numbers where self.listed[number] == nil {
                    self.listed[number] = position
                }
            case .accounts(let names):
                for name in names where self.whole[name] == nil { self.whole[name] = position }
            case .share(let percent, let names):
                for name in names {
                    let start = self.shares[name]?.last?.buckets.upperBound ?? 0
                    self.shares[name, default: []].append((position, start..<start + percent))
                }
            }
        }
    }

    /// The account is of the plan.
    public func has(account: String) -> Bool { self.accounts.contains(account) }

    /// The cohort, from 0; nil: none, or the account is not of the plan. A call whose number is not
    /// known is of its account alone.
    public func cohort(of number: E164?, account: String) -> Int? {
        guard self.accounts.contains(account) else { return nil }
        guard let number else { return self.whole[account] }
        let bucket = MigrationCohort.bucket(number)
        let share = self.shares[account]?.first { $0.buckets.contains(bucket) }?.cohort
        return [self.listed[number], self.whole[account], share].compactMap(\.self).min()
    }
}
