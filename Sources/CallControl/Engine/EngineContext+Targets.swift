// SPDX-License-Identifier: Apache-2.0

import Admission
import SIPTransaction

// What calls find out about the peers. Whoever sends a request for a call to a target says what
// became of it, once.
extension EngineContext {
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
