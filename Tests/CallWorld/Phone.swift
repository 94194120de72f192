// SPDX-License-Identifier: Apache-2.0

import CallControl
import NetworkAddress
import SDP
import SIPDialog
import SIPMessage
import SIPTransaction

/// What a telephone does by itself.
struct PhoneScript {
    enum Answer {
        case accept(after: UInt64)
        case refuse(Int, after: UInt64)
        case never
    }
    /// A provisional response: when, which, with a session description, in which branch.
    struct Progress {
        var after: UInt64
        var status: Int
        var description = false
        var branch = ""
    }

    var answer = Answer.accept(after: 300)
    var progress: [Progress] = [Progress(after: 50, status: 180)]
    /// Refusals say when to come back, in seconds.
    var retryAfter: UInt32?
    /// Contacts of its redirections.
    var contacts: [String] = []
    /// Redirects each call to another number.
    var redirectsOnwards = false
    /// Branch of the 200; further branches that answer later.
    var answerBranch = ""
    var lateBranches: [String] = []
    var lateBranchesAfter: UInt64 = 20
    /// The 200 carries no description.
    var answersWithoutDescription = false
    /// INVITEs go out without an offer.
    var offersLate = false
    /// The ACK brings no answer to a late offer.
    var acksWithoutAnswer = false
    var acksNever = false
    /// ACKs that are lost on the way.
    var acksLost = 0
    /// Hangs up so long after the call stood.
    var hangUpAfter: UInt64?
    /// BYE goes out with the 200 received, before any ACK.
    var byesInsteadOfAck = false
    var cancelAfter: UInt64?
    /// Answers every re-INVITE with this.
    var refusesReinvite: Int?
    var codecs = [0, 8, 101]
    /// Does not answer CANCEL with 487, but the INVITE with 200 (they cross).
    var answersWhenCancelled = false
    /// What REFER gets; nil: it is not served.
    var referStatus: Int?
    /// What SUBSCRIBE gets; nil: it is not served.
    var subscribeStatus: Int?
    /// What INFO gets.
    var infoStatus = 200
    /// What NOTIFY gets.
    var notifyStatus = 200
    /// Hangs up so long after a REFER of its own was taken up, or after its call came to something.
    var byeAfterAccepted: UInt64?
    var byeAfterSuccess: UInt64?
    var extraHeaders: [(HeaderName, String)] = []
    /// Header fields of responses to INVITE.
    var responseHeaders: [(HeaderName, String)] = []
    /// From, To and Request-URI of calls in place of the usual ones.
    var from: String?
    var target: String?
    /// Body of INVITEs in place of a description: type and octets; `SDP` in it is replaced by one.
    var inviteBody: (type: String, text: String)?
    /// Host of Contact, where it is not the phone's address.
    var contactHost: String?
    /// How it protects its media.
    var media = PhoneMedia()
    /// What it knows beyond RFC 3261.
    var dialogs = PhoneDialogs()
}

/// What stands in a telephone's descriptions about keys and ICE.
struct PhoneMedia {
    /// Transport of its offers.
    var profile = "RTP/AVP"
    /// Further lines of the m= section.
    var lines: [String] = []
    /// Those of the branches of a fork, by name.
    var branches: [String: [String]] = [:]
    /// Whole descriptions in place of written ones, by name of the branch.
    var bodies: [String: [UInt8]] = [:]
}

/// A telephone with real transactions and dialogs and a script.
final class Phone {
    let name: String
    let side: Side
    let address: SocketAddress
    unowned let world: World
    let layer = TransactionLayer()
    var script = PhoneScript()
    /// Asks for credentials.
    var gate: PhoneGate?
    /// Answers nothing and sends nothing.
    var isDead = false
    /// "> INVITE" went out, "< 200 INVITE" came, and so on; no retransmissions.
    private(set) var log: [String] = []
    private(set) var requests: [SIPMessage] = []
    private(set) var responses: [SIPMessage] = []
    /// Status lines and states of subscriptions, from NOTIFY.
    var news: [String] = []
    private var timers: [TimerToken: UInt64] = [:]
    private var serial: UInt64 = 0
    var calls: [[UInt8]: PhoneCall] = [:]
    var clients: [ClientTransactionID: [UInt8]] = [:]
    var mediaPort: UInt16 = 40_000

    init(name: String, side: Side, address: SocketAddress, world: World) {
        self.name = name
        self.side = side
        self.address = address
        self.world = world
    }

    var isIdle: Bool {
        self.calls.isEmpty && self.layer.clientCount == 0 && self.layer.serverCount == 0
    }

    var hop: Hop {
        Hop(
            listener: ListenerIndex(rawValue: 0), transport: self.world.transport,
            remote: self.side == .a ? World.boxA : World.boxB)
    }

    func count(_ entry: String) -> Int { self.log.filter { $0 == entry }.count }

    func note(_ text: String) { self.log.append(text) }

    // MARK: Wire and time

    func received(_ message: SIPMessage, from source: SocketAddress) {
        guard !self.isDead else { return }
        var hop = self.hop
        hop.remote = source
        self.layer.received(message, from: hop)
        self.pump()
    }

    func pump() {
        while true {
            let outputs = self.layer.drain()
            guard !outputs.isEmpty else { return }
            for output in outputs { self.perform(output) }
        }
    }

    private func perform(_ output: TransactionOutput) {
        switch output {
        case .send(let bytes, let hop, _):
            self.world.send(bytes, from: self.address, to: hop.remote)
        case .startTimer(let token, let milliseconds):
            self.serial += 1
            let serial = self.serial
            self.timers[token] = serial
            self.world.after(UInt64(milliseconds)) {
                guard self.timers[token] == serial else { return }
                self.timers[token] = nil
                self.layer.timerFired(token)
                self.pump()
            }
        case .stopTimer(let token): self.timers[token] = nil
        case .request(let id, let message, let hop):
            self.note("< \(message.method?.description ?? "?")")
            self.requests.append(message)
            self.request(message, id, hop)
        case .ack(let message, _):
            self.note("< ACK")
            self.requests.append(message)
            self.ackReceived(message)
        case .cancel(let invite, let message):
            self.note("< CANCEL")
            self.requests.append(message)
            self.cancelReceived(invite, message)
        case .response(let id, let message):
            let method = (try? message.cseq().method.description) ?? "?"
            if message.status != 100 { self.note("< \(message.status ?? 0) \(method)") }
            self.responses.append(message)
            self.responseReceived(id, message)
        case .timeout(let id): self.clientFailed(id, "timeout")
        case .transportFailed(let id): self.clientFailed(id, "transport")
        case .serverTimeout(let id): self.ackMissing(id)
        case .strayAnswer, .strayCancel, .serverTransportFailed, .terminated: break
        }
    }

    // MARK: Session descriptions

    func describe(
        _ call: PhoneCall, _ direction: String, formats: [Int], profile: String, branch: String
    ) -> [UInt8] {
        if let body = self.script.media.bodies[branch] { return body }
        call.version += 1
        var text = "v=0\r\no=\(self.name) 1 \(call.version) IN IP4 \(self.address.address)\r\n"
        text += "s=-\r\nc=IN IP4 \(call.mediaAddress ?? "\(self.address.address)")\r\n"
        text += "t=0 0\r\nm=audio \(call.port) \(profile)"
        for format in formats { text += " \(format)" }
        text += "\r\n"
        if formats.contains(101) { text += "a=rtpmap:101 telephone-event/8000\r\n" }
        if formats.contains(96) { text += "a=rtpmap:96 opus/48000/2\r\n" }
        if formats.contains(110) { text += "a=rtpmap:110 telephone-event/48000\r\n" }
        let lines = self.script.media.branches[branch] ?? self.script.media.lines
        for line in lines + ["a=\(direction)"] { text += line + "\r\n" }
        return Array(text.utf8)
    }

    func offer(_ call: PhoneCall) -> [UInt8] {
        self.describe(
            call, call.direction, formats: self.script.codecs, profile: self.script.media.profile,
            branch: self.script.answerBranch)
    }

    /// The description of a body, or the one among its parts.
    static func description(in body: ArraySlice<UInt8>) -> [UInt8] {
        guard body.first != UInt8(ascii: "v") else { return Array(body) }
        let text = String(decoding: body, as: UTF8.self)
        let parts = text.split(separator: "\r\n--").map { $0.split(separator: "\r\n\r\n") }
        let sdp = parts.first { $0.count > 1 && $0[1].hasPrefix("v=0") }?[1] ?? ""
        return Array((sdp + "\r\n").utf8)
    }

    /// The answer to a description; nil if there is no common codec.
    func answer(
        _ call: PhoneCall, to body: ArraySlice<UInt8>, branch: String? = nil
    ) -> [UInt8]? {
        guard let offer = try? SessionDescription.parse(Self.description(in: body)),
            let media = offer.media.first
        else { return nil }
        let offered = media.formats.compactMap { Int($0.description) }
        let common = offered.filter(self.script.codecs.contains)
        guard common.contains(where: { $0 != 101 }) else { return nil }
        let theirs = media.direction(in: offer).reversed
        let own = Direction(
            sends: call.direction == "sendrecv" || call.direction == "sendonly",
            receives: call.direction == "sendrecv" || call.direction == "recvonly")
        return self.describe(
            call, theirs.intersection(own).description, formats: common,
            profile: media.transport.description, branch: branch ?? self.script.answerBranch)
    }
}

/// One call of a telephone.
final class PhoneCall {
    let callID: [UInt8]
    let isCaller: Bool
    var dialog: Dialog?
    var invite: SIPMessage?
    var inviteClient: ClientTransactionID?
    var inviteServer: ServerTransactionID?
    var inviteSource: Hop?
    /// The re-INVITE under way, ours or theirs.
    var reinvite: ClientTransactionID?
    var reinviteServer: ServerTransactionID?
    /// CSeq numbers of our 2xx that no ACK came for.
    var unacknowledged: Set<UInt32> = []
    var acks: [UInt32: [UInt8]] = [:]
    /// Our tags that an ACK came for: of several branches one.
    var ackedTags: Set<[UInt8]> = []
    var tag: [UInt8]
    var version = 0
    var port: UInt16
    var direction = "sendrecv"
    /// In place of the phone's own.
    var mediaAddress: String?
    var isCancelled = false
    var wantsBye = false
    var byeSent = false
    var offersLate = false
    var reinviteOffersLate = false
    /// Early dialogs by the callee's tag.
    var early: [[UInt8]: Dialog] = [:] {
        didSet { self.firstEarly = self.firstEarly ?? self.early.keys.first }
    }
    /// The callee's tag of the early dialog that came first.
    private(set) var firstEarly: [UInt8]?
    /// Last RSeq by the callee's tag: received, sent, and sent without a PRACK.
    var received: [[UInt8]: UInt32] = [:]
    var sent: [[UInt8]: UInt32] = [:]
    var unpracked: [[UInt8]: PhoneReliable] = [:]
    /// Callee's tags with a description in a reliable response.
    var described: Set<[UInt8]> = []
    /// Answers as soon as a PRACK came.
    var wantsAccept = false

    init(callID: [UInt8], isCaller: Bool, tag: [UInt8], port: UInt16) {
        self.callID = callID
        self.isCaller = isCaller
        self.tag = tag
        self.port = port
    }
}
