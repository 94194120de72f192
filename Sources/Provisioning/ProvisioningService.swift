// SPDX-License-Identifier: Apache-2.0

public import Management
public import Store
public import Tenancy

/// A request about tenants, numbers or the deployment.
public struct ProvisioningRequest: Sendable {
    /// What to do: one of `ProvisioningService.verbs`.
    public var verb: String
    /// With what.
    public var arguments: JSONObject
    /// User id of who asks; nil: not known.
    public var user: UInt32?
    /// What the node sees at the moment.
    public var node: NodeFacts

    /// From its parts.
    public init(
        _ verb: String, _ arguments: JSONObject, user: UInt32?, node: NodeFacts = NodeFacts()
    ) {
        self.verb = verb
        self.arguments = arguments
        self.user = user
        self.node = node
    }
}

/// What a request led to.
public struct ProvisioningOutcome: Sendable {
    /// What the asker gets.
    public var answer: ControlAnswer
    /// What was committed of tenants and numbers; empty where nothing was.
    public var changes: [DirectoryChange] = []
    /// States of trunks that were committed.
    public var trunks: [String: TrunkState] = [:]
    /// What was committed of plans of migrations.
    public var plans: [PlanChange] = []

    /// Nothing was committed.
    public init(answer: ControlAnswer) { self.answer = answer }
}

/// What became of a plan of a migration.
public enum PlanChange: Sendable {
    /// It is new or another one; figures of its calls begin anew as these actions say. Which
    /// cohort a number is of is told of plans that run.
    case put(MigrationPlan, MigrationMembership?, [MigrationAction])
    /// The plan of this name is gone.
    case removed(String)
}

/// Does what is asked of tenants and numbers: a request is checked as a whole, made in one
/// transaction together with its line of the audit, and answered when it is on the disk. What is
/// refused has changed nothing. With the argument `dry-run` everything is done and nothing kept.
public final class ProvisioningService {
    /// What there may be at most.
    public struct Limits: Sendable {
        /// Accounts of the deployment.
        public var accounts = 1_000_000
        /// Numbers of the deployment.
        public var numbers = 20_000_000
        /// Numbers or tenants in one request that changes them.
        public var batch = 100
        /// Elements of one answer.
        public var page: Int64 = 1_000
        /// Numbers that go together with their account.
        public var removedWithAccount = 100_000
        /// Plans of migrations.
        public var plans = 100

        /// The defaults.
        public init() {}
    }

    /// What was counted.
    public struct Counters: Sendable, Hashable {
        /// Requests.
        public var requests: UInt64 = 0
        /// Accounts, numbers and deployments that were added, changed or removed.
        public var changes: UInt64 = 0
        /// Requests, and elements of a batch, that were refused.
        public var refused: UInt64 = 0
        /// Of them, those for which a limit was reached.
        public var limitsReached: UInt64 = 0
        /// Requests that the store could not serve.
        public var storeFaults: UInt64 = 0

        /// All zero.
        public init() {}
    }

    /// What was counted.
    public internal(set) var counters = Counters()

    let store: any ProvisioningStore
    let limits: Limits
    let wallMs: () -> Int64
    /// What the node sees, and who asks: of the request in hand.
    private(set) var node = NodeFacts()
    private(set) var user: UInt32?

    /// On a store; `wallMs` says the time of lines of the audit.
    public init(
        store: any ProvisioningStore, limits: Limits = Limits(), wallMs: @escaping () -> Int64
    ) {
        self.store = store
        self.limits = limits
        self.wallMs = wallMs
    }

    /// What keeps changes from being taken; nil: nothing does.
    public var fault: StoreFault? { self.store.fault }

    /// Tries whether changes can be taken again.
    public func probe() { self.store.probe() }

    /// How much there is; nil where the store does not say.
    public var totals: StoreTotals? { try? self.store.totals() }

    /// Everything that is stored, in an order in which it can be applied.
    public func load(_ body: (DirectoryChange) -> Void) throws(StoreFault) {
        if let deployment = try self.store.deployment() { body(.deployment(deployment)) }
        try self.store.loadAccounts { body(.account($0)) }
        try self.store.loadNumbers { body(.number($0)) }
    }

    /// States of trunks that somebody has set.
    public func trunkStates() throws(StoreFault) -> [String: TrunkState] {
        try self.store.trunkStates()
    }

    /// The plans of migrations, with their figures, and the names of those that cannot be read.
    public func migrations() throws(StoreFault) -> (
        plans: [StoredMigration], unreadable: [String]
    ) {
        var plans: [StoredMigration] = []
        var unreadable: [String] = []
        for name in try self.store.migrationNames() {
            do throws(StoreFault) {
                if let migration = try self.store.migration(named: name) { plans.append(migration) }
            } catch where error.kind == .unreadable {
                unreadable.append(name)
            }
        }
        return (plans, unreadable)
    }

    // MARK: Requests

    private typealias Reading = @Sendable (ProvisioningService, JSONObject) throws -> JSONValue
    private typealias Changing =
        @Sendable (ProvisioningService, JSONObject, inout Change) throws -> JSONValue

    private enum Work: Sendable {
        case reads(Reading)
        case changes(Changing)
    }

    private static let work: [String: Work] = [
        "tenant-list": .reads { try $0.listAccounts($1) },
        "tenant-show": .reads { try $0.showAccount($1) },
        "tenant-add": .changes { try $0.putAccount($1, .add, &$2) },
        "tenant-change": .changes { try $0.putAccount($1, .change, &$2) },
        "tenant-import": .changes { try $0.importAccounts($1, &$2) },
        "tenant-remove": .changes { try $0.removeAccount($1, &$2) },
        "number-list": .reads { try $0.listNumbers($1) },
        "number-show": .reads { try $0.showNumber($1) },
        "number-add": .changes { try $0.putNumbers($1, .add, &$2) },
        "number-change": .changes { try $0.putNumbers($1, .change, &$2) },
        "number-import": .changes { try $0.putNumbers($1, .put, &$2) },
        "number-remove": .changes { try $0.putNumbers($1, .remove, &$2) },
        "deployment-show": .reads { service, _ in try service.showDeployment() },
        "deployment-change": .changes { try $0.changeDeployment($1, &$2) },
        "audit-list": .reads { try $0.listAudit($1) },
        "trunk-list": .reads { service, _ in try service.listTrunks() },
        "trunk-change": .changes { try $0.changeTrunk($1, &$2) },
        "file-written": .changes { try $0.noteFile($1, &$2) },
        "migration-list": .reads { service, _ in try service.listMigrations() },
        "migration-status": .reads { try $0.showMigration($1) },
        "migration-plan": .changes { try $0.planMigration($1, &$2) },
        "migration-extend": .changes { try $0.extendMigration($1, &$2) },
        "migration-start": .changes { try $0.startMigration($1, &$2) },
        "migration-step": .changes { try $0.stepMigration($1, &$2) },
        "migration-back-out": .changes { try $0.backOutMigration($1, &$2) },
        "migration-remove": .changes { try $0.removeMigration($1, &$2) },
    ]

    /// What can be asked for.
    public static var verbs: [String] { self.work.keys.sorted() }

    /// Does what is asked.
    public func perform(_ request: ProvisioningRequest) -> ProvisioningOutcome {
        self.counters.requests &+= 1
        (self.node, self.user) = (request.node, request.user)
        var change = Change(verb: request.verb)
        do {
            let answer: JSONValue
            switch Self.work[request.verb] {
            case nil:
                throw ControlError(.unknownVerb, "no verb \"\(request.verb)\"")
            case .reads(let read): answer = try read(self, request.arguments)
            case .changes(let body):
                answer = try self.transact(request.arguments, &change, body)
            }
            return change.outcome(.success(answer))
        } catch {
            return ProvisioningOutcome(answer: .failure(self.refusal(error)))
        }
    }

    /// Keeps the figures of plans that run, and looks whether their gates hold. What a store that
    /// takes no changes cannot keep is kept the next time.
    public func watch(_ node: NodeFacts) -> ProvisioningOutcome {
        (self.node, self.user) = (node, nil)
        var change = Change(verb: "migration-watch")
        do {
            let answer = try self.transact([:], &change) { try $0.judgeMigrations(&$2) }
            return change.outcome(.success(answer))
        } catch {
            return ProvisioningOutcome(answer: .failure(self.refusal(error)))
        }
    }

    private func transact(
        _ request: JSONObject, _ change: inout Change, _ body: Changing
    ) throws -> JSONValue {
        var arguments = request
        let isRehearsal = try FieldReader(
            ["dry-run": arguments["dry-run"] ?? false], "request", known: ["dry-run"]
        ).flag("dry-run") ?? false
        arguments["dry-run"] = nil
        try self.store.begin()
        // Without effect after the commit.
        defer { self.store.rollBack() }
        var answer = try body(self, arguments, &change)
        if isRehearsal {
            change = Change(verb: change.verb)
            if var members = answer.object {
                members["dry-run"] = true
                answer = .object(members)
            }
        }
        guard change.isWorthKeeping else { return answer }
        if !change.subject.isEmpty {
            try self.store.append(change.line(wallMs: self.wallMs(), user: self.user))
        }
        try self.store.commit()
        change.isCommitted = true
        self.counters.changes &+= UInt64(change.count)
        return answer
    }

    // MARK: Refusals

    private func refusal(_ error: any Error) -> ControlError {
        switch error {
        case let fault as StoreFault:
            self.counters.storeFaults &+= 1
            return Self.refusal(fault)
        case let fault as FieldFault:
            self.counters.refused &+= 1
            return Self.refusal(fault)
        case let error as ControlError:
            self.counters.refused &+= 1
            return error
        default:
            self.counters.refused &+= 1
            return ControlError(.refused, "\(error)")
        }
    }

    /// A limit is reached: it is counted, and refused.
    func limit(_ field: String, _ problem: String, _ allowed: String) -> FieldFault {
        self.counters.limitsReached &+= 1
        return FieldFault(.tooLong, field, problem, allowed)
    }

    /// A refusal on the control socket: its code is the fault's.
    public static func refusal(_ fault: FieldFault) -> ControlError {
        ControlError(
            ControlError.Code(rawValue: fault.code.rawValue), fault.description,
            details: [
                "field": .string(fault.field), "problem": .string(fault.problem),
                "allowed": .string(fault.allowed), "more": .string(fault.more),
            ])
    }

    /// A store that cannot: its code says why.
    public static func refusal(_ fault: StoreFault) -> ControlError {
        ControlError(
            ControlError.Code(rawValue: "store_\(fault.kind.rawValue)"),
            "nothing was changed: \(fault)",
            details: [
                "field": .string(fault.place), "problem": .string(fault.problem),
                "allowed": .string(fault.advice),
                "more": "appliance/docs/tenants.md#the-store",
            ])
    }
}

/// What a request is about to change.
struct Change {
    var verb: String
    var changes: [DirectoryChange] = []
    var trunks: [String: TrunkState] = [:]
    var plans: [PlanChange] = []
    /// Something changed that nobody but the store has to know.
    var isSilent = false
    /// Empty: there is nothing to audit.
    var subject = ""
    var before: JSONValue?
    var after: JSONValue?
    var isCommitted = false

    init(verb: String) { self.verb = verb }

    var count: Int { self.changes.count + self.trunks.count + self.plans.count }
    var isWorthKeeping: Bool { self.count > 0 || self.isSilent }

    func outcome(_ answer: ControlAnswer) -> ProvisioningOutcome {
        var outcome = ProvisioningOutcome(answer: answer)
        guard self.isCommitted else { return outcome }
        outcome.changes = self.changes
        outcome.trunks = self.trunks
        outcome.plans = self.plans
        return outcome
    }

    func line(wallMs: Int64, user: UInt32?) -> AuditLine {
        AuditLine(
            wallMs: wallMs, user: user, verb: self.verb, subject: self.subject,
            before: self.before.map(Self.text), after: self.after.map(Self.text))
    }

    static func text(_ value: JSONValue) -> String {
        String(decoding: value.encoded(), as: UTF8.self)
    }
}

/// How an addition treats what is there.
enum PutMode {
    /// It may be there with the same values.
    case add
    /// It must be there.
    case change
    /// It may be there, and gets the new values.
    case put
    /// It must be there, and goes.
    case remove
}

/// What became of an element of a request.
enum PutState: String {
    case added, changed, unchanged, removed
}
