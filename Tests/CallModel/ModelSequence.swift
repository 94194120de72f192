// SPDX-License-Identifier: Apache-2.0

import Admission
import CallControl
import SIPTransaction

/// One course of events: a call, or two that a fork, a transfer or a take-over joins, drawn from a
/// seed. First anything goes; then nobody begins anything any more and the box has to come to rest;
/// then everybody hangs up, and it has to forget all.
public struct ModelSequence {
    /// A fault of the box made on purpose, to see that it is found.
    public enum Sabotage: String, CaseIterable, Sendable {
        /// No ACK is sent.
        case swallowedACK
        /// A changed description keeps its version.
        case keptVersion
        /// A refusal is another one when it is repeated, or a second one follows it.
        case secondAnswer
        /// BYE to a branch that nobody wants is not sent.
        case livingBranch
        /// Flows stay when their call ends.
        case leftFlow
        /// A party that is put on hold is not told.
        case deafHold
    }

    private let seed: UInt64
    private let world: ModelWorld
    private let alice: ModelParty
    private let bob: ModelParty
    private let carol: ModelParty

    /// What came of it.
    public struct Outcome: Sendable {
        /// Empty if all went well.
        public var faults: [String] = []
        /// Calls that were let in, and dialogs that were confirmed.
        public var calls = 0
        public var dialogs = 0
        /// Pairs of legs that were compared at rest.
        public var pairs = 0
        /// All that happened, of a replay.
        public var log: [String] = []
    }

    /// Plays one sequence.
    public static func play(
        seed: UInt64, logs: Bool = false, sabotage: Sabotage? = nil
    ) -> Outcome {
        let sequence = ModelSequence(seed: seed)
        if logs { sequence.world.log = [] }
        if let sabotage { sequence.spoil(sabotage) }
        return sequence.play()
    }

    private init(seed: UInt64) {
        self.seed = seed
        var dice = ModelRandom(seed: seed &+ 7)
        self.world = ModelWorld(seed: seed) { configuration in
            configuration.auditMilliseconds = dice.chance(20) ? 7000 : 0
            for index in configuration.trunks.indices {
                let isReliable = dice.chance(50)
                configuration.trunks[index].reliableProvisional = isReliable ? .supported : .off
                configuration.trunks[index].transfer.refer = .local
                configuration.trunks[index].transfer.replaces = .any
                if dice.chance(15) {
                    configuration.trunks[index].interworking.progress.dialogs = .one
                }
                if dice.chance(15) { configuration.trunks[index].interworking.offers = .early }
                if dice.chance(15) {
                    configuration.trunks[index].sessionTimer = SessionTimerPolicy(
                        mode: dice.chance(50) ? .request : .accept, seconds: 90, minimum: 90)
                }
            }
        }
        let world = self.world
        self.alice = ModelParty("alice", "198.51.100.1", box: "192.0.2.1", world)
        self.bob = ModelParty("bob", "203.0.113.1", box: "192.0.2.2", world)
        self.carol = ModelParty("carol", "203.0.113.3", box: "192.0.2.2", world)
        world.parties = [self.alice, self.bob, self.carol]
    }

    private func below(_ limit: UInt64) -> UInt64 { self.world.random.below(limit) }
    private func chance(_ percent: UInt64) -> Bool { self.world.random.chance(percent) }

    // MARK: The grammar

    private func play() -> Outcome {
        if self.chance(60) {
            self.world.lost = self.below(120)
            self.world.repeated = self.below(120)
            self.world.delay = 1...(5 + self.below(120))
        }
        for party in self.world.parties { party.habits = self.habits() }
        self.call(self.alice, "+1555")
        let hasThird = self.chance(30)
        if hasThird { self.arrangeTransfer() }
        if self.chance(10) { self.call(self.bob, "+2555", after: self.below(400)) }
        for _ in 0..<self.below(7) { self.arrangeEvent() }
        if self.chance(3) {
            let party = self.world.random.pick([self.alice, self.bob])
            self.world.after(self.below(9000)) {
                if !self.world.isCalm { party.isDead = true }
            }
        }
        self.world.run(until: 2000 + self.below(14_000))
        return self.finish()
    }

    private func habits() -> ModelHabits {
        var habits = ModelHabits()
        let methods = "INVITE, ACK, CANCEL, BYE, OPTIONS, PRACK, NOTIFY, REFER"
        switch self.below(4) {
        case 0: break
        case 1: habits.allow = methods + ", INFO, UPDATE"
        case 2: habits.allow = methods + ", UPDATE"
        default: habits.allow = self.chance(50) ? "INVITE, ACK, CANCEL, BYE" : methods
        }
        habits.knowsReliable = self.chance(60) && habits.allow?.contains("PRACK") != false
        habits.types = self.world.random.pick([
            [0, 8, 101], [0, 8, 101], [8, 0, 101], [0, 101], [8, 101], [0, 8],
        ])
        habits.offersLate = self.chance(15)
        habits.pracks = !self.chance(4)
        habits.prackOffers = self.chance(10)
        if self.chance(15) { habits.cancelAfter = self.below(2500) }
        for _ in 0..<self.below(4) {
            habits.progress.append(
                ModelHabits.Progress(
                    after: self.below(700), status: self.chance(50) ? 180 : 183,
                    branch: self.chance(20) ? Int(1 + self.below(2)) : 0,
                    hasDescription: self.chance(50),
                    isReliable: self.chance(60) && habits.allow?.contains("PRACK") != false))
        }
        switch self.below(12) {
        case 0, 1:
            let status = self.world.random.pick([486, 404, 480, 603, 500, 503, 488, 302])
            habits.answer = .refuse(status, after: self.below(1500))
        case 2: habits.answer = .never
        case 3: habits.answer = .accept(after: 1500 + self.below(4000), branch: 0)
        default:
            habits.answer = .accept(
                after: self.below(1500), branch: self.chance(15) ? Int(self.below(3)) : 0)
        }
        if self.chance(12) {
            habits.lateAnswers = (0...self.below(2)).map { _ in self.below(3000) }
        }
        habits.answersWhenCancelled = self.chance(25)
        if self.chance(8) { habits.acksHeldBack = Int(1 + self.below(4)) }
        if self.chance(10) { habits.ackDelay = self.below(1500) }
        habits.rudeness = self.chance(50) ? self.below(60) : 0
        return habits
    }

    private func call(
        _ party: ModelParty, _ number: String, after: UInt64 = 0, fields: String = ""
    ) {
        self.world.after(after) {
            guard !party.isDead, !self.world.isCalm else { return }
            party.dial(number, fields: fields)
        }
    }

    private func dialog(_ party: ModelParty, early: Bool = false) -> ModelDialog? {
        let all = party.dialogs.filter {
            $0.state == .confirmed || (early && $0.state == .early)
        }
        return all.isEmpty ? nil : self.world.random.pick(all)
    }

    /// Something in a call; often with something of the other party at about the same time.
    private func arrangeEvent() {
        let at = 300 + self.below(11_000)
        let first = self.world.random.pick(self.world.parties)
        self.world.after(at) { self.event(first) }
        guard self.chance(35) else { return }
        let other = self.world.random.pick(self.world.parties)
        self.world.after(at + self.below(40)) { self.event(other) }
    }

    private func flow() -> ModelFlow { ModelFlow(self.chance(70), self.chance(70)) }

    private func event(_ party: ModelParty) {
        guard !self.world.isCalm, !party.isDead else { return }
        let kind = self.below(20)
        guard let dialog = self.dialog(party, early: kind >= 8 && kind < 13) else { return }
        switch kind {
        case 0...3: party.reinvite(dialog, self.flow(), movesPort: self.chance(30))
        case 4, 5: party.reinvite(dialog, isLate: true)
        case 6, 7:
            party.reinvite(
                dialog, self.flow(), isLate: self.chance(20), cancelAfter: self.below(400))
        case 8...10: party.update(dialog, self.flow())
        case 11: party.update(dialog, nil)
        case 12: party.reinvite(dialog)
        case 13, 14: party.ask("INFO", dialog)
        case 15: party.ask("OPTIONS", dialog)
        case 16: party.bye(dialog)
        case 17:
            // Other codecs than before.
            let types = self.world.random.pick([[0, 8, 101], [8, 101], [0]])
            party.reinvite(dialog, self.flow(), types: types)
        default: party.reinvite(dialog, ModelFlow(true, true))
        }
    }

    /// A third party comes in: by REFER, by REFER with Replaces after a call of its own, or because
    /// it takes the call over.
    private func arrangeTransfer() {
        let party = self.world.random.pick([self.alice, self.bob])
        let host = party.boxAddress
        let at = 1500 + self.below(5000)
        let isConsulted = self.chance(50)
        if isConsulted { self.call(party, "+3555", after: at) }
        let takesOver = self.chance(25)
        self.world.after(at + 500 + self.below(3000)) {
            let all = party.dialogs.filter { $0.state == .confirmed }
            guard let dialog = all.first, !self.world.isCalm else { return }
            if takesOver {
                // Whoever takes over names the dialog as the one he replaces has it.
                let fields = "Replaces: \(Self.replaces(dialog))\r\n"
                return self.call(self.carol, "+1555", fields: fields)
            }
            if isConsulted, all.count > 1 {
                let named = Self.replaces(all[1]).replacing(";", with: "%3B")
                    .replacing("=", with: "%3D").replacing("@", with: "%40")
                return party.refer(dialog, to: "sip:+3555@\(host)?Replaces=\(named)")
            }
            party.refer(dialog, to: "sip:+3555@\(host)")
        }
    }

    /// A dialog as the box has it.
    private static func replaces(_ dialog: ModelDialog) -> String {
        "\(dialog.callID);to-tag=\(dialog.remoteTag);from-tag=\(dialog.localTag)"
    }

    // MARK: Rest and end

    private func finish() -> Outcome {
        let world = self.world
        world.isCalm = true
        world.lost = 0
        world.repeated = 0
        let dead = Set(world.parties.filter(\.isDead).map(\.name))
        var outcome = Outcome()
        if world.parties.contains(where: \.isBusy) {
            world.run(until: world.now + 45_000)
            // A refresh may be under way just then.
            for _ in 0..<20 where world.judge.isOfferOpen { world.run(until: world.now + 500) }
            if world.judge.faults.isEmpty {
                world.judge.judgeRest(world.intents, world.flows, deadParties: dead)
                outcome.pairs = world.intents.count
            }
        }
        let began = world.now
        for party in world.parties where !party.isDead { party.leave() }
        if !dead.isEmpty { world.after(1000) { world.endCalls() } }
        world.run { world.core.engine.callCount > 0 }
        let took = world.now - began
        // Who is dead owes an ACK before he owes the answer to a BYE; a call between two who are
        // dead is ended by an operator.
        let limit = ModelTimer.limit * (dead.isEmpty ? 1 : 2) + 1500
        if took > limit { world.judge.fault("ends", "the calls took \(took) ms to end") }
        world.run()
        self.judgeEnd(dead)
        outcome.faults = world.judge.faults
        outcome.calls = Int(world.core.engine.counters.callsAdmitted)
        outcome.dialogs = world.judge.dialogs.values.count { $0.isConfirmed }
        outcome.log = world.log ?? []
        world.close()
        return outcome
    }

    private func judgeEnd(_ dead: Set<String>) {
        let (world, judge) = (self.world, self.world.judge)
        guard judge.faults.isEmpty else { return }
        func none(_ count: Int, _ what: String) {
            if count != 0 { judge.fault("ends", "\(count) \(what) left") }
        }
        none(world.core.engine.callCount, "calls")
        none(world.core.layer.clientCount, "client transactions")
        none(world.core.layer.serverCount, "server transactions")
        none(world.timers.count, "timers")
        none(world.ports.reserved.count, "ports")
        none(world.checkpoints.count, "checkpoints")
        none(world.core.engine.admission.calls, "calls counted by admission")
        if !world.intents.isEmpty || !world.flows.isEmpty { judge.fault("flows", "some are left") }
        let admitted = Int(world.core.engine.counters.callsAdmitted)
        none(world.recordCount - admitted, "records more than calls")
        for party in world.parties where !party.isDead {
            if party.isBusy { judge.fault("ends", "\(party.name) is in a call") }
        }
        judge.finish(deadParties: dead)
    }

    // MARK: Faults on purpose

    private func spoil(_ sabotage: Sabotage) {
        var versions: [String: ModelMessage] = [:]
        var seen: Set<String> = []
        var branches: [String: String] = [:]
        self.world.leavesFlows = sabotage == .leftFlow
        self.world.sabotage = { message in
            let text = String(decoding: message.bytes, as: UTF8.self)
            func other(_ old: String, _ new: String) -> ModelMessage? {
                ModelMessage(Array(text.replacing(old, with: new).utf8))
            }
            switch sabotage {
            case .swallowedACK:
                return message.isRequest && message.method == "ACK" ? nil : message
            case .keptVersion:
                guard let description = message.description else { return message }
                let key = message.callID
                let first = versions[key] ?? message
                versions[key] = first
                guard let old = first.description, old.version != description.version else {
                    return message
                }
                return other(" \(description.version) IN IP4", " \(old.version) IN IP4")
            case .secondAnswer:
                guard message.status >= 300, !seen.insert(message.branch).inserted else {
                    return message
                }
                return other("SIP/2.0 \(message.status)", "SIP/2.0 500")
            case .livingBranch:
                guard message.isRequest else { return message }
                if message.method == "ACK", branches[message.callID] == nil {
                    branches[message.callID] = message.toTag
                }
                let isOther = branches[message.callID].map { $0 != message.toTag } ?? false
                return message.method == "BYE" && isOther ? nil : message
            case .leftFlow: return message
            case .deafHold:
                return message.isRequest ? other("a=sendonly", "a=sendrecv") : message
            }
        }
    }
}
