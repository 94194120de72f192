// SPDX-License-Identifier: Apache-2.0

import SIPMessage

/// Reliable provisional responses of one early dialog towards the caller (RFC 3262 section 3): one
/// at a time, repeated at T1 and then at twice the time before until its PRACK comes.
struct ReliableSender {
    /// A response as it went out.
    struct Sent {
        let response: UInt32
        let status: Int
        let bytes: [UInt8]
        /// It has a session description: a 2xx has to wait for its PRACK.
        let hasDescription: Bool
        /// The next repetition comes after this, ms.
        var interval: UInt32
        /// Since it went out first, ms.
        var elapsed: UInt32 = 0
    }

    /// A response that waits for the PRACK of the one before it.
    struct Waiting {
        let status: Int
        let source: SIPMessage
        /// It brought a description that can be used.
        var brings = false
    }

    /// What to do when the timer of a response ran out.
    enum Expiry {
        /// Nothing waits for a PRACK.
        case none
        /// Send it again; the timer runs for so long, ms.
        case again(Sent)
        /// 64 * T1 went by: the INVITE fails.
        case failed
    }

    /// What a PRACK is to this dialog.
    enum Match {
        /// It acknowledges the response in hand.
        case matched(Sent)
        /// It fits nothing that is not acknowledged: 481.
        case none
    }

    /// RSeq of the last response.
    private var last: UInt32
    private(set) var outstanding: Sent?
    private(set) var waiting: [Waiting] = []
    /// The description that the caller has, or will have with the PRACK, went out reliably.
    private(set) var sentDescription = false

    /// Responses that wait at most; more are left out.
    static let limit = 8

    /// `random` chooses the first RSeq, which RFC 3262 section 3 wants between 1 and 2^31 - 1.
    init(random: UInt64) { self.last = UInt32(random % (1 << 31 - 1)) }

    /// RSeq of the next response.
    var next: UInt32 { self.last &+ 1 }

    /// A description waits to be acknowledged: no 2xx may go out.
    var holdsAnswer: Bool { self.outstanding?.hasDescription ?? false }

    /// A response went out with `next`.
    mutating func sent(
        _ status: Int, _ bytes: [UInt8], hasDescription: Bool, interval: UInt32
    ) {
        self.last = self.next
        if hasDescription { self.sentDescription = true }
        self.outstanding = Sent(
            response: self.last, status: status, bytes: bytes, hasDescription: hasDescription,
            interval: interval)
    }

    /// A response has to wait; false above the limit.
    mutating func wait(_ response: Waiting) -> Bool {
        guard self.waiting.count < Self.limit else { return false }
        self.waiting.append(response)
        return true
    }

    /// The response that may go out now.
    mutating func takeWaiting() -> Waiting? {
        guard self.outstanding == nil, !self.waiting.isEmpty else { return nil }
        return self.waiting.removeFirst()
    }

    /// A PRACK with this RAck came; `sequence` is the INVITE's.
    mutating func acknowledge(_ rack: RAck, sequence: UInt32) -> Match {
        guard let sent = self.outstanding, rack.response == sent.response,
            rack.sequence == sequence, rack.method == .invite
        else { return .none }
        self.outstanding = nil
        return .matched(sent)
    }

    /// The timer ran out; `limit` is 64 * T1, ms.
    mutating func expire(limit: UInt32) -> Expiry {
        guard var sent = self.outstanding else { return .none }
        let elapsed = sent.elapsed.addingReportingOverflow(sent.interval)
        guard !elapsed.overflow, elapsed.partialValue < limit else { return .failed }
        sent.elapsed = elapsed.partialValue
        // The last wait ends with 64 * T1.
        sent.interval = min(sent.interval.multipliedClamped(by: 2), limit - sent.elapsed)
        self.outstanding = sent
        return .again(sent)
    }

    /// The INVITE was answered finally: nothing is repeated any more.
    mutating func stop() -> Sent? {
        defer { self.outstanding = nil }
        self.waiting = []
        return self.outstanding
    }
}

/// Reliable provisional responses of one early dialog of the callee's (RFC 3262 section 4).
struct ReliableReceiver {
    /// What a response is.
    enum Order {
        /// The next one: to be taken and acknowledged.
        case next
        /// One that came before, whose PRACK is under way or was answered.
        case repeated
        /// One after another that did not come yet: neither taken nor acknowledged.
        case early
    }

    private var last: UInt32?

    /// A response with this RSeq came. The first one may have any.
    mutating func receive(_ response: UInt32) -> Order {
        guard let last = self.last else {
            self.last = response
            return .next
        }
        if response <= last { return .repeated }
        guard response == last &+ 1 else { return .early }
        self.last = response
        return .next
    }
}
