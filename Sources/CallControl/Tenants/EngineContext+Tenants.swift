// SPDX-License-Identifier: Apache-2.0

import Admission
import Routing
import SIPMessage
public import Tenancy

/// What chose the trunks of a call.
public enum TrunkChoice: Sendable, Hashable {
    /// The routes, by the called number.
    case routes
    /// The called number is a tenant's: its service, and the set of the number or tenant.
    case set(Service, TrunkSet)
    /// The called number is nobody's: the service that the caller's trunk names for those.
    case defaultService(Service)
    /// It is an emergency call, and the caller's trunk says where those go.
    case emergency
}

/// What the tenants' tables say of a new call.
struct TenantDecision {
    /// Whose call it is; nil: no tenant's.
    var tenant: CallTenant?
    /// First label of the derived trunk that the caller's leg is; empty: none.
    var callerLabel: [UInt8] = []
    /// The trunks that it goes to, in order; nil: as the routes say.
    var trunks: [TrunkSettings]?
    /// What chose them.
    var choice = TrunkChoice.routes
    /// What may be shown of the caller; nil: everything.
    var shown: ShownCaller?
}

// Whose a call is, by the look-up rules of the tenants' model: in from the operator's side by the
// called number, in from a service by the host that it calls.
extension EngineContext {
    /// Decides, or says why the call is refused. `number` is the called one as E.164 as far as that
    /// can be told; `talks` says whether a tenant has a call with a number.
    func tenancy(
        of invite: SIPMessage, from trunk: TrunkSettings, number: CalledNumber, _ kind: CallKind,
        talks: TalkCheck?
    ) -> Result<TenantDecision, TenantRefusal> {
        let question = TenantQuestion(
            invite: invite, trunk: trunk, number: number, kind: kind, talks: talks)
        return switch trunk.tenancy.lookup {
        case .none: .success(TenantDecision())
        case .calledNumber: .success(self.tenancy(calling: number, from: trunk))
        case .host: self.tenancy(ofDerived: question)
        case .callingNumber: self.tenancy(ofCaller: question)
        }
    }

    // MARK: From the operator's side

    /// By the called number, whoever calls it from there.
    func tenancy(
        calling number: CalledNumber, from trunk: TrunkSettings
    ) -> TenantDecision {
        guard let called = E164(number.bytes), let entry = self.tenants?.number(called),
            let account = self.tenants?.account(entry.account)
        else { return self.unprovisioned(from: trunk) }
        let set = entry.trunkSet ?? account.activeSet
        var decision = TenantDecision()
        decision.trunks = self.trunks(of: entry.service, set)
        decision.choice = .set(entry.service, set)
        decision.tenant = self.tenant(
            account, label: entry.service.hasDerivedTrunks ? account.labelBytes : [], called)
        return decision
    }

    /// Nobody has the number: the trunk may name a service for those.
    private func unprovisioned(from trunk: TrunkSettings) -> TenantDecision {
        var decision = TenantDecision()
        if let service = trunk.tenancy.defaultService {
            decision.trunks = self.trunks(of: service, .plain)
            decision.choice = .defaultService(service)
        }
        return decision
    }

    /// The trunks of this region for a service and a set, in the order of the configuration.
    private func trunks(of service: Service, _ set: TrunkSet) -> [TrunkSettings] {
        self.configuration.trunks.filter {
            $0.tenancy.service == service && $0.tenancy.set == set
                && $0.tenancy.region == self.configuration.region
        }
    }

    // MARK: From a service

    private func tenancy(
        ofDerived question: TenantQuestion
    ) -> Result<TenantDecision, TenantRefusal> {
        let (trunk, kind) = (question.trunk, question.kind)
        guard let service = trunk.tenancy.service,
            let label = trunk.derivedLabel(calledBy: question.invite)
        else { return self.nobodys(trunk, kind) }
        guard let account = self.tenants?.account(label: label), account.uses(service)
        else { return self.misrouted(kind) }
        return self.judge(
            question, account, TenantDecision(callerLabel: account.labelBytes))
    }

    /// The service has no names for tenants: whose number calls, his is the call.
    private func tenancy(
        ofCaller question: TenantQuestion
    ) -> Result<TenantDecision, TenantRefusal> {
        let claims = CallerClaims(question.invite, question.trunk.interworking)
        guard let caller = claims.asserted ?? claims.from ?? claims.diverting,
            let entry = self.tenants?.number(caller),
            let account = self.tenants?.account(entry.account)
        else { return self.nobodys(question.trunk, question.kind) }
        return self.judge(question, account, TenantDecision())
    }

    /// It names no tenant: the trunk itself, an address, another trunk.
    private func nobodys(
        _ trunk: TrunkSettings, _ kind: CallKind
    ) -> Result<TenantDecision, TenantRefusal> {
        trunk.tenancy.need == .required ? self.misrouted(kind) : .success(TenantDecision())
    }

    /// Refused, but for an emergency call: that goes on, whosever it is.
    private func misrouted(_ kind: CallKind) -> Result<TenantDecision, TenantRefusal> {
        self.counters.misrouted &+= 1
        guard !kind.isEmergency else { return .success(TenantDecision()) }
        return .failure(TenantRefusal(status: 404, reason: nil, end: .noRoute))
    }

    // MARK: The caller

    private func judge(
        _ question: TenantQuestion, _ account: AccountEntry, _ undecided: TenantDecision
    ) -> Result<TenantDecision, TenantRefusal> {
        let tables = self.tenants
        func owner(_ number: E164) -> AccountIndex? { tables?.owner(of: number) }
        var claims = CallerClaims(question.invite, question.trunk.interworking)
        claims.isEmergency = question.kind.isEmergency
        let service = question.trunk.tenancy.service
        let isScreened = account.isScreened && service?.isScreened == true
        func judged() -> CallerScreening.Verdict {
            CallerScreening.verdict(
                claims, of: account.index, isScreened: isScreened, account.screening,
                owner: owner)
        }
        var verdict = judged()
        // A transfer is looked for only where it makes a difference: a call that does without it
        // must not use it up.
        if verdict.row != .owned {
            claims.isTransferred = true
            let other = judged()
            if other.row == .transferred, self.isTransfer(question, account, claims) {
                verdict = other
            }
        }
        guard verdict.row.allows else {
            self.counters.screenedOut &+= 1
            var tenant = self.tenant(account, label: undecided.callerLabel, nil)
            tenant.row = verdict.row
            return .failure(
                TenantRefusal(
                    status: 403, reason: verdict.row.refusal, end: .screened, tenant: tenant))
        }
        if verdict.row == .unverified { self.counters.unverifiedCallers &+= 1 }
        var decision = undecided
        decision.tenant = self.tenant(account, label: undecided.callerLabel, verdict.identity)
        decision.tenant?.row = verdict.row
        decision.shown = self.shown(verdict, account.index, question, owner)
        return .success(decision)
    }

    /// The service makes this call for a transfer of the tenant: one that the box was told of by a
    /// REFER, or, where the service refers by itself (RFC 3892 section 7.1), one of a caller who
    /// is in a call with the tenant.
    private func isTransfer(
        _ question: TenantQuestion, _ account: AccountEntry, _ claims: CallerClaims
    ) -> Bool {
        if let target = E164(question.number.bytes),
            self.returns.take(target, of: account.index, now: self.now)
        {
            return true
        }
        guard let talks = question.talks, let caller = claims.from ?? claims.asserted else {
            return false
        }
        return talks(account, caller)
    }

    private func shown(
        _ verdict: CallerScreening.Verdict, _ account: AccountIndex, _ question: TenantQuestion,
        _ owner: @escaping (E164) -> AccountIndex?
    ) -> ShownCaller? {
        if question.kind.isEmergency {
            let number = EmergencyLocation.number(
                in: question.invite, element: question.trunk.tenancy.elinElement)
            return number.map { number in
                ShownCaller(shows: { _ in true }, number: number, isOnlyIdentity: true)
            }
        }
        guard !verdict.showsAll else { return nil }
        return ShownCaller(
            shows: { verdict.shows($0, of: account, owner: owner) }, number: verdict.from,
            isOnlyIdentity: false)
    }

    // MARK: What the operator's side is told

    private func tenant(
        _ account: AccountEntry, label: [UInt8], _ number: E164?
    ) -> CallTenant {
        var tenant = CallTenant(account: Array(account.name.utf8), label: label)
        tenant.tenantID = Array((account.teamsTenantID ?? "").utf8)
        if let number, let value = self.tenants?.customHeader(of: number),
            let name = self.tenants?.deployment?.customHeader
        {
            tenant.headerName = Array(name.utf8)
            tenant.headerValue = value
        }
        return tenant
    }

    /// A service was asked to call this number for a transfer of its tenant.
    func expectReturn(to uri: ArraySlice<UInt8>, of label: [UInt8], _ trunk: TrunkSettings) {
        guard !label.isEmpty, let account = self.tenants?.account(label: label[...]),
            let target = CarriedURI(uri)?.e164(trunk.interworking.numbers)
        else { return }
        self.returns.expect(target, of: account.index, now: self.now)
    }
}

/// Whether a tenant has a call with a number.
typealias TalkCheck = (AccountEntry, E164) -> Bool

/// A call of a service, whose tenant is looked for.
struct TenantQuestion {
    let invite: SIPMessage
    let trunk: TrunkSettings
    /// The called number as E.164 as far as that can be told.
    let number: CalledNumber
    let kind: CallKind
    /// Nil where the INVITE refers to nobody (RFC 3892).
    let talks: TalkCheck?
}

extension TrunkSettings {
    /// The label of the derived trunk that an INVITE calls; nil: it calls none of this trunk's.
    func derivedLabel(calledBy invite: SIPMessage) -> ArraySlice<UInt8>? {
        guard case .sip(let uri)? = try? URI.parse(invite.requestURI), let own = self.ownHost,
            let dot = uri.host.bytes.firstIndex(of: UInt8(ascii: ".")),
            !ASCII.equalsIgnoringCase(uri.host.bytes, own),
            ASCII.equalsIgnoringCase(uri.host.bytes[uri.host.bytes.index(after: dot)...], own)
        else { return nil }
        return uri.host.bytes[..<dot]
    }
}

/// Why a call is refused for the tenant's sake.
struct TenantRefusal: Error {
    let status: Int
    /// Text of Reason; nil: none.
    let reason: String?
    let end: CallEnd
    /// Whose call it would have been.
    var tenant: CallTenant?

    var reply: Reply {
        var reply = Reply(self.status)
        if let reason { reply.reason = (self.status, reason) }
        return reply
    }
}

extension AccountEntry {
    /// The label in small letters; empty: there is none.
    var labelBytes: [UInt8] {
        var bytes: [UInt8] = []
        self.label?.append(to: &bytes)
        return bytes
    }
}

extension CallerClaims {
    /// Of a caller's INVITE, whose trunk writes numbers in its own way.
    init(_ invite: SIPMessage, _ policies: Interworking) {
        self.init()
        let format = policies.numbers
        func number(_ uri: ArraySlice<UInt8>) -> E164? { CarriedURI(uri)?.e164(format) }
        if let from = try? invite.from() {
            self.isAnonymous =
                CallerIdentity.isAnonymous(from)
                || AddressRewriter.user(of: from.uri).elementsEqual("anonymous".utf8)
            self.from = self.isAnonymous ? nil : number(from.uri)
        }
        if policies.identity.isTrusted {
            let asserted = invite.all(.pAssertedIdentity).lazy.compactMap { try? NameAddr($0) }
            self.asserted = asserted.compactMap { number($0.uri) }.first
        }
        let diversions = Diversions(invite)
        if let first = diversions.history.first {
            self.diverting = number(first.uri[...])
        } else if let oldest = diversions.diversions.last {
            self.diverting = number(oldest.uri[...])
        }
    }
}

extension CallEngine {
    /// The number of the tenant that a call is of: the called one, or the caller's where the call
    /// came from a service. Nil where it is not the tenant's, or not known.
    public func tenantNumber(of record: CallRecord) -> E164? {
        guard let tenant = record.tenant,
            let from = self.context.configuration.trunks.first(where: { $0.name == record.from })
        else { return nil }
        let user = from.tenancy.service == nil ? record.called : record.calling
        guard let number = E164(from.interworking.numbers.normalised(user)),
            let owner = self.tenants?.owner(of: number),
            let account = self.tenants?.account(owner), Array(account.name.utf8) == tenant.account
        else { return nil }
        return number
    }
}
