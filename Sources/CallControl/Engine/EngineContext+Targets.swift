// SPDX-License-Identifier: Apache-2.0

import Admission
import SIPTransaction

// What calls find out about the peers. Whoever sends a request for a call to a target says what
// became of it, once.
extension EngineContext {
    /// What came of an attempt of a call.
    func note(_ outcome: TargetOutcome, of hop: Hop, _ trunk: TrunkName) {
        switch outcome {
        case .answered: self.targetAnswered(hop, of: trunk)
        case .refused(let status, let retryAfter):
            // Another status may lead a call on as well, and says nothing against the peer.
            guard let failure = PeerFailure(status: status) else {
                return self.targetAnswered(hop, of: trunk)
            }
            self.targetFailed(hop, of: trunk, failure, retryAfterSeconds: retryAfter)
        case .silent: self.targetFailed(hop, of: trunk, .unanswered)
        case .unreachable: self.targetFailed(hop, of: trunk, .transport)
        }
    }

    /// A request that was sent there came to nothing before anything but 100 had come.
    /// `retryAfterSeconds` is what its response said, if any.
    func targetFailed(
        _ hop: Hop, of trunk: TrunkName, _ failure: PeerFailure, retryAfterSeconds: UInt32? = nil
    ) {
        for number in self.peers.numbers(of: trunk) where self.peers.isThere(number, hop) {
            self.notice(number) {
                $0.failed(failure, retryAfterSeconds: retryAfterSeconds, now: self.now)
            }
        }
    }

    /// A request that was sent there got a response that is a sign of life.
    func targetAnswered(_ hop: Hop, of trunk: TrunkName) {
        for number in self.peers.numbers(of: trunk) where self.peers.isThere(number, hop) {
            self.notice(number) { $0.answered(self.now) }
        }
    }
}
