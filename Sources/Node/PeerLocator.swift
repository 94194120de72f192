// SPDX-License-Identifier: Apache-2.0

import DNSClient
import SIPLocation
import SIPTransport

/// Knows where the names of peers lead: looks each of them up when it is new and whenever its time
/// is over, and tells who needs to know. Owned by the shard.
final class PeerLocator {
    typealias Question = TargetList.Question

    private struct Entry {
        var kept: KeptLocation
        var search: ServerLocator?
        /// Answers to an older search are not for this one.
        var serial: UInt64 = 0
        var timer: LoopTimer?
    }

    /// What was counted.
    var counters: LocationCounters {
        var counters = self.counted
        counters.questions &+= self.client?.questions ?? 0
        counters.recordsIgnored &+= self.client?.recordsIgnored ?? 0
        return counters
    }

    /// Without what the present client counts.
    private var counted = LocationCounters()
    /// Told after a look that changed where a name leads, or what speaks against it.
    private let changed: (Question) -> Void
    private let loop: EventLoop
    private let file: LocationFile
    private var client: DNSClient?
        private var entries: [Question: Entry] = [:]
    private var lastSerial: UInt64 = 0

    init(
        loop: EventLoop, settings: DNSSettings, file: LocationFile,
        changed: @escaping (Question) -> Void
    ) {
        self.loop = loop
        self.changed = changed
        self.file = file
        self.client = DNSClient(loop: loop, settings: settings)
    }

    /// Looks up these names from now on and no others. What is known of them stays; all are looked
    /// up now, with the settings as they are now.
    func follow(_ questions: [Question], settings: DNSSettings) {
        var wanted = Set(questions)
        self.counted = self.counters
        self.client?.close()
        self.client = DNSClient(loop: self.loop, settings: settings)
        for question in self.entries.keys where !wanted.contains(question) {
            if let timer = self.entries[question]?.timer { self.loop.cancel(timer) }
            self.entries[question] = nil
        }
        let unknown = wanted.filter { self.entries[$0] == nil }
        let former = unknown.isEmpty ? [:] : self.file.load(Array(unknown))
        // Asked in the order of the configuration, each once.
        for question in questions where wanted.remove(question) != nil {
            var entry =
                self.entries[question]
                ?? Entry(
                    kept: KeptLocation(now: self.loop.now, servers: former[question] ?? []))
            // A search that was open had the old client.
            entry.search = nil
            self.entries[question] = entry
            self.begin(question)
        }
    }

    func close() {
        self.client?.close()
        self.client = nil
        for entry in self.entries.values {
            if let timer = entry.timer { self.loop.cancel(timer) }
        }
        self.entries = [:]
    }

    /// Where each name leads.
    var located: [Question: [LocatedServer]] { self.entries.mapValues(\.kept.servers) }

    /// What is known of a name.
    func known(_ question: Question) -> KeptLocation? { self.entries[question]?.kept }

    /// The name leads where it led when its time was over.
    func isStale(_ question: Question) -> Bool {
        self.entries[question]?.kept.isStale(self.loop.now) ?? false
    }

    // MARK: A search

    private func begin(_ question: Question) {
        guard var entry = self.entries[question] else { return }
        if let timer = entry.timer { self.loop.cancel(timer) }
        entry.timer = nil
        self.lastSerial &+= 1
        entry.serial = self.lastSerial
        var search = ServerLocator(
            question.target, transports: question.transports, isIPv4: question.isIPv4)
        let first = search.begin()
        entry.search = search
        self.entries[question] = entry
        self.counted.searches &+= 1
        self.put(first, question, entry.serial)
    }

    private func put(_ questions: [DNSQuestion], _ question: Question, _ serial: UInt64) {
        for next in questions {
            guard let client else {
                self.loop.defer { [weak self] in
                    self?.answered(question, serial, next, .failed(.unreachable))
                }
                continue
            }
            client.ask(next) { [weak self] answer in
                self?.answered(question, serial, next, answer)
            }
        }
        if self.entries[question]?.search?.outcome != nil { self.finish(question) }
    }

    private func answered(
        _ question: Question, _ serial: UInt64, _ asked: DNSQuestion, _ answer: DNSAnswer
    ) {
        guard self.entries[question]?.serial == serial,
            let next = self.entries[question]?.search?.answered(asked, with: answer)
        else { return }
        if answer == .failed(.malformed) { self.counted.malformed &+= 1 }
        self.put(next, question, serial)
    }

    private func finish(_ question: Question) {
        guard var entry = self.entries[question], let search = entry.search,
            let outcome = search.outcome
        else { return }
        entry.search = nil
        self.counted.recordsIgnored &+= search.recordsIgnored
        if search.limitReached { self.counted.limitsReached &+= 1 }
        if case .failure = outcome { self.counted.failures &+= 1 }
        let before = entry.kept.failure
        let isChanged = entry.kept.looked(outcome, now: self.loop.now)
        let wait = entry.kept.refreshAt &- min(self.loop.now, entry.kept.refreshAt)
        entry.timer = self.loop.schedule(after: max(wait, 1)) { [weak self] in
            self?.begin(question)
        }
        self.entries[question] = entry
        if isChanged { self.file.save(self.located) }
        if isChanged || before != entry.kept.failure { self.changed(question) }
    }
}
