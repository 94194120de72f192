// SPDX-License-Identifier: Apache-2.0

import CFlowABI

/// One command to a worker. Its sequence number is given by the ring.
public struct FlowCommand: Sendable, Hashable {
    /// What to do with the flow.
    public enum Operation: Sendable, Hashable {
        /// Answered with ok; measures the path.
        case ping
        /// Install the flow; its index must be free.
        case add(FlowSpecification)
        /// Replace what a live flow is, all but our side, its SSRC and key set.
        case modify(FlowSpecification)
        /// Take the flow out.
        case remove
        /// Give a live flow its SRTP keys. The same key set again changes nothing.
        case keys(FlowKeys)
        /// Give a live flow its ICE credentials.
        case ice(FlowICE)
        /// How a live flow takes and sends digits. Its sender's queue stays as it is.
        case dtmf(FlowDTMF)
        /// Digits for a live flow's party, behind those that wait: all of them, or none.
        case digits(FlowDigits)
        /// Name each live flow among `count` indexes from the flow's on.
        case list(count: UInt32)
    }

    /// The flow; with `ping` and `list` only its index counts.
    public var flow: FlowID
    /// What to do.
    public var operation: Operation

    /// From its parts.
    public init(_ operation: Operation, flow: FlowID) {
        self.flow = flow
        self.operation = operation
    }

    /// Short name ("add").
    public var name: String {
        switch self.operation {
        case .ping: "ping"
        case .add: "add"
        case .modify: "modify"
        case .remove: "remove"
        case .list: "list"
        case .keys: "keys"
        case .ice: "ice"
        case .dtmf: "dtmf"
        case .digits: "digits"
        }
    }

    func shared(sequence: UInt32) -> tl_command {
        var command = tl_command()
        command.size_bytes = UInt32(MemoryLayout<tl_command>.size)
        command.sequence = sequence
        command.flow_index = self.flow.index.value
        command.generation = self.flow.generation.value
        switch self.operation {
        case .ping:
            command.operation = TL_OP_PING
        case .add(let specification):
            command.operation = TL_OP_ADD
            command.spec = specification.shared
        case .modify(let specification):
            command.operation = TL_OP_MODIFY
            command.spec = specification.shared
        case .remove:
            command.operation = TL_OP_REMOVE
        case .list(let count):
            command.operation = TL_OP_LIST
            command.value = count
        case .keys(let keys):
            command.operation = TL_OP_KEYS
            Self.store(keys.shared, in: &command)
        case .ice(let ice):
            command.operation = TL_OP_ICE
            Self.store(ice.shared, in: &command)
        case .dtmf(let dtmf):
            command.operation = TL_OP_DTMF
            Self.store(dtmf.shared, in: &command)
        case .digits(let digits):
            command.operation = TL_OP_DIGITS
            Self.store(digits.shared, in: &command)
        }
        return command
    }

    /// Puts what an operation says at the place of the specification; the contract asserts that it
    /// fits into the command.
    private static func store<Body>(_ body: Body, in command: inout tl_command) {
        let offset = MemoryLayout<tl_command>.offset(of: \.spec) ?? 0
        withUnsafeMutableBytes(of: &command) {
            $0.storeBytes(of: body, toByteOffset: offset, as: Body.self)
        }
    }
}
