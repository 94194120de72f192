// SPDX-License-Identifier: Apache-2.0

public import FlowABI

/// Where the connection to the fast path stands.
public enum LinkState: Sendable, Hashable {
    /// Its file cannot be used; the reason, once it was looked at.
    case detached(FileRefusal?)
    /// Attached; its process has not answered the handshake.
    case waiting
    /// The rings are in use.
    case matched
}

/// The two files and the handshake between them, seen from one shard that owns the control file.
/// The state machine of CFlowABI.h, "incarnations and the reset handshake"; driven by `poll`.
final class FastPathLink {
    enum Change {
        case none
        /// Another file, or the first one: realms and geometry may be different.
        case attached
        /// The rings may be used from now on; nothing is in them.
        case matched
        /// The rings are lost, with all that was in them.
        case lost
    }

    /// How often a missing file is looked for, and a mapped one compared with its path.
    static let lookNs: UInt64 = 20_000_000
    /// How long a fast path that lied is left alone.
    static let faultNs: UInt64 = 1_000_000_000
    /// How long a handshake is waited for before it is begun again with a new incarnation of ours:
    /// the fast path may have given up on this one.
    static let handshakeNs: UInt64 = 5_000_000_000

    private let paths: (fastPath: String, control: String)
    private let shard: ShardIndex
    private let mode: UInt32
    private var lookAtNs: UInt64 = 0
    private var resetFor: UInt64 = 0
    private var resetAtNs: UInt64 = 0

    private(set) var state: LinkState = .detached(nil)
    private(set) var fastPath: FastPathFile?
    private(set) var control: ControlFile?
    /// One for each worker while matched, else none.
    private(set) var channels: [Channel] = []
    private(set) var lastFault: RingFault?

    init(fastPath: String, control: String, shard: ShardIndex, mode: UInt32) {
        self.paths = (fastPath, control)
        self.shard = shard
        self.mode = mode
    }

    /// One step. `matching` false attaches, and holds the handshake back.
    func poll(nowNs: UInt64, matching: Bool) -> Change {
        self.control?.beat(nowNs: nowNs)
        guard let fastPath = self.fastPath else { return self.attach(nowNs) }
        if nowNs >= self.lookAtNs {
            self.lookAtNs = nowNs &+ Self.lookNs
            if fastPath.isReplaced { return self.detach(nil) }
        }
        let incarnation = fastPath.incarnation
        if self.state == .matched {
            // Not only its process: we too may have become another one in its eyes.
            let isMatched = self.control?.isMatched(with: fastPath) ?? false
            return isMatched ? .none : self.lose()
        }
        guard matching, incarnation != 0, let control = self.control else { return .none }
        if incarnation != self.resetFor {
            control.reset(for: incarnation)
            self.resetFor = incarnation
            self.resetAtNs = nowNs
        }
        guard control.isMatched(with: fastPath) else {
            guard nowNs &- self.resetAtNs >= Self.handshakeNs else { return .none }
            self.control = nil
            return self.detach(nil)
        }
        self.channels = (0..<fastPath.geometry.workers).compactMap { worker in
            Channel(
                Channel.Place(shard: self.shard, worker: WorkerIndex(worker)), control: control,
                fastPath: fastPath, incarnation: incarnation)
        }
        self.state = .matched
        return .matched
    }

    /// Gives up rings whose other end cannot be believed: both files are let go of, and after a
    /// while attached anew with a new incarnation of ours.
    func fault(_ fault: RingFault, nowNs: UInt64) -> Change {
        if fault == .peerRestarted { return self.lose() }
        self.lastFault = fault
        let change = self.detach(nil)
        self.control = nil
        self.lookAtNs = nowNs &+ Self.faultNs
        return change
    }

    private func attach(_ nowNs: UInt64) -> Change {
        guard nowNs >= self.lookAtNs else { return .none }
        self.lookAtNs = nowNs &+ Self.lookNs
        do throws(FileRefusal) {
            let fastPath = try FastPathFile(attaching: self.paths.fastPath)
            guard self.shard.value < fastPath.geometry.shards else {
                throw FileRefusal.otherGeometry
            }
            if self.control?.geometry != fastPath.geometry {
                // The old one first: its lock is on the same path.
                self.control = nil
                self.control = try ControlFile(
                    owning: self.paths.control, geometry: fastPath.geometry, mode: self.mode)
            }
            self.fastPath = fastPath
        } catch {
            self.state = .detached(error)
            return .none
        }
        self.resetFor = 0
        self.state = .waiting
        return .attached
    }

    private func lose() -> Change {
        for channel in self.channels { channel.commands.wipe() }
        self.channels = []
        self.control?.withdraw()
        self.resetFor = 0
        let wasMatched = self.state == .matched
        self.state = .waiting
        return wasMatched ? .lost : .none
    }

    private func detach(_ refusal: FileRefusal?) -> Change {
        let change = self.lose()
        self.fastPath = nil
        self.state = .detached(refusal)
        return change
    }
}
