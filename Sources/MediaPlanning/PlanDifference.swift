// SPDX-License-Identifier: Apache-2.0

public import FlowABI

extension PlannedFlow {
    /// The command that turns one flow from what it is into what it shall be; nil when it is that
    /// already. Both have the same identity. Nil before: it is added; nil after: it is removed.
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
            return FlowCommand(.modify(after.specification), flow: after.flow)
        }
    }
}

extension MediaPlan {
    /// The commands that lead from one plan of a call to the next: both legs are added when there
    /// was none, modified where a re-INVITE, a hold or a new address changed them, exchanged where
    /// the next plan has another flow for a leg, removed when there is none any more. Removals come
    /// first, so that a port may go over to the flow that takes a leg over.
    public static func commands(
        from before: MediaPlan?, to after: MediaPlan?
    ) throws(MediaPlanError) -> [FlowCommand] {
        var removals: [FlowCommand] = []
        var others: [FlowCommand] = []
        for leg in [\MediaPlan.a, \MediaPlan.b] {
            let old = before?[keyPath: leg]
            let new = after?[keyPath: leg]
            if let old, let new, old.flow != new.flow {
                removals.append(FlowCommand(.remove, flow: old.flow))
                others.append(FlowCommand(.add(new.specification), flow: new.flow))
            } else if let command = try PlannedFlow.command(from: old, to: new) {
                if new == nil { removals.append(command) } else { others.append(command) }
            }
        }
        return removals + others
    }
}
