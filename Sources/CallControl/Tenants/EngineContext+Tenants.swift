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
    /// can be told.
    func tenancy(
        of invite: SIPMessage, from trunk: TrunkSettings, number: CalledNumber, _ kind: CallKind
    ) -> Result<TenantDecision, TenantRefusal> {
        switch trunk.tenancy.lookup {
        case .none: .success(TenantDecision())
        case .calledNumber: .success(self.tenancy(calling: number, from: trunk))
        case .host: self.tenancy(ofDerived: invite, from: trunk, number: number, kind)
        case .callingNumber: self.tenancy(ofCaller: invite, from: trunk, number: number, kind)
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
        ofDerived invite: SIPMessage, from trunk: TrunkSettings, number: CalledNumber,
        _ kind: CallKind
    ) -> Result<TenantDecision, TenantRefusal> {
        guard case .sip(let uri)? = try? URI.parse(invite.requestURI),
            let own = trunk.ownHost, let service = trunk.tenancy.service
        else { return self.nobodys(trunk, kind) }
        let host = uri.host.bytes
        if ASCII.equalsIgnoringCase(host, own) { return self.nobodys(trunk, kind) }
        guard let dot = host.firstIndex(of: UInt8(ascii: ".")),
            ASCII.equalsIgnoringCase(host[host.index(after: dot)...], own)
        else { return self.nobodys(trunk, kind) }
        guard let account = self.tenants?.account(label: host[..<dot]), account.uses(service)
        else { return self.misrouted(kind) }
        var decision = TenantDecision(callerLabel: account.labelBytes)
        return self.judge(
            invite, from: trunk, number: number, kind, account, label: account.labelBytes,
            &decision)
    }

    /// The service has no names for tenants: whose number calls, his is the call.
    private func tenancy(
        ofCaller invite: SIPMessage, from trunk: TrunkSettings, number: CalledNumber,
        _ kind: CallKind
    ) -> Result<TenantDecision, TenantRefusal> {
        let claims = CallerClaims(invite, trunk.interworking)
        guard let caller = claims.asserted ?? claims.from ?? claims.diverting,
            let entry = self.tenants?.number(caller),
            let account = self.tenants?.account(entry.account)
        else { return self.nobodys(trunk, kind) }
        var decision = TenantDecision()
        return self.judge(
            invite, from: trunk, number: number, kind, account, label: [], &decision)
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
        _ invite: SIPMessage, from trunk: TrunkSettings, number: CalledNumber, _ kind: CallKind,
        _ account: AccountEntry, label: [UInt8], _ decision: inout TenantDecision
    ) -> Result<TenantDecision, TenantRefusal> {
        let tables = self.tenants
        func owner(_ number: E164) -> AccountIndex? { tables?.owner(of: number) }
        var claims = CallerClaims(invite, trunk.interworking)
        claims.isEmergency = kind.isEmergency
        if let target = E164(number.bytes) {
            claims.isTransferred = self.returns.take(target, of: account.index, now: self.now)
        }
        let isScreened = account.isScreened && trunk.tenancy.service?.isScreened == true
        let verdict = CallerScreening.verdict(
            claims, of: account.index, isScreened: isScreened, account.screening, owner: owner)
        guard verdict.row.allows else {
            self.counters.screenedOut &+= 1
            var tenant = self.tenant(account, label: label, nil)
            tenant.row = verdict.row
            return .failure(
                TenantRefusal(
                    status: 403, reason: verdict.row.refusal, end: .screened, tenant: tenant))
        }
        if verdict.row == .unverified { self.counters.unverifiedCallers &+= 1 }
        decision.tenant = self.tenant(account, label: label, verdict.identity)
        decision.tenant?.row = verdict.row
        decision.shown = self.shown(verdict, account.index, of: invite, kind, trunk, owner)
        return .success(decision)
    }

    private func shown(
        _ verdict: CallerScreening.Verdict, _ account: AccountIndex, of invite: SIPMessage,
        _ kind: CallKind, _ trunk: TrunkSettings, _ owner: @escaping (E164) -> AccountIndex?
    ) -> ShownCaller? {
        if kind.isEmergency {
            let number = EmergencyLocation.number(
                in: invite, element: trunk.tenancy.elinElement)
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
