// SPDX-License-Identifier: Apache-2.0

/// What has to be done at a position of a plan, by whom. A line is a sentence or a command with
/// the plan's own names in it; words in capitals are the reader's to fill in.
public struct MigrationInstructions: Sendable, Hashable {
    /// What happens on this side; `step` does what is not the operator's.
    public var here: [String] = []
    /// What the operator does in his own tenant at Microsoft.
    public var carrierTenant: [String] = []
    /// What the administrators of the accounts do in theirs.
    public var accountTenants: [String] = []
    /// When the plan may go on.
    public var gate: String

    /// Lines of names that are shown; of more their number is told.
    static let namesMax = 20

    /// Of a position of a plan. The data is that of the directory at the moment.
    init(
        _ plan: MigrationPlan, _ position: MigrationPosition,
        _ directory: some MigrationDirectory
    ) throws(FieldFault) {
        self.gate = Self.gate(plan, position)
        let trunks = try directory.carrierTrunks().filter { $0.service == plan.service }
        let old = trunks.filter { $0.set == plan.from }
        let new = trunks.filter { $0.set == plan.to }
        let policy = plan.to.rawValue
        switch position.step {
        case .prepare:
            self.here = new.map {
                "trunk \($0.name): \($0.fqdn), port \($0.port), realm \($0.realm)"
            }
            let bypass = plan.to == .bypass ? "$true" : "$false"
            for trunk in new {
                self.carrierTenant.append("register the domain name \(trunk.fqdn)")
                self.carrierTenant.append(
                    "New-CsOnlinePSTNGateway -Fqdn \(trunk.fqdn) -SipSignalingPort \(trunk.port) "
                        + "-MediaBypass \(bypass) -Enabled $true")
            }
            self.carrierTenant.append("their other settings as the trunks of the old set have them")
        case .health:
            self.here = ["OPTIONS go to both sets and come from both"]
            self.carrierTenant = (old + new).map { "\($0.fqdn) is shown as active" }
        case .subdomains:
            let names = try Self.names(plan, new, directory)
            self.here = ["publish the TXT records of \(plan.accounts.count) accounts"]
            self.accountTenants = Self.shortened(names.map { "register and verify \($0)" })
            self.accountTenants.append("activate each: a licensed user in the domain for a while")
        case .pilotOut:
            let names = try Self.names(plan, new, directory)
            self.accountTenants =
                [
                    "Set-CsOnlinePstnUsage -Identity Global -Usage @{Add=\"\(policy)\"}",
                    "New-CsOnlineVoiceRoute -Identity \(policy) -NumberPattern PATTERN "
                        + "-OnlinePstnGatewayList NAMES -OnlinePstnUsages \(policy), "
                        + "the names being",
                ] + Self.shortened(names.map { "  \($0)" })
                + [
                    "New-CsOnlineVoiceRoutingPolicy -Identity \(policy) "
                        + "-OnlinePstnUsages \(policy)",
                    Self.grant(plan.cohorts.first, policy),
                ]
        case .pilotIn:
            self.here = ["calls to the pilot go over set \(policy)"]
        case .widen:
            self.here = ["calls to cohort \(position.cohort) go over set \(policy)"]
            self.accountTenants = [Self.grant(plan.cohorts[position.cohort], policy)]
        case .switchAccounts:
            self.here = ["calls to all accounts go over set \(policy)"]
            self.accountTenants = [
                "Set-CsOnlineVoiceRoute -Identity ROUTE -OnlinePstnGatewayList NAMES for every "
                    + "route that names a trunk of set \(plan.from.rawValue)"
            ]
        case .retire:
            self.here = old.map { "trunk \($0.name) drains, unless others use it: see the history" }
            self.carrierTenant = old.map {
                "where it drains: Set-CsOnlinePSTNGateway -Identity \($0.fqdn) -Enabled $false"
            }
        case .finished:
            self.here = old.map { "trunk \($0.name) is off, unless others use it" }
            self.carrierTenant = old.map {
                "where it is off: Remove-CsOnlinePSTNGateway -Identity \($0.fqdn). With that no "
                    + "back-out is left"
            }
            self.accountTenants = Self.shortened(
                try Self.names(plan, old, directory).map { "remove the domain \($0)" })
        }
    }

    /// What the administrators of the accounts do when a plan goes back.
    static func backOut(_ plan: MigrationPlan) -> [String] {
        [
            "Grant-CsOnlineVoiceRoutingPolicy -Identity USER -PolicyName OLD for the users that "
                + "were given \(plan.to.rawValue)",
            "the routes that were changed in step \(MigrationStep.switchAccounts.rawValue) as they "
                + "were",
            "where a trunk of set \(plan.from.rawValue) was disabled: Set-CsOnlinePSTNGateway "
                + "-Identity FQDN -Enabled $true",
        ]
    }

    private static func grant(_ cohort: MigrationCohort?, _ policy: String) -> String {
        "Grant-CsOnlineVoiceRoutingPolicy -Identity USER -PolicyName \(policy) for the users of "
            + (cohort?.summary ?? "the cohort")
    }

    /// Names of the accounts at trunks.
    private static func names(
        _ plan: MigrationPlan, _ trunks: [CarrierTrunk], _ directory: some MigrationDirectory
    ) throws(FieldFault) -> [String] {
        var names: [String] = []
        for name in plan.accounts {
            guard let account = try directory.account(name) else { continue }
            names += trunks.compactMap(account.derivedFQDN)
        }
        return names
    }

    private static func shortened(_ lines: [String]) -> [String] {
        guard lines.count > Self.namesMax else { return lines }
        return lines.prefix(Self.namesMax) + ["and \(lines.count - Self.namesMax) more names"]
    }

    private static func gate(_ plan: MigrationPlan, _ position: MigrationPosition) -> String {
        let gate = plan.gate
        return switch position.step {
        case .prepare: "certificates cover the new names, and the firewall lets clients' media in"
        case .health: "OPTIONS are answered with 200 both ways for \(gate.healthyHours) h"
        case .subdomains: "the names are verified and activated"
        case .pilotOut: "calls of the pilot from the service come over set \(plan.to.rawValue)"
        case .pilotIn, .widen:
            "each way \(gate.calls) calls and \(gate.hours) h: answer rate, one-way audio and "
                + "set-up beside the baseline"
        case .switchAccounts:
            "\(gate.quietDays) days without a call over set \(plan.from.rawValue)"
        case .retire: "no call in progress over set \(plan.from.rawValue)"
        case .finished: "nothing is left to do"
        }
    }
}

extension MigrationPlan {
    /// What has to be done where the plan stands now; before its start, what its first step asks.
    public func instructions(
        in directory: some MigrationDirectory
    ) throws(FieldFault) -> MigrationInstructions {
        try MigrationInstructions(self, self.position ?? MigrationPosition(.prepare), directory)
    }

    /// What the administrators of the accounts do when it goes back.
    public var backOutInstructions: [String] { MigrationInstructions.backOut(self) }
}
