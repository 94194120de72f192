// SPDX-License-Identifier: Apache-2.0

import Admission
public import Configuration

/// How many calls a node lets in, and why.
public struct CallLimit: Sendable, Equatable {
    /// Calls at a time.
    public let calls: Int
    /// Where the number comes from.
    public let reason: String
    /// What an operator might do about it; nil: nothing.
    public let advice: String?

    /// For a node with this configuration on this machine.
    public init(_ file: NodeConfiguration, _ machine: Machine) {
        let calibration = Calibration(
            stateDirectory: file.node.stateDirectory, machine: machine)
        var resources = CapacityResources(machine, file)
        if case .good(let cost) = calibration { resources.cost = cost }
        let budget = CapacityBudget(resources).limiting
        let source = "the budget, limited by \(budget.resource.rawValue)"
        if let calls = file.limits.calls {
            self.calls = calls
            self.reason = "limits.calls of the configuration"
            self.advice =
                calls > budget.calls
                ? "\(source), is \(budget.calls) calls: trunkline size explains it" : nil
        } else {
            self.calls = budget.calls
            self.reason = source
            self.advice = calibration.advice
        }
    }
}

extension Calibration {
    /// What an operator might do for a better budget; nil: nothing.
    var advice: String? {
        switch self {
        case .good: nil
        case .absent: "the workers were not measured: trunkline size --save does it"
        case .refused(let why): "\(why) and is not used: trunkline size --save writes a new one"
        }
    }
}
