// SPDX-License-Identifier: Apache-2.0

import Management
import Provisioning

extension Verb {
    static let deployment = Verb(
        name: "deployment", operands: "show | change", summary: "what holds for all tenants",
        details: """
            Shows or changes what holds for all tenants: the options are the fields, an empty value
            ("") takes one away. It has no name until one is said.

            examples:
              trunkline deployment change --name carrier-1 --custom-header X-MS-Operator-Content
              trunkline deployment change --base-domain sbc.carrier.example --dry-run
            Exit status: 0, 1 if it was refused, 2 for wrong arguments.
            """,
        options: ProvisioningAccess.options + DeploymentFields.all.map { Option($0) } + [
            ProvisioningAccess.dryRun
        ],
        use: OptionUse(
            [("show", []), ("change", DeploymentFields.all.map(\.name) + ["dry-run"])],
            shared: ProvisioningAccess.options)
    ) { (arguments) throws(Failure) in
        let operands = try arguments.operands(1...1, "show or change")
        let access = try ProvisioningAccess(arguments)
        switch operands[0] {
        case "show": Self.print(try access.ask("deployment-show", [:], arguments), arguments)
        case "change":
            var request = arguments.members(DeploymentFields.all)
            if arguments.has("dry-run") { request["dry-run"] = true }
            let answer = try access.ask("deployment-change", request, arguments)
            Self.tell("deployment", answer, answer["deployment"], arguments)
        default: throw .usage("show or change is expected, not \(operands[0])")
        }
        return .ok
    }
}
