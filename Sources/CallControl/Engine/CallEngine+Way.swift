// SPDX-License-Identifier: Apache-2.0

import Admission
import NetworkAddress
import Routing
import SIPMessage
import Tenancy

/// The way of a new call: what it is, whose, and where it may go. As far as that was found where it
/// ends in a refusal.
struct CallWay {
    /// The called number as E.164, as far as that can be told.
    let number: CalledNumber
    let kind: CallKind
    /// Whose it is.
    var tenancy = TenantDecision()
    /// The trunks that it goes to, in order.
    var trunks: [TrunkSettings] = []
    /// Where it may go, in the order in which that is tried.
    var places: [CallPlace] = []
    /// Why it goes nowhere; nil: it does.
    var refusal: CallRefusal?
}

/// What an INVITE gets that makes no call, and why.
struct CallRefusal: Error {
    let reply: Reply
    let end: CallEnd
    /// Whose call it would have been.
    let tenant: CallTenant?

    init(_ end: CallEnd, _ reply: Reply, _ tenant: CallTenant? = nil) {
        self.end = end
        self.reply = reply
        self.tenant = tenant
    }
}

extension CallEngine {
    /// Finds the way of a call that an INVITE from a trunk asks for. What calls and what
    /// explanations go by.
    func way(of invite: SIPMessage, from origin: TrunkIndex, at source: IPAddress) -> CallWay {
        let trunk = self.context.configuration.trunks[Int(origin.value)]
        let called = CalledNumber(requestURI: invite.requestURI)
        let kind = self.kind(of: called, from: trunk)
        var way = CallWay(number: trunk.interworking.numbers.normalised(called), kind: kind)
        let limit = trunk.interworking.diversions.entriesMax
        guard !Diversions(invite).isLoop(calling: invite.requestURI, limit: limit) else {
            self.context.counters.diversionLoops &+= 1
            way.refusal = CallRefusal(.loop, Reply(482))
            return way
        }
        do throws(CallRefusal) {
            way.tenancy = try self.tenancy(of: invite, from: trunk, way)
            way.trunks = try self.destinations(way.number, from: origin, way.tenancy).get()
            way.places = try self.admittedPlaces(
                way.trunks, from: trunk, at: source, kind, label: way.tenancy.tenant?.label ?? []
            ).get()
        } catch {
            way.refusal = error
        }
        return way
    }

    private func tenancy(
        of invite: SIPMessage, from trunk: TrunkSettings, _ way: CallWay
    ) throws(CallRefusal) -> TenantDecision {
        // Made for those that ask alone: it costs an allocation.
        var talks: TalkCheck?
        if trunk.tenancy.lookup != .calledNumber, invite.first(.referredBy) != nil {
            talks = { [unowned self] in self.talks($0, with: $1) }
        }
        let decided = self.context.tenancy(
            of: invite, from: trunk, number: way.number, way.kind, talks: talks)
        switch decided {
        case .success(let decision): return self.context.straight(decision, trunk, way.kind)
        case .failure(let refusal):
            throw CallRefusal(refusal.end, refusal.reply, refusal.tenant)
        }
    }

    /// The tenant has a call with this number. All calls are looked at, since few INVITEs ask:
    /// those with Referred-By whose caller would be refused.
    private func talks(_ account: AccountEntry, with number: E164) -> Bool {
        let name = Array(account.name.utf8)
        return self.calls.values.contains { call in
            guard case .up = call.state, call.tenant?.account == name else { return false }
            let trunk = call.legs.a.trunk
            let user = trunk.tenancy.service == nil ? call.users.calling : call.users.called
            return E164(trunk.interworking.numbers.normalised(Array(user))) == number
        }
    }

    /// Where a call goes: as its tenant's number says, else as the routes do. A trunk that is for
    /// tenants' calls takes no others.
    func destinations(
        _ number: CalledNumber, from origin: TrunkIndex, _ tenancy: TenantDecision
    ) -> Result<[TrunkSettings], CallRefusal> {
        let trunks = tenancy.trunks ?? self.context.trunks(for: number, from: origin)
        guard !trunks.isEmpty else {
            self.context.counters.noRoutes &+= 1
            return .failure(CallRefusal(.noRoute, Reply(404)))
        }
        guard tenancy.trunks == nil else { return .success(trunks) }
        let open = trunks.filter { $0.tenancy.service == nil || $0.tenancy.need != .required }
        guard !open.isEmpty else {
            self.context.counters.misrouted &+= 1
            return .failure(CallRefusal(.noRoute, Reply(404)))
        }
        return .success(open)
    }
}
