// SPDX-License-Identifier: Apache-2.0

import Management
import Node

extension Verb {
    static let flows = Verb(
        name: "flows", summary: "the media flows in the fast path",
        details: """
            Lists the flows of the fast path: one for each leg of a call, with its addresses and
            what it carried. Where the control plane is away, the fast path's own file is read.
            Jitter is in clock units of the codec, as RTCP has it (8 a millisecond for G.711).
            """,
        options: RunningNode.options
    ) { (arguments) throws(Failure) in
        _ = try arguments.operands(0...0, "")
        let node = try RunningNode(arguments)
        let flows = try node.orFile("flows") { (file) in
            .array(FlowList.live(file).map { .object($0) })
        }
        if arguments.wantsJSON {
            Terminal.print(flows)
        } else if let list = flows.array, !list.isEmpty {
            let columns = ["flow", "realm", "local", "source", "packets_in", "packets_out"]
            Terminal.print(Render.table(list, first: columns, without: ["generation", "ssrc"]))
        } else {
            Terminal.print("no flows")
        }
        return .ok
    }
}
