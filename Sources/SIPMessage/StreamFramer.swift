// SPDX-License-Identifier: Apache-2.0

/// Cuts a stream into messages by Content-Length (RFC 3261 section 18.3).
///
/// One for each connection, owned by its shard. Holds at most one message and what has been read
/// behind it: the caller appends what one read gave and then takes until `needMore`. After a
/// failure the border of the next message is lost: every further call fails alike, and the
/// connection is to be closed once the answer, if any, has been sent.
public struct StreamFramer: ~Copyable {
    /// What the stream holds next.
    public enum Item: Sendable, Hashable {
        /// One message, start line to end of body.
        case message([UInt8])
        /// CRLF CRLF between messages: a ping to answer with CRLF (RFC 5626 section 3.5.1).
        case keepAlive
        /// Nothing complete.
        case needMore
        /// The framing is lost. The octets are what was read of the faulty message, for
        /// `SIPMessageBuilder.rejection`.
        case failure(SIPParseError, octets: [UInt8])
    }

    private var buffer: [UInt8] = []
    /// Offset of what has not been handed out.
    private var start = 0
    /// How far behind `start` the end of the header section was looked for in vain.
    private var searched = 0
    /// Octets of the message in hand, once its header section is complete.
    private var messageSize: Int?
    private var keepAliveBytes = 0
    private var failed: SIPParseError?
    /// Octets of the stream before the first one in `buffer`.
    private var passed = 0
    /// Offset in the stream of the message or failure handed out last.
    public private(set) var itemOffset = 0

    /// An empty stream.
    public init() {}

    /// Octets held that have not been handed out.
    public var pendingBytes: Int { self.buffer.count - self.start }

    /// Takes what was read. Copies at most `bytes.count` plus a message that is not complete.
    public mutating func append(_ bytes: some Collection<UInt8>) {
        guard self.failed == nil else { return }
        if self.start > 0 {
            self.buffer.removeSubrange(..<self.start)
            self.passed &+= self.start
            self.start = 0
        }
        self.buffer += bytes
    }

    /// Line ends so far count no more: their limit is one for a span of time that the caller knows.
    public mutating func forgiveKeepAlives() { self.keepAliveBytes &= 2 }

    /// The next item; call until it says `needMore`.
    public mutating func next() -> Item {
        if let failed = self.failed { return .failure(failed, octets: []) }
        if self.messageSize == nil {
            if let item = self.skipLineEnds() { return item }
            guard self.start < self.buffer.count else { return .needMore }
            guard let headerEnd = self.findHeaderEnd() else { return self.incomplete() }
            switch self.size(headerEnd: headerEnd) {
            case .success(let size): self.messageSize = size
            case .failure(let fault): return self.fail(fault, upTo: headerEnd)
            }
        }
        guard let size = self.messageSize, self.pendingBytes >= size else { return .needMore }
        let message = Array(self.buffer[self.start..<(self.start + size)])
        self.itemOffset = self.passed &+ self.start
        self.consume(size)
        self.messageSize = nil
        self.keepAliveBytes = 0
        return .message(message)
    }

    private mutating func consume(_ count: Int) {
        self.start += count
        self.searched = 0
        if self.start == self.buffer.count {
            self.passed &+= self.start
            self.buffer.removeAll(keepingCapacity: true)
            self.start = 0
        }
    }

    /// Line ends before a start line are ignored (RFC 3261 section 7.5); two are a ping.
    private mutating func skipLineEnds() -> Item? {
        while self.pendingBytes >= 2, self.buffer[self.start] == 0x0d,
            self.buffer[self.start + 1] == 0x0a
        {
            self.keepAliveBytes += 2
            guard self.keepAliveBytes <= SIPLimits.keepAliveBytes else {
                return self.fail(SIPParseError(.keepAliveFlood, at: 0), upTo: self.start)
            }
            self.consume(2)
            if self.keepAliveBytes % 4 == 0 { return .keepAlive }
        }
        if self.pendingBytes == 1, self.buffer[self.start] == 0x0d { return .needMore }
        return nil
    }

    /// Offset behind the empty line, looked for from where the last search ended.
    private mutating func findHeaderEnd() -> Int? {
        let from = max(self.start, self.start + self.searched - 3)
        if let end = Self.emptyLine(self.buffer.span, from: from) { return end }
        self.searched = self.pendingBytes
        return nil
    }

    private static func emptyLine(_ bytes: Span<UInt8>, from start: Int) -> Int? {
        var index = start
        while index <= bytes.count - 4 {
            if bytes[index] == 0x0d, bytes[index + 1] == 0x0a, bytes[index + 2] == 0x0d,
                bytes[index + 3] == 0x0a
            {
                return index + 4
            }
            index += 1
        }
        return nil
    }

    private mutating func incomplete() -> Item {
        guard self.pendingBytes > SIPLimits.messageBytes else { return .needMore }
        let fault = SIPParseError(.messageTooLarge, at: SIPLimits.messageBytes)
        return self.fail(fault, upTo: self.start + SIPLimits.messageBytes)
    }

    /// Size of the whole message, from its Content-Length.
    private func size(headerEnd: Int) -> Result<Int, SIPParseError> {
        let header = Array(self.buffer[self.start..<headerEnd])
        guard header.count <= SIPLimits.messageBytes else {
            return .failure(SIPParseError(.messageTooLarge, at: SIPLimits.messageBytes))
        }
        switch MessageSplitter.announcedLength(header) {
        case .failure(let fault): return .failure(fault)
        case .success(let length):
            guard length.value <= SIPLimits.messageBytes - header.count else {
                return .failure(SIPParseError(.messageTooLarge, at: length.offset))
            }
            return .success(header.count + length.value)
        }
    }

    private mutating func fail(_ fault: SIPParseError, upTo end: Int) -> Item {
        let octets = Array(self.buffer[self.start..<max(self.start, min(end, self.buffer.count))])
        self.failed = fault
        self.itemOffset = self.passed &+ self.start
        self.buffer = []
        self.start = 0
        return .failure(fault, octets: octets)
    }
}
