// SPDX-License-Identifier: Apache-2.0

/// A flow's place in the fast path's tables; ranges of indexes belong to workers.
public struct FlowIndex: Sendable, Hashable {
    /// From zero.
    public let value: UInt32
    /// From a number, which is not checked here.
    public init(_ value: UInt32) { self.value = value }
}

/// What tells the flows apart that had one index, one after the other. Zero is never used.
public struct Generation: Sendable, Hashable {
    /// Counts up, wraps, leaves zero out.
    public let value: UInt32
    /// From a number, which is not checked here.
    public init(_ value: UInt32) { self.value = value }

    /// The generation after this one.
    public var next: Generation { Generation(self.value == .max ? 1 : self.value &+ 1) }

    /// True when this one comes after the other, over the wrap (CFlowABI.h, struct tl_command).
    public func isAfter(_ other: Generation) -> Bool {
        Int32(bitPattern: self.value &- other.value) > 0
    }
}

/// One flow for its whole life: an index with a generation.
public struct FlowID: Sendable, Hashable {
    /// Its place.
    public let index: FlowIndex
    /// Which of the flows at this place.
    public let generation: Generation
    /// From its parts.
    public init(index: FlowIndex, generation: Generation) {
        self.index = index
        self.generation = generation
    }
}

/// A worker of the fast path.
public struct WorkerIndex: Sendable, Hashable {
    /// From zero.
    public let value: UInt32
    /// From a number, which is not checked here.
    public init(_ value: UInt32) { self.value = value }
}

/// A signalling shard.
public struct ShardIndex: Sendable, Hashable {
    /// From zero.
    public let value: UInt32
    /// From a number, which is not checked here.
    public init(_ value: UInt32) { self.value = value }
}

/// A local media address, by its place in the fast path's file.
public struct AddressIndex: Sendable, Hashable {
    /// From zero.
    public let value: UInt16
    /// From a number, which is not checked here.
    public init(_ value: UInt16) { self.value = value }
}
