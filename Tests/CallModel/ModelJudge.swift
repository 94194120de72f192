// SPDX-License-Identifier: Apache-2.0

/// Judges the box by its messages alone, as they pass its edge, and by the flows that it asks for.
///
/// | name | what must hold |
/// | --- | --- |
/// | `one-final` | a request gets one final response, the same each time; a caller one 2xx |
/// | `final` | and it gets one |
/// | `ack` | every final response to an INVITE of the box's is acknowledged, each time it comes |
/// | `late` | every dialog that a 2xx made is ended with BYE, wanted or not |
/// | `order` | CSeq goes up by one; nothing follows a BYE; no offer meets another of the box's |
/// | `answer` | an offer that is accepted is answered, and with what was offered |
/// | `version` | `o=` goes up by one exactly where the description changes |
/// | `allow` | nothing goes to a party that its Allow leaves out |
/// | `agree` | at rest both legs agree on direction and codecs |
/// | `flows` | flows are what the descriptions say, and none is left behind |
/// | `ends` | everything ends within 64 * T1, and nothing is remembered |
final class ModelJudge {
    /// A dialog of the box's, or half of one before its far tag is known.
    final class Dialog {
        let party: String
        var isConfirmed = false
        /// A BYE came, or went out.
        var isEnded = false
        var byes = 0
        var sequence: Int
        var allow: String?
        /// Branch of the request whose offer waits for its answer; whose it is, and what it said.
        var offer: (branch: String, isOurs: Bool, description: ModelDescription)?
        /// What was agreed last.
        var agreed: (ours: ModelDescription, theirs: ModelDescription)?
        /// The offer of an INVITE without one came in a response.
        var hasLateOffer = false
        /// The party refused the last offer of the box's: it keeps what it had.
        var isStubborn = false
        /// Addresses that the party named.
        var named: [String] = []
        var lastPort = 0
        var versions: [Int: [UInt8]] = [:]
        var lastVersion: Int?

        init(party: String, sequence: Int) {
            self.party = party
            self.sequence = sequence
        }
    }

    final class Server {
        let request: ModelMessage
        let at: UInt64
        var final: [UInt8]?
        /// Its offer met one of the box's.
        var isCrossed = false
        init(_ request: ModelMessage, _ at: UInt64) {
            self.request = request
            self.at = at
        }
    }

    final class Client {
        let request: ModelMessage
        /// When final responses came last and were acknowledged last, by far tag.
        var finals: [String: (status: Int, came: UInt64, acked: UInt64?)] = [:]
        /// Responses that came, by far tag and RSeq.
        var descriptions: Set<String> = []
        /// When the box may have forgotten it: without a response, or after a CANCEL (RFC 3261
        /// sections 17.1.1.2 and 9.1).
        var expires: UInt64
        init(_ request: ModelMessage, _ now: UInt64) {
            self.request = request
            self.expires = now + ModelTimer.limit
        }
    }

    private let world: ModelWorld.Clock
    private(set) var faults: [String] = []
    var dialogs: [String: Dialog] = [:]
    private var halves: [String: Dialog] = [:]
    private var servers: [String: Server] = [:]
    private var clients: [String: Client] = [:]
    var inviteCount = 0

    init(_ clock: ModelWorld.Clock) { self.world = clock }

    func fault(_ invariant: String, _ text: String) {
        if self.faults.count < 20 { self.faults.append("\(invariant): \(text)") }
    }

    /// By Call-ID and the tags of both ends, ours first.
    private static func key(_ message: ModelMessage, ours: Bool) -> String {
        let (our, their) =
            ours == message.isRequest
            ? (message.fromTag, message.toTag) : (message.toTag, message.fromTag)
        return message.callID + " " + our + " " + their
    }

    /// The dialog of a message, made where the message may make one.
    private func dialog(
        _ message: ModelMessage, ours: Bool, _ party: String, request: ModelMessage?
    ) -> Dialog? {
        let whole = Self.key(message, ours: ours)
        if let known = self.dialogs[whole] { return known }
        guard !message.isRequest, message.method == "INVITE", message.status > 100,
            message.status < 300, !message.toTag.isEmpty, let request, request.toTag.isEmpty,
            let root = self.halves[message.callID + " " + message.fromTag]
        else { return nil }
        let dialog = Dialog(party: party, sequence: root.sequence)
        dialog.allow = root.allow
        dialog.offer = root.offer
        dialog.named = root.named
        dialog.versions = root.versions
        dialog.lastVersion = root.lastVersion
        dialog.lastPort = root.lastPort
        self.dialogs[whole] = dialog
        return dialog
    }

    // MARK: What the box gets

    func received(_ message: ModelMessage, from party: String) {
        if message.isRequest {
            self.requestReceived(message, party)
        } else {
            self.responseReceived(message, party)
        }
    }

    private func requestReceived(_ message: ModelMessage, _ party: String) {
        if message.method == "ACK" { return self.ackReceived(message, party) }
        let key = party + message.key
        guard self.servers[key] == nil else { return }
        let server = Server(message, self.world.now)
        self.servers[key] = server
        if message.toTag.isEmpty, message.method == "INVITE" {
            self.inviteCount += 1
            let root = Dialog(party: party, sequence: 0)
            root.allow = message.allow
            self.note(message, root, ours: false)
            if let offer = message.description { root.offer = (message.key, false, offer) }
            self.halves[message.callID + " " + message.fromTag] = root
            return
        }
        guard let dialog = self.dialog(message, ours: false, party, request: nil) else { return }
        self.note(message, dialog, ours: false)
        if message.method == "BYE" {
            dialog.isEnded = true
            dialog.byes += 1
        }
        guard let description = message.description else { return }
        if message.method == "PRACK", let offer = dialog.offer, offer.isOurs {
            return self.agree(dialog, description)
        }
        if dialog.offer != nil {
            server.isCrossed = true
        } else {
            dialog.offer = (message.key, false, description)
        }
    }

    private func ackReceived(_ message: ModelMessage, _ party: String) {
        guard let dialog = self.dialog(message, ours: false, party, request: nil),
            let description = message.description, let offer = dialog.offer, offer.isOurs,
            // An earlier one may come late.
            self.servers[party + offer.branch]?.request.sequence == message.sequence
        else { return }
        self.note(message, dialog, ours: false)
        self.agree(dialog, description)
    }

    private func responseReceived(_ message: ModelMessage, _ party: String) {
        guard let client = self.clients[message.key] else { return }
        let request = client.request
        if message.status < 200, self.clients[message.branch + "CANCEL"] == nil {
            client.expires = .max
        }
        if message.method == "INVITE", message.status >= 200 {
            let known = client.finals[message.toTag]
            if known == nil, self.world.now >= client.expires { return }
            client.finals[message.toTag] = (message.status, self.world.now, known?.acked)
        }
        let isNew =
            message.description != nil
            && client.descriptions.insert(message.toTag + "\(message.rseq ?? 0)").inserted
        guard
            let dialog = self.dialog(message, ours: false, party, request: request)
        else { return }
        self.note(message, dialog, ours: false)
        if message.method == "INVITE", message.status >= 200, message.status < 300 {
            dialog.isConfirmed = true
        }
        self.answered(
            dialog, message, ours: false,
            isLate: isNew && request.method == "INVITE" && request.description == nil
                && (!dialog.hasLateOffer || !request.toTag.isEmpty))
    }

    /// What a message says of the one who sent it.
    private func note(_ message: ModelMessage, _ dialog: Dialog, ours: Bool) {
        guard !ours else { return }
        if let allow = message.allow { dialog.allow = allow }
        if let description = message.description {
            dialog.named.append("\(description.address):\(description.port)")
        }
    }

    /// Some party said that its media goes there.
    func hasNamed(_ place: String) -> Bool {
        self.dialogs.values.contains { $0.named.contains(place) }
            || self.halves.values.contains { $0.named.contains(place) }
    }

    // MARK: Offers and answers

    private func agree(_ dialog: Dialog, _ answer: ModelDescription) {
        guard let offer = dialog.offer else { return }
        dialog.offer = nil
        // A refresh says nothing new: whoever refused goes on with what he had.
        if !offer.isOurs || dialog.agreed?.ours.rest != offer.description.rest {
            dialog.isStubborn = false
        }
        dialog.agreed = offer.isOurs ? (offer.description, answer) : (answer, offer.description)
        guard !offer.isOurs else { return }
        // The box's answer to a party's offer: of what was offered, and no more directions.
        let names = offer.description
        for type in answer.types where answer.port != 0 {
            guard names.types.contains(type), names.names[type] == answer.names[type] else {
                self.fault("answer", "type \(type) in an answer was not offered")
                continue
            }
        }
        if answer.port != 0, answer.flow.and(names.flow.reversed) != answer.flow {
            self.fault("answer", "\(answer.flow) answers \(names.flow)")
        }
        if answer.mediaCount != names.mediaCount { self.fault("answer", "other streams") }
    }

    /// A response, as far as offer and answer are concerned.
    /// `isLate`: of the first answer to an INVITE that had no offer.
    private func answered(
        _ dialog: Dialog, _ message: ModelMessage, ours: Bool, isLate: Bool
    ) {
        let isTaken =
            message.status >= 200 && message.status < 300
            || (message.method == "INVITE" && message.isReliable)
        let branch = message.key
        if message.status >= 300, let offer = dialog.offer, offer.branch == branch {
            dialog.offer = nil
            if offer.isOurs, message.status != 491 { dialog.isStubborn = true }
        }
        guard isTaken else { return }
        if let offer = dialog.offer, offer.branch == branch {
            guard offer.isOurs != ours else { return }
            if let description = message.description {
                self.agree(dialog, description)
            } else if message.status >= 200 {
                dialog.offer = nil
                if ours { self.fault("answer", "a \(message.method) is accepted without one") }
            }
        } else if isLate, let description = message.description, dialog.offer == nil {
            dialog.offer = (branch, ours, description)
            dialog.hasLateOffer = true
        }
    }

    // MARK: What the box sends

    func sent(_ message: ModelMessage, to party: String) {
        if message.isRequest {
            self.requestSent(message, party)
        } else {
            self.responseSent(message, party)
        }
    }

    private func requestSent(_ message: ModelMessage, _ party: String) {
        if message.method == "ACK" { return self.ackSent(message, party) }
        guard self.clients[message.key] == nil else { return }
        self.clients[message.key] = Client(message, self.world.now)
        if message.method == "CANCEL" {
            guard let invite = self.clients[message.branch + "INVITE"] else {
                return self.fault("order", "\(message.line) of what is no INVITE")
            }
            invite.expires = self.world.now + ModelTimer.limit
            return
        }
        if message.toTag.isEmpty {
            guard message.method == "INVITE" else { return }
            let root = Dialog(party: party, sequence: message.sequence)
            if let offer = message.description { root.offer = (message.key, true, offer) }
            self.halves[message.callID + " " + message.fromTag] = root
            return self.judgeVersion(message, root)
        }
        guard let dialog = self.dialog(message, ours: true, party, request: nil) else {
            return self.fault("order", "\(message.line) in a dialog that nobody has")
        }
        // A subscription that a REFER made outlives the call (RFC 5057 section 4.1).
        if dialog.isEnded, message.method != "NOTIFY" { 
            self.fault("order", "\(message.line) after BYE")
        }
        if message.sequence != dialog.sequence + 1 {
            self.fault("order", "\(message.line) after CSeq \(dialog.sequence)")
        }
        dialog.sequence = message.sequence
        if let allow = dialog.allow, !allow.contains(message.method), message.method != "BYE" {
            self.fault("allow", "\(message.line) to a party with \(allow)")
        }
        if message.method == "BYE" {
            dialog.isEnded = true
            dialog.byes += 1
            if dialog.byes > 2 { self.fault("order", "BYE again") }
        }
        guard let description = message.description else { return }
        self.judgeVersion(message, dialog)
        if message.method == "PRACK", let offer = dialog.offer, !offer.isOurs {
            return self.agree(dialog, description)
        }
        if dialog.offer != nil { self.fault("order", "\(message.line) while an offer is open") }
        dialog.offer = (message.key, true, description)
    }

    private func ackSent(_ message: ModelMessage, _ party: String) {
        if let client = self.clients[message.branch + "INVITE"] {
            for (tag, known) in client.finals where tag == message.toTag {
                client.finals[tag]?.acked = self.world.now
                if known.status < 300 { self.fault("ack", "the ACK of a 2xx has its branch") }
            }
            return
        }
        let client = self.clients.values.first {
            $0.request.method == "INVITE" && $0.request.callID == message.callID
                && $0.request.sequence == message.sequence && $0.finals[message.toTag] != nil
        }
        guard let client else {
            return self.fault("ack", "\(message.line) acknowledges nothing")
        }
        client.finals[message.toTag]?.acked = self.world.now
        guard let dialog = self.dialog(message, ours: true, party, request: nil),
            let description = message.description
        else { return }
        self.judgeVersion(message, dialog)
        if let offer = dialog.offer, !offer.isOurs, offer.branch == client.request.key {
            self.agree(dialog, description)
        }
    }

    private func responseSent(_ message: ModelMessage, _ party: String) {
        guard let server = self.servers[party + message.key] else {
            return self.fault("one-final", "\(message.line) answers nothing")
        }
        let dialog = self.dialog(message, ours: true, party, request: server.request)
        let isNew = server.final == nil
        if message.status >= 200 {
            // A CANCEL that comes again when its INVITE is forgotten finds none: no state is kept
            // of CANCELs.
            let isForgotten = message.method == "CANCEL" && message.status == 481
            if let final = server.final, final != message.bytes, !isForgotten {
                self.fault("one-final", "\(message.line) after another final response")
            }
        }
        if let dialog, message.description != nil { self.judgeVersion(message, dialog) }
        if server.isCrossed, message.status >= 200, message.status < 300 {
            self.fault("order", "\(message.line) accepts an offer that met another")
        }
        if let dialog, isNew {
            self.answered(
                dialog, message, ours: true,
                isLate: message.method == "INVITE" && server.request.description == nil
                    && (!dialog.hasLateOffer || !server.request.toTag.isEmpty))
            let isSuccess = message.status >= 200 && message.status < 300
            if message.method == "INVITE", isSuccess { dialog.isConfirmed = true }
        }
        if message.status >= 200 { server.final = message.bytes }
        if message.status >= 300, server.request.toTag.isEmpty {
            self.halves[message.callID + " " + message.fromTag]?.offer = nil
        }
    }

    private func judgeVersion(_ message: ModelMessage, _ dialog: Dialog) {
        guard let description = message.description else { return }
        dialog.lastPort = description.port
        let version = description.version
        if let before = dialog.versions[version] {
            if before != description.rest { self.fault("version", "\(version) says two things") }
            return
        }
        if let last = dialog.lastVersion {
            if version != last + 1 { self.fault("version", "\(version) after \(last)") }
            if dialog.versions[last] == description.rest {
                self.fault("version", "\(version) changes nothing")
            }
        }
        dialog.versions[version] = description.rest
        dialog.lastVersion = version
    }

    // MARK: The end

    /// All is over.
    func finish(deadParties: Set<String>) {
        for server in self.servers.values.sorted(by: { $0.request.branch < $1.request.branch })
        where server.final == nil {
            // RFC 4320: silence is what a request other than INVITE gets that was passed on to
            // somebody who is silent.
            let request = server.request
            let isExcused = request.method != "INVITE" && !deadParties.isEmpty
            if !isExcused { self.fault("final", "\(request.line) has none") }
        }
        for client in self.clients.values.sorted(by: { $0.request.branch < $1.request.branch }) {
            for (tag, final) in client.finals where (final.acked ?? 0) < final.came {
                self.fault(
                    "ack", "\(client.request.line): \(final.status) of \(tag) came at "
                        + "\(final.came), ACK \(final.acked.map { "\($0)" } ?? "never")")
            }
        }
        for (key, dialog) in self.dialogs where dialog.isConfirmed && dialog.byes == 0 {
            self.fault("late", "\(dialog.party) \(key) has no BYE")
        }
    }
}
