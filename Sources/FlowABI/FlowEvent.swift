// SPDX-License-Identifier: Apache-2.0

import CFlowABI
public import NetworkAddress

/// What a worker said. The numbers are the worker's and were checked against nothing yet.
public struct FlowEvent: Sendable, Hashable {
    /// What it said.
    public enum Kind: Sendable, Hashable {
        /// The answer to a command; `value` is the number of flows listed.
        case answer(CommandStatus, value: UInt32)
        /// A live flow, on the way to the answer of a list command.
        case listed
        /// Nothing accepted for so many milliseconds.
        case mediaTimeout(silentMs: UInt32)
        /// The one learned source.
        case sourceLearned(SocketAddress)
        /// Where media goes now, by ICE or early latch; nominated by the remote party, or not yet.
        case pathSelected(SocketAddress, isNominated: Bool)
        /// A digit of the flow's party is over.
        case digit(FlowDigit)
        /// Something that a newer worker says, or that cannot be.
        case unknown(UInt32)
    }

    /// What it said.
    public let kind: Kind
    /// With `answer` and `listed`: of the command.
    public let sequence: UInt32
    /// The flow that it is about.
    public let flow: FlowID
    /// When, CLOCK_MONOTONIC.
    public let timeNs: UInt64

    init(_ event: tl_event) {
        self.sequence = event.sequence
        self.timeNs = event.time_ns
        self.flow = FlowID(
            index: FlowIndex(event.flow_index), generation: Generation(event.generation))
        switch event.kind {
        case TL_EVENT_ANSWER:
            self.kind = .answer(CommandStatus(event.status), value: event.value)
        case TL_EVENT_LISTED:
            self.kind = .listed
        case TL_EVENT_MEDIA_TIMEOUT:
            self.kind = .mediaTimeout(silentMs: event.value)
        case TL_EVENT_SOURCE_LEARNED:
            self.kind = .sourceLearned(
                SocketAddress(address: loadAddress(event.address), port: event.port))
        case TL_EVENT_PATH_SELECTED:
            self.kind = .pathSelected(
                SocketAddress(address: loadAddress(event.address), port: event.port),
                isNominated: event.value == 1)
        case TL_EVENT_DIGIT:
            self.kind = FlowDigit(event).map { .digit($0) } ?? .unknown(event.kind)
        default:
            self.kind = .unknown(event.kind)
        }
    }
}
