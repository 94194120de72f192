// SPDX-License-Identifier: Apache-2.0

public import Tenancy

/// Where the deployment, its tenants and their numbers are kept. Used by one thread at a time.
///
/// Everything that changes something stands between `begin` and `commit` or `rollBack`; what was
/// not committed never was, whatever ends the process. The store holds what the model says must
/// never be otherwise by constraints of its own: a number has one account, names and labels (these
/// without regard to case) are unique, an account with numbers stays.
public protocol ProvisioningStore: AnyObject {
    /// What keeps it from taking changes, as of the last attempt; nil: nothing does.
    var fault: StoreFault? { get }

    /// Begins to change. Throws where no change can be taken at the moment.
    func begin() throws(StoreFault)
    /// Keeps what was changed; where it throws nothing was kept, and `rollBack` follows.
    func commit() throws(StoreFault)
    /// Drops what was changed.
    func rollBack()
    /// Tries whether changes can be taken again; says so by `fault`.
    func probe()

    /// What holds for all tenants; nil: nothing was said yet.
    func deployment() throws(StoreFault) -> Deployment?
    /// Sets it.
    func put(_ deployment: Deployment) throws(StoreFault)

    /// How many accounts and numbers there are.
    func totals() throws(StoreFault) -> StoreTotals
    /// The account of this name.
    func account(named name: String) throws(StoreFault) -> Account?
    /// The account with this label, whatever its case.
    func account(labelled label: String) throws(StoreFault) -> Account?
    /// Accounts whose names begin with `prefix`, by name, after `after`; at most `limit`.
    func accounts(
        prefix: String, after: String?, limit: Int
    ) throws(StoreFault) -> [Account]
    /// Makes the account, or changes the one of its name.
    func put(_ account: Account) throws(StoreFault)
    /// Removes an account without numbers.
    func removeAccount(named name: String) throws(StoreFault)
    /// How many numbers an account has, by service.
    func numberCounts(of account: String) throws(StoreFault) -> [Service: Int]

    /// A number.
    func number(_ number: E164) throws(StoreFault) -> ProvisionedNumber?
    /// Numbers in a range, of one account where one is named, by value; at most `limit`.
    func numbers(
        in range: ClosedRange<E164>, of account: String?, limit: Int
    ) throws(StoreFault) -> [ProvisionedNumber]
    /// Makes the number, or changes it. Its account is there.
    func put(_ number: ProvisionedNumber) throws(StoreFault)
    /// Removes a number.
    func remove(_ number: E164) throws(StoreFault)

    /// Adds a line to the audit; the oldest go where there are more than `AuditLine.linesMax`.
    func append(_ line: AuditLine) throws(StoreFault)
    /// Lines of the audit, of one subject where one is named, the newest first, older than the line
    /// `before`; at most `limit`.
    func audit(
        subject: String?, before: Int64?, limit: Int
    ) throws(StoreFault) -> [AuditLine]

    /// Who uses a set of a service: accounts whose active set it is, and numbers that say it by
    /// themselves.
    func usage(of set: TrunkSet, service: Service) throws(StoreFault) -> TrunkSetUsage

    /// States of trunks that somebody has set; the others are active.
    func trunkStates() throws(StoreFault) -> [String: TrunkState]
    /// Sets one.
    func put(_ state: TrunkState, ofTrunk name: String) throws(StoreFault)

    /// Names of the plans of migrations, in order.
    func migrationNames() throws(StoreFault) -> [String]
    /// A plan and the figures of its calls. Throws `unreadable` for one that is damaged by itself.
    func migration(named name: String) throws(StoreFault) -> StoredMigration?
    /// Makes the plan, or changes the one of its name.
    func put(_ migration: StoredMigration) throws(StoreFault)
    /// Sets the figures of a plan that is there.
    func put(_ figures: MigrationFigures, ofMigration name: String) throws(StoreFault)
    /// Removes a plan.
    func removeMigration(named name: String) throws(StoreFault)

    /// Every account, in no particular order.
    func loadAccounts(_ body: (Account) -> Void) throws(StoreFault)
    /// Every number, by value: blocks of one account come one after the other.
    func loadNumbers(_ body: (ProvisionedNumber) -> Void) throws(StoreFault)
}

/// How much a store has.
public struct StoreTotals: Sendable, Hashable {
    /// Accounts.
    public var accounts: Int
    /// Numbers of all accounts.
    public var numbers: Int

    /// From its parts.
    public init(accounts: Int, numbers: Int) {
        self.accounts = accounts
        self.numbers = numbers
    }
}

/// A plan of a migration, and the figures of its calls as they were at last.
public struct StoredMigration: Sendable {
    /// The plan.
    public var plan: MigrationPlan
    /// Its figures.
    public var figures: MigrationFigures

    /// From its parts.
    public init(plan: MigrationPlan, figures: MigrationFigures) {
        self.plan = plan
        self.figures = figures
    }
}

/// One change: who made it, when, and what was before and after.
public struct AuditLine: Sendable, Hashable {
    /// Lines that are kept.
    public static let linesMax = 1_000_000

    /// Its number, growing; zero until it is stored.
    public var number: Int64 = 0
    /// When, milliseconds since 1970.
    public var wallMs: Int64
    /// User id of who asked; nil: not known.
    public var user: UInt32?
    /// What was done: the verb.
    public var verb: String
    /// To what: "tenant acme", "numbers of acme", "deployment".
    public var subject: String
    /// What was there, JSON; nil: nothing was.
    public var before: String?
    /// What is there since, JSON; nil: nothing is.
    public var after: String?

    /// From its parts.
    public init(
        wallMs: Int64, user: UInt32?, verb: String, subject: String, before: String?,
        after: String?
    ) {
        self.wallMs = wallMs
        self.user = user
        self.verb = verb
        self.subject = subject
        self.before = before
        self.after = after
    }
}
