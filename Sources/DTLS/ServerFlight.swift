// SPDX-License-Identifier: Apache-2.0

/// What a server says between its hello and ours to go on: ServerHello to ServerHelloDone. Nothing
/// of it is protected, a peer is bound to the first hello of ours that it saw, and OpenSSL cannot
/// take back what it was given. So a client holds it until it is whole, its records numbered
/// without a gap, and its key exchange signed by its certificate for our hello: nobody who forges
/// a record of it can know that.
///
/// Where two records say that they have one number neither is believed: when the peer repeats its
/// flight, that has other numbers. A flight of several datagrams that keeps being cut up by losses
/// is put together by OpenSSL, unproved.
struct ServerFlight {
    private enum Message {
        static let serverHello: UInt8 = 2
        static let helloVerifyRequest: UInt8 = 3
        static let certificate: UInt8 = 11
        static let serverKeyExchange: UInt8 = 12
        static let serverHelloDone: UInt8 = 14
    }

    private enum Phase { case held, proved, unproved }

    private static let recordsMax = 64
    /// Of our flight, after something came and before it is put together unproved.
    private static let retransmissionsMax = 3

    private var phase = Phase.held
    /// It was passed on whole and signed.
    var isProved: Bool { self.phase == .proved }
    /// By record number; empty: two said that they had it, or what began with it was refused.
    private var held: [Int: [UInt8]] = [:]
    /// Our retransmissions when the first of them came.
    private var retransmissionsBefore: Int?
    /// The last request for a cookie. A server that has one asks for the same each time; one that
    /// has begun is not made to see another hello by a single datagram.
    private var request: [UInt8]?
    /// The request is still to be repeated.
    var wantsCookie: Bool { self.request != nil }

    /// What is to be passed on now, each as one datagram.
    mutating func take(
        _ datagram: [UInt8], retransmissions: Int, _ session: SessionHandle
    ) -> [[UInt8]] {
        if self.phase == .unproved { return [datagram] }
        let records = Self.records(datagram)
        let plain = records.filter(Self.isPlainHandshake)
        if self.phase == .proved {
            let rest = records.filter { !Self.isPlainHandshake($0) }
            return rest.isEmpty ? [] : [Array(rest.joined())]
        }
        if let asked = plain.first(where: { Self.first($0) == Message.helloVerifyRequest }) {
            let request = Array(asked[RecordFilter.headerBytes...])
            if request == self.request { self = ServerFlight() } else { self.request = request }
            return self.wantsCookie ? [] : [datagram]
        }
        guard !plain.isEmpty else { return [] }
        let numbered = plain.map { (RecordFilter.number($0, 5, 6), $0) }
        var alone = Dictionary(numbered) { first, _ in first }
        if let whole = Self.proved(&alone, session) { return self.pass(whole) }
        if self.held.count + numbered.count > Self.recordsMax { self.held = [:] }
        for (number, record) in numbered {
            self.held[number] = self.held[number].map { $0 == record ? $0 : [] } ?? record
        }
        if let whole = Self.proved(&self.held, session) { return self.pass(whole) }
        let before = self.retransmissionsBefore ?? retransmissions
        self.retransmissionsBefore = before
        guard retransmissions - before >= Self.retransmissionsMax else { return [] }
        self.phase = .unproved
        // Without a neighbour it may be anybody's.
        return self.held.keys.sorted().compactMap { number in
            let near = [number - 1, number + 1].contains { self.held[$0]?.isEmpty == false }
            return near ? self.held[number] : nil
        }.filter { !$0.isEmpty }
    }

    private mutating func pass(_ whole: [[UInt8]]) -> [[UInt8]] {
        self.phase = .proved
        self.held = [:]
        return whole
    }

    /// A whole flight among records; the hello of one that is refused is emptied.
    private static func proved(
        _ records: inout [Int: [UInt8]], _ session: SessionHandle
    ) -> [[UInt8]]? {
        for start in records.keys.sorted() where Self.first(records[start]) == Message.serverHello {
            var run: [[UInt8]] = []
            var messages: [UInt8: [UInt8]] = [:]
            while let record = records[start + run.count], !record.isEmpty,
                messages[Message.serverHelloDone] == nil, Self.add(record, to: &messages)
            { run.append(record) }
            guard messages[Message.serverHelloDone] != nil else { continue }
            if Self.isProved(messages, session) { return run }
            records[start] = []
        }
        return nil
    }

    private static func isProved(_ messages: [UInt8: [UInt8]], _ session: SessionHandle) -> Bool {
        guard let hello = messages[Message.serverHello], hello.count >= 34,
            let chain = messages[Message.certificate], chain.count > 6,
            let exchange = messages[Message.serverKeyExchange]
        else { return false }
        let bytes = RecordFilter.number(chain, 3, 3)
        guard bytes <= chain.count - 6 else { return false }
        return session.isSigned(Array(hello[2..<34]), Array(chain[6..<6 + bytes]), exchange)
    }

    /// Adds a record's fragments to the messages; false where they do not follow.
    private static func add(_ record: [UInt8], to messages: inout [UInt8: [UInt8]]) -> Bool {
        var start = RecordFilter.headerBytes
        while start < record.count {
            let type = record[start]
            let body = start + RecordFilter.messageHeaderBytes
            let end = body + RecordFilter.number(record, start + 9, 3)
            guard messages[type]?.count ?? 0 == RecordFilter.number(record, start + 6, 3)
            else { return false }
            messages[type, default: []].append(contentsOf: record[body..<end])
            start = end
        }
        return true
    }

    /// The type of a record's first message, where that begins with it.
    private static func first(_ record: [UInt8]?) -> UInt8? {
        guard let record, record.count > RecordFilter.headerBytes,
            RecordFilter.number(record, RecordFilter.headerBytes + 6, 3) == 0
        else { return nil }
        return record[RecordFilter.headerBytes]
    }

    private static func isPlainHandshake(_ record: [UInt8]) -> Bool {
        record[0] == RecordFilter.Content.handshake && RecordFilter.number(record, 3, 2) == 0
    }

    /// The filter has seen that a datagram is records, and nothing behind them.
    private static func records(_ datagram: [UInt8]) -> [[UInt8]] {
        var records: [[UInt8]] = []
        var start = 0
        while let end = RecordFilter.end(datagram, start) {
            records.append(Array(datagram[start..<end]))
            start = end
        }
        return records
    }
}
