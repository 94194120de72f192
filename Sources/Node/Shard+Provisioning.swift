// SPDX-License-Identifier: Apache-2.0

import Admission
import CallControl
import Configuration
import Glibc
import Management
import Provisioning
import SIPTransport
import Store
import Tenancy

// Tenants, numbers and migrations: requests go to the agent's thread, and what it committed is in
// force before the answer leaves.
extension Shard {
    /// How often a store is looked after that takes no changes.
    private static let storeLookMilliseconds: UInt64 = 5_000

    /// Opens the store and applies what it has.
    func openStore() {
        // Where it is missing and cannot be made, the store says so.
        mkdir(self.file.node.stateDirectory, 0o755)
        self.provisioningInbox = LoopInbox(loop: self.loop) { [unowned self] in self.take($0) }
        let (status, found) = self.provisioning.open()
        self.follow(status)
        if let found { self.adopt(found) }
        // Before anybody reads them, tables take their memory in large pages at once.
        self.core.engine.tenants = self.tenants.directory.makeReader()
    }

    func closeStore() {
        self.provisioning.close()
        self.provisioningInbox?.close()
        self.provisioningAnswers = [:]
    }

    func addProvisioningVerbs() {
        for verb in ProvisioningService.verbs {
            self.management.handle(verb, later: { [unowned self] arguments, user, answer in
                guard let inbox = self.provisioningInbox else {
                    return answer(.failure(ControlError(.refused, "no descriptor is left")))
                }
                self.counters.provisioningRequests &+= 1
                let token = self.counters.provisioningRequests
                self.provisioningAnswers[token] = answer
                // Numbers come in their millions, and say nothing of trunks.
                let isAboutTrunks = !verb.hasPrefix("number-")
                self.provisioning.perform(
                    ProvisioningRequest(
                        verb, arguments, user: user,
                        node: isAboutTrunks ? self.nodeFacts() : NodeFacts()),
                    token, report: inbox.post)
            })
        }
    }

    func lookAfterStore() {
        guard let inbox = self.provisioningInbox else { return }
        self.provisioning.lookAfter(report: inbox.post)
    }

    private func take(_ report: ProvisioningAgent.Report) {
        switch report {
        case .done(let token, let outcome, let status):
            self.follow(status)
            for (name, state) in outcome.trunks { self.adopt(state, ofTrunk: name) }
            for change in outcome.plans { self.migrations.follow(change) }
            if token == ProvisioningAgent.watchToken { self.migrations.heard(outcome.answer) }
            self.provisioningAnswers.removeValue(forKey: token)?(outcome.answer)
        case .opened(let found): self.adopt(found)
        case .status(let status): self.follow(status)
        }
    }

    private func adopt(_ found: ProvisionedState) {
        for (name, state) in found.trunks { self.adopt(state, ofTrunk: name) }
        for migration in found.migrations { self.migrations.add(migration) }
        self.migrations.add(unreadable: found.unreadable)
    }

    private func adopt(_ state: TrunkState, ofTrunk name: String) {
        let intake: TrunkIntake =
            switch state {
            case .active: .all
            case .draining: .sent
            case .disabled: .none
            }
        self.core.engine.open(TrunkName(name), to: intake)
    }

    /// Says once what became of the store, and looks after it for as long as that helps.
    private func follow(_ status: ProvisioningStatus) {
        if status.fault != self.provisioningStatus.fault {
            Log.line(
                status.fault.map { "trunkline: tenants and numbers cannot be changed: \($0)" }
                    ?? "trunkline: tenants and numbers can be changed again")
        }
        self.provisioningStatus = status
        if status.fault?.canPass == true {
            self.timers?.start(.store, milliseconds: Self.storeLookMilliseconds)
        }
    }

    func provisioningFigures() -> JSONValue {
        let status = self.provisioningStatus
        return [
            "tenants": JSONValue(status.totals.accounts),
            "numbers": JSONValue(status.totals.numbers),
            "requests": JSONValue(status.counters.requests),
            "changes": JSONValue(status.counters.changes),
            "refused": JSONValue(status.counters.refused),
            "limits_reached": JSONValue(status.counters.limitsReached),
            "store_faults": JSONValue(status.counters.storeFaults),
            "name_checks": JSONValue(self.counters.nameChecks),
            "name_checks_refused": JSONValue(self.counters.nameChecksRefused),
        ]
    }
}
