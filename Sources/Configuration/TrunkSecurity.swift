// SPDX-License-Identifier: Apache-2.0

import SDP

/// How a trunk's media is protected: `srtp` and what belongs to it become one policy. What cannot
/// work together is refused where it was written.
struct TrunkSecurity {
    private typealias Words<Value> = [(word: String, value: Value)]

    private static let srtpWords: Words<MediaSecurityPolicy.SRTP> = [
        ("required", .required), ("preferred", .preferred), ("off", .off),
    ]
    private static let iceWords: Words<MediaSecurityPolicy.ICE> = [("lite", .lite), ("off", .off)]
    private static let muxWords: Words<MediaSecurityPolicy.RTCPMux> = [
        ("required", .required), ("offer", .offer), ("accept", .accept), ("off", .off),
    ]
    private static let keyingWords: Words<MediaSecurityPolicy.Keying> = [
        ("sdes", .sdes), ("dtls", .dtls),
    ]
    private static let suiteWords = SRTPSuite.allCases.map {
        (word: $0.name.description, value: $0)
    }

    private let section: SectionReader
    private let learnsSource: Bool
    private let issues: IssueList

    /// For the section of one trunk, which may learn sources, or may not.
    init(_ section: SectionReader, learnsSource: Bool) {
        self.section = section
        self.learnsSource = learnsSource
        self.issues = section.issues
    }

    /// The policy; where something is wrong an issue says so.
    func read() -> MediaSecurityPolicy {
        let faults = self.issues.issues.count
        var policy = MediaSecurityPolicy(keying: [.sdes])
        if let srtp = self.word(TrunkKeys.srtp, Self.srtpWords) { policy.srtp = srtp }
        if let ice = self.word(TrunkKeys.ice, Self.iceWords) { policy.ice = ice }
        if let keying = self.list(TrunkKeys.keying, Self.keyingWords) { policy.keying = keying }
        if let suites = self.list(TrunkKeys.suites, Self.suiteWords) { policy.suites = suites }
        if self.isWritten(TrunkKeys.earlyLatch) {
            policy.earlyLatch = self.section.flag(TrunkKeys.earlyLatch)
        }
        if let mux = self.word(TrunkKeys.rtcpMux, Self.muxWords) {
            policy.rtcpMux = mux
        } else if policy.usesDTLS {
            policy.rtcpMux = .offer
        }
        // What could not be read would be taken for what it is without.
        if self.issues.issues.count == faults { self.check(policy) }
        return policy
    }

    // MARK: What cannot work together

    private func check(_ policy: MediaSecurityPolicy) {
        if policy.srtp == .off { self.checkWithoutSRTP() }
        if policy.usesDTLS { self.checkDTLS(policy) }
        if policy.earlyLatch, policy.srtp == .off || policy.ice == .off {
            let missing = policy.ice == .off ? "ice: lite" : "srtp: required"
            self.fault(
                TrunkKeys.earlyLatch, "needs ICE and SRTP",
                "write \(missing) too, or early-latch: false")
        }
        if policy.ice == .lite, self.learnsSource {
            self.fault(
                TrunkKeys.learnSource, "cannot be with ICE, which checks where media comes from",
                "leave learn-source out, or write ice: off")
        }
    }

    private func checkDTLS(_ policy: MediaSecurityPolicy) {
        if policy.rtcpMux == .off {
            self.fault(
                TrunkKeys.rtcpMux, "is off, and the one handshake of dtls is for one port",
                "write offer, or leave rtcp-mux out")
        }
        if !policy.suites.isEmpty, policy.suites.allSatisfy({ $0.profile == nil }) {
            self.fault(
                TrunkKeys.suites, "has none that dtls can agree on",
                "add AES_CM_128_HMAC_SHA1_80, or leave dtls out of keying")
        }
    }

    private func checkWithoutSRTP() {
        let own = self.section.ownNode(TrunkKeys.srtp)
        for key in [TrunkKeys.suites, TrunkKeys.keying] {
            guard let node = self.section.node(key) else { continue }
            if own != nil, node.line.file != nil {
                return self.fault(
                    TrunkKeys.srtp,
                    "is off, but \(key.name) (line \(node.line)) is for encrypted media",
                    "leave srtp out, or the profile")
            }
            self.fault(
                key, "is for encrypted media, which srtp leaves off",
                "write srtp: required or srtp: preferred too, or leave \(key.name) out")
        }
    }

    // MARK: Reading

    private func isWritten(_ key: Key) -> Bool { self.section.node(key) != nil }

    private func fault(_ key: Key, _ problem: String, _ fix: String) {
        self.issues.add(
            self.section.node(key)?.line ?? self.section.line,
            SectionReader.join(self.section.key, key.name), problem, fix)
    }

    private func word<Value>(_ key: Key, _ words: Words<Value>) -> Value? {
        self.section.text(key).flatMap { self.value($0, words) }
    }

    private func value<Value>(_ text: Located<String>, _ words: Words<Value>) -> Value? {
        if let known = words.first(where: { $0.word == text.value }) { return known.value }
        let nearest = Spelling.nearest(to: text.value, in: words.map(\.word))
        let all = words.map(\.word).joined(separator: ", ")
        self.issues.add(
            text, "is \(Shown.value(text.value))",
            nearest.map { "did you mean \($0)?" } ?? "write one of \(all)")
        return nil
    }

    /// A list of words, each once, in the order of preference.
    private func list<Value: Equatable>(_ key: Key, _ words: Words<Value>) -> [Value]? {
        guard let texts = self.section.texts(key) else { return nil }
        if texts.isEmpty {
            self.fault(key, "is empty", "write \(key.example), or leave \(key.name) out")
        }
        var values: [Value] = []
        for text in texts {
            guard let value = self.value(text, words) else { continue }
            if values.contains(value) {
                self.issues.add(
                    text, "\(Shown.value(text.value)) stands twice", "write each once")
            } else {
                values.append(value)
            }
        }
        return values
    }
}
