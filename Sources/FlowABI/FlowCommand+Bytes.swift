// SPDX-License-Identifier: Apache-2.0

import CFlowABI

extension FlowCommand {
    /// The command as one `struct tl_command`, for a file of commands that a replay reads.
    public func bytes(sequence: UInt32) -> [UInt8] {
        withUnsafeBytes(of: self.shared(sequence: sequence)) { Array($0) }
    }
}
