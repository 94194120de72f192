// SPDX-License-Identifier: Apache-2.0

import NetworkAddress
import Routing
import SIPMessage
import SIPTransaction
import Tenancy
import Testing

@testable import CallControl
@testable import CallWorld

/// A carrier (Alice) and a service (Bob) that knows tenants by derived trunks, with the tenants
/// acme and other.
struct TenantScene {
    static let host = "1r1.sbc.carrier.example"
    static let own = "+12025550123"
    static let foreign = "+12025550155"
    static let outside = "+442079460000"

    let world: World
    let alice: Phone
    let bob: Phone
    let tenants: TenantDirectory
    var counters: EngineCounters { self.world.core.engine.counters }

    init(
        need: TrunkTenancy.Need = .optional, service: Service = .teamsDirectRouting,
        change: (inout CallConfiguration) -> Void = { _ in },
        account: (inout Account) -> Void = { _ in },
        number: (inout ProvisionedNumber) -> Void = { _ in }
    ) {
        self.world = World()
        self.alice = self.world.phone("alice", side: .a)
        self.bob = self.world.phone("bob", side: .b)
        self.alice.script.hangUpAfter = 3000
        self.bob.script.hangUpAfter = 3000
        self.world.configure { configuration in
            configuration.trunks[1].ownHost = Array(Self.host.utf8)
            configuration.trunks[1].tenancy.service = service
            configuration.trunks[1].tenancy.need = need
            change(&configuration)
        }
        self.tenants = TenantDirectory()
        self.world.core.engine.tenants = self.tenants.makeReader()
        var deployment = Deployment(name: "lab")
        deployment.customHeader = "X-MS-Operator-Content"
        self.apply(.deployment(deployment))
        for name in ["acme", "other"] {
            var value = Account(name: name)
            value.label = name
            value.services = [service]
            value.teamsTenantID = "12345678-1234-4123-8123-123456789abc"
            if name == "acme" { account(&value) }
            self.apply(.account(value))
        }
        for (text, name) in [(Self.own, "acme"), ("+12025550124", "acme"), (Self.foreign, "other")]
        {
            guard let e164 = E164(text.utf8) else { continue }
            var value = ProvisionedNumber(e164, account: name, service: service)
            if text == Self.own {
                value.customHeader = "acme_gold_7"
                number(&value)
            }
            self.apply(.number(value))
        }
    }

    func apply(_ change: DirectoryChange) {
        do {
            try self.tenants.apply(change)
        } catch {
            Issue.record(error)
        }
    }

    /// A call from the carrier to a number; the INVITE that the service got.
    func callIn(_ number: String = TenantScene.own) -> SIPMessage? {
        self.alice.dial(number)
        self.world.run(until: self.world.now + 2000)
        return self.bob.requests.last { $0.method == .invite }
    }

    /// A call of a tenant's user; the INVITE that the carrier got.
    @discardableResult
    func callOut(
        from: String = TenantScene.own, to number: String = "+2999", host: String = "acme",
        _ headers: [(HeaderName, String)] = []
    ) -> SIPMessage? {
        self.bob.script.from = from.contains("<") ? from : "\"Alex\" <sip:\(from)@hub.example>"
        let host = host.contains(".") ? host : "\(host).\(Self.host)"
        self.bob.script.target = "sip:\(number)@\(host):5060;user=phone"
        self.bob.script.extraHeaders = headers
        let before = self.alice.requests.count
        self.bob.dial(number)
        self.world.run(until: self.world.now + 2000)
        return self.alice.requests.dropFirst(before).first { $0.method == .invite }
    }

    func finish(sourceLocation: SourceLocation = #_sourceLocation) {
        self.world.run()
        self.world.expectClean(sourceLocation: sourceLocation)
    }
}
