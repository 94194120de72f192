// SPDX-License-Identifier: Apache-2.0

/// Our pings of empty lines on one connection (RFC 5626 section 3.5.1 and 4.4.1), and whether the
/// peer answers them. Whatever it sends is as good a sign of life as a pong.
struct KeepAlive {
    /// What is due.
    enum Due: Equatable { case nothing, ping, silent }

    static let ping: [UInt8] = [0x0d, 0x0a, 0x0d, 0x0a]
    static let pong: [UInt8] = [0x0d, 0x0a]

    private let interval: UInt64
    private var lastPing: UInt64
    private var isAwaited = false

    /// A ping every `interval` milliseconds; 0: none.
    init(interval: UInt64, now: UInt64) {
        self.interval = interval
        self.lastPing = now
    }

    /// The connection stands.
    mutating func begin(_ now: UInt64) { self.lastPing = now }

    /// What is due now; the caller sends the ping.
    mutating func timeIsUp(_ now: UInt64, _ pongMilliseconds: UInt64) -> Due {
        guard self.interval > 0 else { return .nothing }
        let age = now &- self.lastPing
        if self.isAwaited { return age >= pongMilliseconds ? .silent : .nothing }
        guard age >= self.interval else { return .nothing }
        self.lastPing = now
        self.isAwaited = true
        return .ping
    }

    /// When something is due again: so long after then.
    func next(_ pongMilliseconds: UInt64) -> (since: UInt64, milliseconds: UInt64)? {
        guard self.interval > 0 else { return nil }
        return (self.lastPing, self.isAwaited ? pongMilliseconds : self.interval)
    }

    /// Octets came; how many of the first are a pong, which is nothing to anybody else. Four would
    /// be a ping of the peer's.
    mutating func received(
        _ bytes: UnsafeRawBufferPointer, isBetweenMessages: Bool, _ now: UInt64
    ) -> Int {
        guard self.isAwaited, !bytes.isEmpty else { return 0 }
        self.isAwaited = false
        guard isBetweenMessages, bytes.starts(with: Self.pong), !bytes.starts(with: Self.ping)
        else { return 0 }
        return Self.pong.count
    }
}
