// SPDX-License-Identifier: Apache-2.0

import FlowABI
public import FlowProgramming

/// A control plane without signalling: the product's programmer, and what became of each session.
/// One thread's; nothing here waits.
public final class SessionDriver {
    /// The product's own; sessions are started, changed and ended through it.
    public let programmer: FlowProgrammer
    /// Sessions whose last wish is fulfilled. After a restart of the fast path again.
    public var installed: Set<MediaSession> = []
    /// Sessions that are over.
    public private(set) var ended = 0
    /// Commands that a worker refused.
    public private(set) var refused = 0
    /// Sessions that could not be had again after a restart of the fast path.
    public private(set) var lost = 0
    /// Legs that were silent for too long.
    public private(set) var timeouts = 0
    /// Legs whose keys must not be used again.
    public private(set) var spent = 0
    private let pendingMax: Int
    /// Is told each refusal and each loss, in a few words.
    private let report: (String) -> Void

    /// For the fast path whose files are in `directory`.
    public init(directory: String, report: @escaping (String) -> Void) {
        let configuration = FlowProgrammer.Configuration(directory: directory)
        self.pendingMax = configuration.pendingMax
        self.programmer = FlowProgrammer(configuration)
        self.report = report
    }

    /// Commands may be put in, and the fast path is there to take them.
    var hasRoom: Bool {
        self.programmer.pending < self.pendingMax && self.programmer.ports.isOpen
    }

    /// Something was refused or lost.
    public var hasFailed: Bool { self.refused + self.lost > 0 }

    /// One step of the programmer, and what came of it.
    public func poll() {
        self.programmer.poll(nowNs: Clocks.monotonicNs)
        for outcome in self.programmer.takeOutcomes() {
            switch outcome {
            case .installed(let session): self.installed.insert(session)
            case .refused(_, _, let status), .kept(_, _, let status):
                self.refused += 1
                self.report("refused \(status)")
            case .ended(let session, _, _):
                self.installed.remove(session)
                self.ended += 1
            case .mediaTimeout: self.timeouts += 1
            case .keysSpent: self.spent += 1
            case .sourceLearned, .pathSelected, .digit, .digitsRefused, .digitsLost: break
            case .lost(let session, let error):
                self.installed.remove(session)
                self.lost += 1
                self.report("lost \(error)")
            }
        }
    }
}
