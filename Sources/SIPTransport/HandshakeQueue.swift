// SPDX-License-Identifier: Apache-2.0

internal import NetworkAddress
internal import SIPTransaction

/// Handshakes of connections that came in, the oldest first: who says nothing gives way to who
/// comes after him, where there is no room for both.
struct HandshakeQueue {
    private struct Entry {
        let id: ConnectionID
        let source: IPAddress
        let since: UInt64
    }

    private var entries: [Entry] = []

    /// Entries kept, finished ones among them.
    var count: Int { self.entries.count }

    /// One more; finished ones are let go when there are many.
    mutating func append(
        _ id: ConnectionID, _ source: IPAddress, now: UInt64, limit: Int,
        isUnderWay: (ConnectionID) -> Bool
    ) {
        if self.entries.count >= 2 * limit { self.entries.removeAll { !isUnderWay($0.id) } }
        self.entries.append(Entry(id: id, source: source, since: now))
    }

    /// Takes out the one that has been under way for the longest time, since `latest` or before; of
    /// one source, if one is given.
    mutating func takeOldest(
        of source: IPAddress? = nil, since latest: UInt64, isUnderWay: (ConnectionID) -> Bool
    ) -> ConnectionID? {
        let position = self.entries.firstIndex {
            (source == nil || $0.source == source) && isUnderWay($0.id)
        }
        guard let position, self.entries[position].since <= latest else { return nil }
        let id = self.entries[position].id
        self.entries.removeSubrange(source == nil ? 0...position : position...position)
        return id
    }
}

extension TransportSet {
    /// A connection that came in begins its handshake.
    func queueHandshake(_ connection: StreamConnection) {
        guard connection.tls != nil else { return }
        self.handshakeQueue.append(
            connection.id, connection.hop.remote.address, now: self.loop.now,
            limit: self.limits.handshakes, isUnderWay: self.isInHandshake)
    }

    /// Ends the oldest handshake for one that wants to begin; false if none is old enough.
    func displaceHandshake(of source: IPAddress? = nil) -> Bool {
        let now = self.loop.now
        guard now >= self.limits.handshakeGraceMilliseconds else { return false }
        let oldest = self.handshakeQueue.takeOldest(
            of: source, since: now - self.limits.handshakeGraceMilliseconds,
            isUnderWay: self.isInHandshake)
        guard let oldest, let connection = self.connections[oldest] else { return false }
        self.counters.handshakesDisplaced &+= 1
        connection.close(.slow)
        return true
    }

    private func isInHandshake(_ id: ConnectionID) -> Bool {
        self.connections[id].map { !$0.hasStood } ?? false
    }
}
