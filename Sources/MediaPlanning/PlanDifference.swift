// SPDX-License-Identifier: Apache-2.0

public import FlowABI

// What a flow is changes by one command at a time, and between two of them packets pass. So each
// step is chosen such that what stands after it, whatever the peer flow is just then, sends nothing
// in the clear that signalling has agreed to protect.

extension PlannedFlow {
    /// The next command on the way from what a flow is (nil: nothing) to what it shall be (nil:
    /// nothing); nil when it is that already. Both have the same identity. A flow has its flags
    /// before its keys, both before its ICE credentials, and all before its digits.
    public static func command(
        from before: PlannedFlow?, to after: PlannedFlow?
    ) throws(MediaPlanError) -> FlowCommand? {
        switch (before, after) {
        case (nil, nil):
            return nil
        case (nil, let after?):
            return FlowCommand(.add(after.specification), flow: after.flow)
        case (let before?, nil):
            return FlowCommand(.remove, flow: before.flow)
        case (let before?, let after?):
            if before == after { return nil }
            guard before.flow == after.flow,
                before.specification.canBecome(after.specification)
            else { throw .identityReused(after.flow) }
            return before.change(to: after)
        }
    }

    /// The same between two plans of one flow.
    public func change(to after: PlannedFlow) -> FlowCommand? {
        // Keys are taken away only with the flag, and the flag only from a flow that is closed.
        if after.isSecure, self.keys != nil, after.keys == nil {
            return FlowCommand(.modify(after.closed), flow: after.flow)
        }
        if self.specification != after.specification {
            return FlowCommand(.modify(after.specification), flow: after.flow)
        }
        if let keys = after.keys, keys != self.keys {
            return FlowCommand(.keys(keys), flow: after.flow)
        }
        if let ice = after.ice, ice != self.ice {
            return FlowCommand(.ice(ice), flow: after.flow)
        }
        if self.dtmf != after.dtmf {
            return FlowCommand(.dtmf(after.dtmf ?? .off), flow: after.flow)
        }
        return nil
    }

    /// The same flow while nothing of its media passes either way, nor RTCP of ours; without keys.
    public var closed: FlowSpecification {
        var specification = self.specification
        specification.flags.subtract([.receive, .send, .rtcp, .srtp, .earlyLatch])
        return specification
    }

    /// What a flow is when a command is done that was made for it; nil: gone.
    public static func state(
        of before: PlannedFlow?, after command: FlowCommand
    ) -> PlannedFlow? {
        switch command.operation {
        case .add(var specification):
            specification.keyID = 0
            return PlannedFlow(flow: command.flow, specification: specification)
        case .remove:
            return nil
        case .modify(let specification):
            // Keys and credentials go with their flags.
            return PlannedFlow(
                flow: command.flow, specification: specification,
                keys: specification.isSecure ? before?.keys : nil,
                ice: specification.flags.contains(.ice) ? before?.ice : nil,
                dtmf: before?.dtmf)
        case .keys(let keys):
            var state = before
            state?.keys = keys
            return state
        case .ice(let ice):
            var state = before
            state?.ice = ice
            return state
        case .dtmf(let dtmf):
            var state = before
            state?.dtmf = dtmf == .off ? nil : dtmf
            return state
        case .ping, .list, .digits:
            return before
        }
    }

    /// A flow that shall be secure and is not yet: what its peer sends to it leaves in the clear.
    public static func isExposed(_ state: PlannedFlow?, goal: PlannedFlow?) -> Bool {
        guard let state, let goal else { return false }
        return goal.isSecure && !state.isSecure
    }

    /// True for a command after which media may come in at a flow (and leave by its peer) that did
    /// not before: such a one waits while the peer is exposed. `hasKeys`: the flow has keys, or may
    /// have.
    public static func opens(_ command: FlowCommand, hasKeys: Bool) -> Bool {
        switch command.operation {
        case .add(let specification), .modify(let specification):
            // A secure flow without keys takes nothing.
            specification.flags.contains(.receive) && (hasKeys || !specification.isSecure)
        case .keys, .ice:
            true
        case .remove, .ping, .list, .dtmf, .digits:
            false
        }
    }
}

extension MediaPlan {
    /// The commands that lead from one plan of a call to the next: both legs are added when there
    /// was none, modified where a re-INVITE, a hold or a new address changed them, given their keys
    /// and credentials, exchanged where the next plan has another flow for a leg, removed when
    /// there is none any more. Removals come first, so that a port may go over to the flow that
    /// takes a leg over. A leg that turns secure has its flag before its peer is opened.
    public static func commands(
        from before: MediaPlan?, to after: MediaPlan?
    ) throws(MediaPlanError) -> [FlowCommand] {
        var commands: [FlowCommand] = []
        var states = (a: before?.a, b: before?.b)
        for leg in [\(a: PlannedFlow?, b: PlannedFlow?).a, \.b] {
            let goal = leg == \.a ? after?.a : after?.b
            guard let old = states[keyPath: leg], old.flow != goal?.flow else { continue }
            commands.append(FlowCommand(.remove, flow: old.flow))
            states[keyPath: leg] = nil
        }
        guard let after else { return commands }
        var count: Int
        repeat {
            count = commands.count
            try Self.advance(&states.a, to: after.a, beside: (states.b, after.b), &commands)
            try Self.advance(&states.b, to: after.b, beside: (states.a, after.a), &commands)
        } while commands.count > count
        return commands
    }

    /// Brings one leg as far as the other one allows.
    private static func advance(
        _ state: inout PlannedFlow?, to goal: PlannedFlow,
        beside peer: (state: PlannedFlow?, goal: PlannedFlow), _ commands: inout [FlowCommand]
    ) throws(MediaPlanError) {
        let isHeld = PlannedFlow.isExposed(peer.state, goal: peer.goal)
        while let command = try PlannedFlow.command(from: state, to: goal) {
            if isHeld, PlannedFlow.opens(command, hasKeys: state?.keys != nil) { return }
            commands.append(command)
            state = PlannedFlow.state(of: state, after: command)
        }
    }
}
