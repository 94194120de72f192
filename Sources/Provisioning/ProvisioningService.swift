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

    /// From its parts.
    public init(_ verb: String, _ arguments: JSONObject, user: UInt32?) {
        self.verb = verb
        self.arguments = arguments
        self.user = user
    }
}

/// What a request led to.
public struct ProvisioningOutcome: Sendable {
    /// What the asker gets.
    public var answer: ControlAnswer
    /// What was committed; empty where nothing was.
    public var changes: [DirectoryChange]

    /// From its parts.
    public init(answer: ControlAnswer, changes: [DirectoryChange]) {
        self.answer = answer
        self.changes = changes
    }
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
    private let wallMs: () -> Int64

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
    ]

    /// What can be asked for.
    public static var verbs: [String] { self.work.keys.sorted() }

    /// Does what is asked.
    public func perform(_ request: ProvisioningRequest) -> ProvisioningOutcome {
        self.counters.requests &+= 1
        var change = Change(verb: request.verb)
        do {
            let answer: JSONValue
            switch Self.work[request.verb] {
            case nil:
                throw ControlError(.unknownVerb, "no verb \"\(request.verb)\"")
            case .reads(let read): answer = try read(self, request.arguments)
            case .changes(let body): answer = try self.transact(request, &change, body)
            }
            return ProvisioningOutcome(answer: .success(answer), changes: change.committed)
        } catch {
            return ProvisioningOutcome(answer: .failure(self.refusal(error)), changes: [])
        }
    }

    private func transact(
        _ request: ProvisioningRequest, _ change: inout Change, _ body: Changing
    ) throws -> JSONValue {
        var arguments = request.arguments
        let isRehearsal = try FieldReader(
            ["dry-run": arguments["dry-run"] ?? false], "request", known: ["dry-run"]
        ).flag("dry-run") ?? false
        arguments["dry-run"] = nil
        try self.store.begin()
        // Without effect after the commit.
        defer { self.store.rollBack() }
        var answer = try body(self, arguments, &change)
        if isRehearsal {
            change.changes = []
            if var members = answer.object {
                members["dry-run"] = true
                answer = .object(members)
            }
        }
        guard !change.changes.isEmpty else { return answer }
        try self.store.append(change.line(wallMs: self.wallMs(), user: request.user))
        try self.store.commit()
        change.isCommitted = true
        self.counters.changes &+= UInt64(change.changes.count)
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
            "nothing was changed: \(fault)")
    }
}

/// What a request is about to change.
struct Change {
    let verb: String
    var changes: [DirectoryChange] = []
    var subject = ""
    var before: JSONValue?
    var after: JSONValue?
    var isCommitted = false

    init(verb: String) { self.verb = verb }

    var committed: [DirectoryChange] { self.isCommitted ? self.changes : [] }

    func line(wallMs: Int64, user: UInt32?) -> AuditLine {
        AuditLine(
            wallMs: wallMs, user: user, verb: self.verb, subject: self.subject,
            before: self.before.map(Self.text), after: self.after.map(Self.text))
    }

    private static func text(_ value: JSONValue) -> String {
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
