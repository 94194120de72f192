// SPDX-License-Identifier: Apache-2.0

import DTLS

/// What the agent counted.
struct DTLSFigures {
    /// Sessions of OpenSSL at the moment.
    var sessions: UInt64 = 0
    /// Associations that began.
    var begun: UInt64 = 0
    /// That came to keys.
    var established: UInt64 = 0
    /// That did not.
    var failed: UInt64 = 0
    /// Times that one could not begin because there were as many sessions as there may be.
    var refusedTooMany: UInt64 = 0
    /// Times that a handshake had to wait because too many began within a second.
    var delayed: UInt64 = 0
    /// Datagrams without an agreement that found no room to wait for it.
    var queueFull: UInt64 = 0
    /// Records that cannot be the peer's, or that came after the end.
    var recordsDropped: UInt64 = 0
    /// Records beyond what one handshake may take.
    var recordsOverLimit: UInt64 = 0
    /// Unprotected alerts, which prove nothing.
    var alertsIgnored: UInt64 = 0
    /// Hellos that were answered with nothing but the request for a cookie.
    var cookiesAsked: UInt64 = 0
    /// Flights of ours sent again.
    var retransmissions: UInt64 = 0
    /// Datagrams that the fast path had no room for.
    var sendsRefused: UInt64 = 0
    /// Sessions that the peer closed before we let go of them.
    var closedByPeer: UInt64 = 0

    mutating func add(_ counters: DTLSCounters) {
        self.recordsDropped &+= counters.recordsDropped
        self.recordsOverLimit &+= counters.recordsOverLimit
        self.alertsIgnored &+= counters.alertsIgnored
        self.cookiesAsked &+= counters.cookiesAsked
        self.retransmissions &+= counters.retransmissions
        self.sendsRefused &+= counters.datagramsRefused
    }
}
