// SPDX-License-Identifier: Apache-2.0

/// A dialog as a party has it, early or confirmed.
final class ModelDialog {
    enum State { case early, confirmed, ended }

    let callID: String
    let localTag: String
    let remoteTag: String
    /// From and To of our requests.
    let from: String
    let to: String
    let isCaller: Bool
    var target: String
    var localSequence: Int
    var remoteSequence: Int
    var state = State.early

    /// What the far end takes; nil: it did not say.
    var allow: String?
    var port: Int
    var version = 0
    private var text = ""
    /// What the party wants.
    var wanted = ModelFlow(true, true)
    var types: [Int]
    /// There was an offer and its answer.
    var isComplete = false
    var offerOut = false
    var inviteOut: ModelClient?
    var inviteIn: ModelServer?
    /// CSeq of a 2xx of ours that no ACK came for, and of one of theirs that has none yet.
    var unacknowledged: Int?
    var ackOwed: Int?
    var acks: [Int: [UInt8]] = [:]
    /// RSeq of the last reliable response that came, and of ours that no PRACK came for.
    var received: Int?
    var sent: Int?
    var unpracked: (rseq: Int, hasDescription: Bool)?
    var wantsBye = false

    init(
        callID: String, local: (String, tag: String), remote: (String, tag: String),
        isCaller: Bool, target: String, sequences: (local: Int, remote: Int), port: Int,
        types: [Int]
    ) {
        self.callID = callID
        self.localTag = local.tag
        self.remoteTag = remote.tag
        self.from = local.0
        self.to = remote.0
        self.isCaller = isCaller
        self.target = target
        self.localSequence = sequences.local
        self.remoteSequence = sequences.remote
        self.port = port
        self.types = types
    }

    /// An offer of ours may go out in an INVITE or UPDATE.
    var isAtRest: Bool {
        self.state != .ended && !self.offerOut && self.inviteOut == nil && self.inviteIn == nil
            && self.unacknowledged == nil && self.ackOwed == nil && self.unpracked == nil
    }

    func takes(_ method: String) -> Bool { self.allow?.contains(method) ?? (method != "UPDATE") }

    /// Writes a description; the version goes up where it says something else than the last one.
    func describe(_ party: ModelParty, _ flow: ModelFlow, _ types: [Int], events: Int) -> String {
        let host = party.address
        var rest = " IN IP4 \(host)\r\ns=-\r\nc=IN IP4 \(host)\r\nt=0 0\r\nm=audio \(self.port)"
        rest += " RTP/AVP \(types.map(String.init).joined(separator: " "))\r\n"
        if types.contains(events) { rest += "a=rtpmap:\(events) telephone-event/8000\r\n" }
        rest += "a=\(flow)\r\n"
        if rest != self.text {
            self.version += 1
            self.text = rest
        }
        return "v=0\r\no=\(party.name) 7 \(self.version)" + rest
    }

    func offer(_ party: ModelParty) -> String {
        self.describe(party, self.wanted, self.types, events: ModelParty.events)
    }

    /// Nil where there is no codec in common.
    func answer(_ party: ModelParty, to offer: ModelDescription) -> String? {
        let own = Set(self.types)
        let types = offer.types.filter { type in
            offer.names[type] == "TELEPHONE-EVENT"
                ? own.contains(ModelParty.events) : own.contains(type)
        }
        let events = types.first { offer.names[$0] == "TELEPHONE-EVENT" } ?? -1
        guard types.contains(where: { $0 != events }) else { return nil }
        return self.describe(
            party, offer.flow.reversed.and(self.wanted), types, events: events)
    }
}

/// What a party does by itself, drawn anew for each sequence.
struct ModelHabits {
    struct Progress {
        var after: UInt64
        var status: Int
        var branch: Int
        var hasDescription: Bool
        var isReliable: Bool
    }
    enum Answer {
        case accept(after: UInt64, branch: Int)
        case refuse(Int, after: UInt64)
        case never
    }

    var allow: String?
    var knowsReliable = false
    var types = [0, 8, ModelParty.events]
    // As the caller.
    var offersLate = false
    var pracks = true
    var prackOffers = false
    var cancelAfter: UInt64?
    // As the callee.
    var progress: [Progress] = []
    var answer = Answer.accept(after: 300, branch: 0)
    /// Further branches that answer so long after the first.
    var lateAnswers: [UInt64] = []
    /// A CANCEL crosses with the 200.
    var answersWhenCancelled = false
    // In calls.
    /// ACKs that the party does not send, and how late it sends others.
    var acksHeldBack = 0
    var ackDelay: UInt64 = 0
    /// Of a hundred offers, those that get another answer than 200, or a late one.
    var rudeness: UInt64 = 0
}
