// SPDX-License-Identifier: Apache-2.0

// What happens inside a leg's dialog.
extension CheckpointWriter {
    mutating func dialogState(_ leg: CallCheckpoint.Leg) {
        self.integer(leg.peer.rawValue)
        self.optional(leg.sessionTimer) {
            $0.integer($1.seconds)
            $0.flag($1.isOurs)
            $0.integer($1.startedAt)
            $0.integer($1.refreshAt)
        }
        self.integer(leg.leastExpires)
        self.integer(leg.due.rawValue)
    }
}

extension CheckpointReader {
    mutating func dialogState(of leg: inout CallCheckpoint.Leg) throws(CheckpointError) {
        leg.peer = PeerCapabilities(rawValue: try self.integer())
        leg.sessionTimer = try self.optional { r throws(CheckpointError) in
            let seconds: UInt32 = try r.integer()
            guard seconds > 0 else { throw r.failure(.badValue) }
            let isOurs = try r.flag()
            var timer = SessionTimer(seconds: seconds, isOurs: isOurs, at: try r.integer())
            timer.refreshAt = try r.integer()
            return timer
        }
        leg.leastExpires = try self.integer()
        leg.due = OwnOffers(rawValue: try self.integer())
        guard leg.peer.isSubset(of: .all), leg.due.isSubset(of: .all) else {
            throw self.failure(.badValue)
        }
    }
}
