// SPDX-License-Identifier: Apache-2.0

/// RFC 3261's timers, ms.
enum ModelTimer {
    static let t1: UInt64 = 500
    static let t2: UInt64 = 4000
    static let limit = 64 * t1
}

/// A request of a party's: sent again until something comes, as section 17.1 wants it.
final class ModelClient {
    enum State { case calling, proceeding, completed }

    let method: String
    let branch: String
    let bytes: [UInt8]
    let sequence: Int
    /// Of an INVITE: the request's own lines, of which CANCEL and the ACK of a refusal are made.
    let head: ModelHead
    private(set) var state = State.calling
    var isCancelled = false
    private var ack: [UInt8]?
    private let party: ModelParty
    /// Told of every response but repeated refusals; nil: none came.
    private let answered: (ModelMessage?) -> Void

    init(
        _ party: ModelParty, _ head: ModelHead, _ bytes: [UInt8],
        answered: @escaping (ModelMessage?) -> Void
    ) {
        self.party = party
        self.method = head.method
        self.branch = head.branch
        self.sequence = head.sequence
        self.head = head
        self.bytes = bytes
        self.answered = answered
        self.send(after: ModelTimer.t1, since: party.world.now)
    }

    private func send(after interval: UInt64, since start: UInt64) {
        self.party.transmit(self.bytes)
        self.party.world.after(interval) {
            let isInvite = self.method == "INVITE"
            guard self.state == .calling || (self.state == .proceeding && !isInvite) else { return }
            guard self.party.world.now < start + ModelTimer.limit else {
                self.state = .completed
                return self.answered(nil)
            }
            let next = isInvite ? interval * 2 : min(interval * 2, ModelTimer.t2)
            self.send(after: next, since: start)
        }
    }

    func received(_ response: ModelMessage) {
        guard self.method == "INVITE" else {
            guard self.state != .completed else { return }
            self.state = response.status < 200 ? .proceeding : .completed
            return self.answered(response)
        }
        if response.status < 200 {
            guard self.state != .completed else { return }
            if self.state == .calling, self.isCancelled { self.cancelNow() }
            self.state = .proceeding
        } else if response.status >= 300 {
            let isNew = self.state != .completed
            self.state = .completed
            let bytes = self.ack ?? self.head.ack(of: response)
            self.ack = bytes
            self.party.transmit(bytes)
            guard isNew else { return }
        } else {
            self.state = .completed
        }
        self.answered(response)
    }

    /// CANCEL, as soon as section 9.1 allows it; nothing after a final response.
    func cancel() {
        guard !self.isCancelled, self.state != .completed else { return }
        self.isCancelled = true
        if self.state == .proceeding { self.cancelNow() }
    }

    private func cancelNow() {
        let head = self.head.cancel()
        let client = ModelClient(self.party, head, head.finish()) { _ in
            // Section 9.1: what gets no answer within 64*T1 after the CANCEL is over.
            self.party.world.after(ModelTimer.limit) {
                guard self.state != .completed else { return }
                self.state = .completed
                self.answered(nil)
            }
        }
        self.party.clients[client.branch + "CANCEL"] = client
    }
}

/// A request to a party.
final class ModelServer {
    let request: ModelMessage
    private(set) var last: [UInt8]?
    private(set) var status = 0
    private var isAcknowledged = false
    private let party: ModelParty

    init(_ party: ModelParty, _ request: ModelMessage) {
        self.party = party
        self.request = request
    }

    var isFinal: Bool { self.status >= 200 }

    func respond(_ status: Int, _ bytes: [UInt8]) {
        guard !self.isFinal || (status < 300 && self.status < 300 && status >= 200) else { return }
        self.status = status
        self.last = bytes
        self.party.transmit(bytes)
        guard self.request.method == "INVITE", status >= 300 else { return }
        self.repeatRefusal(bytes, after: ModelTimer.t1, since: self.party.world.now)
    }

    private func repeatRefusal(_ bytes: [UInt8], after interval: UInt64, since start: UInt64) {
        self.party.world.after(interval) {
            guard !self.isAcknowledged, self.party.world.now < start + ModelTimer.limit else {
                return
            }
            self.party.transmit(bytes)
            self.repeatRefusal(bytes, after: min(interval * 2, ModelTimer.t2), since: start)
        }
    }

    /// The request came again.
    func repeated() {
        guard let last = self.last else { return }
        // The user agent repeats a 2xx to INVITE itself (RFC 6026).
        if self.request.method == "INVITE", self.isFinal, self.status < 300 { return }
        self.party.transmit(last)
    }

    func acknowledged() { self.isAcknowledged = true }
}

/// A request that is being written.
struct ModelHead {
    let method: String
    let uri: String
    let branch: String
    let from: String
    let to: String
    let callID: String
    let sequence: Int
    let address: String
    var fields = ""

    func finish(_ description: String? = nil, type: String = "application/sdp") -> [UInt8] {
        var text = "\(self.method) \(self.uri) SIP/2.0\r\nVia: SIP/2.0/UDP \(self.address):5060"
        text += ";branch=\(self.branch)\r\nMax-Forwards: 70\r\nFrom: \(self.from)\r\n"
        text += "To: \(self.to)\r\nCall-ID: \(self.callID)\r\n"
        text += "CSeq: \(self.sequence) \(self.method)\r\n\(self.fields)"
        if description != nil { text += "Content-Type: \(type)\r\n" }
        text += "Content-Length: \(description?.utf8.count ?? 0)\r\n\r\n\(description ?? "")"
        return Array(text.utf8)
    }

    func cancel() -> ModelHead {
        ModelHead(
            method: "CANCEL", uri: self.uri, branch: self.branch, from: self.from, to: self.to,
            callID: self.callID, sequence: self.sequence, address: self.address)
    }

    /// Of a refusal (section 17.1.1.3).
    func ack(of response: ModelMessage) -> [UInt8] {
        ModelHead(
            method: "ACK", uri: self.uri, branch: self.branch, from: self.from, to: response.to,
            callID: self.callID, sequence: self.sequence, address: self.address
        ).finish()
    }
}
