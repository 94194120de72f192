// SPDX-License-Identifier: Apache-2.0

import SDP
import SIPMessage

/// Watches what the box sends for what must hold of every message: the version of o= goes up by
/// exactly one where the description changes and stays where it does not, a request to an INVITE
/// has one final response, and nothing of RFC 3262 goes to who does not know it.
final class MessageJudge {
    private struct Session {
        /// What each version said.
        var versions: [UInt64: [UInt8]] = [:]
        var last: UInt64 = 0
    }

    private var sessions: [[UInt8]: Session] = [:]
    private var finals: [[UInt8]: Int] = [:]
    private let report: (String) -> Void

    init(report: @escaping (String) -> Void) { self.report = report }

    /// The box died: transactions are not kept, and a request that comes again is a new one to it.
    func restarted() { self.finals = [:] }

    func sent(_ bytes: [UInt8]) {
        guard let message = try? SIPMessage.parse(bytes, framing: .datagram),
            let callID = try? message.callID(), let from = try? message.from(),
            let to = try? message.to(), let cseq = try? message.cseq()
        else { return self.report("unreadable message of the box") }
        let ours = Array((message.isRequest ? from.tag : to.tag) ?? [])
        let theirs = Array((message.isRequest ? to.tag : from.tag) ?? [])
        self.judgeFinal(message, cseq)
        guard !message.body.isEmpty,
            let session = try? SessionDescription.parse(Array(message.body))
        else { return }
        let base = Array(callID) + [0] + ours
        let key = base + [0] + theirs
        var known = self.sessions[key] ?? self.sessions[base] ?? Session()
        self.judge(session, &known)
        self.sessions[theirs.isEmpty ? base : key] = known
    }

    private func judge(_ session: SessionDescription, _ known: inout Session) {
        var bare = session
        bare.origin.version = "0"
        let text = bare.serialise()
        guard let version = UInt64("\(session.origin.version)") else {
            return self.report("o= without a version")
        }
        if let before = known.versions[version] {
            if before != text { self.report("version \(version) says two things") }
            return
        }
        if known.last > 0, version != known.last + 1 {
            self.report("version \(version) after \(known.last)")
        }
        if known.versions[known.last] == text { self.report("version \(version) changes nothing") }
        known.versions[version] = text
        known.last = version
    }

    private func judgeFinal(_ message: SIPMessage, _ cseq: CSeq) {
        guard let status = message.status, status >= 200, cseq.method == .invite,
            let callID = try? message.callID(), let branch = try? message.topVia().branch
        else { return }
        let key = Array(callID) + [0] + Array(branch)
        if let before = self.finals.updateValue(status, forKey: key), before != status {
            self.report("an INVITE is answered \(before) and \(status)")
        }
    }
}
