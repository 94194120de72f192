// SPDX-License-Identifier: Apache-2.0

import Management
import Node

extension Verb {
    static let version = Verb(
        name: "version", summary: "the version of this program",
        details: "Prints the version of this program."
    ) { (arguments) throws(Failure) in
        _ = try arguments.operands(0...0, "")
        if arguments.wantsJSON {
            Terminal.print(["version": .string(Version.text)])
        } else {
            Terminal.print("trunkline \(Version.text)")
        }
        return .ok
    }
}
