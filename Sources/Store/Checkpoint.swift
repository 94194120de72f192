// SPDX-License-Identifier: Apache-2.0

/// Names a checkpoint: the call's own identifier, as bytes, at most 192.
public struct CheckpointKey: Sendable, Hashable {
    /// The identifier.
    public let bytes: [UInt8]

    /// Bytes that it may have.
    static let bytesMax = 192

    /// From the identifier; longer ones are cut.
    public init(bytes: [UInt8]) {
        self.bytes = bytes.count > Self.bytesMax ? Array(bytes.prefix(Self.bytesMax)) : bytes
    }
}

/// What a call needs to be found again after a restart. The store knows nothing of its inside.
public struct Checkpoint: Sendable, Equatable {
    /// Whose it is.
    public let key: CheckpointKey
    /// Which layout `bytes` has; of the writer's choosing.
    public let version: UInt32
    /// The encoded state.
    public let bytes: [UInt8]

    /// From its parts.
    public init(key: CheckpointKey, version: UInt32, bytes: [UInt8]) {
        self.key = key
        self.version = version
        self.bytes = bytes
    }
}
