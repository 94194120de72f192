// SPDX-License-Identifier: Apache-2.0

import DNSClient
import SIPLocation
import SIPTransport

/// Finds where names lead that stand in requests. An answer is kept as long as the DNS says; what
/// is asked again and again while there is none waits for one search.
final class NextHopFinder {
    private struct Entry {
        var kept: KeptLocation
        var search: ServerLocator?
        var waiting: [([LocatedServer]) -> Void] = []
    }

    /// Names that are kept at a time.
    static let namesMax = 1000

    /// What was counted.
    private(set) var counters = LocationCounters()
    /// Names that could not be looked up because too many were being.
    private(set) var limitHits: UInt64 = 0
    private let loop: EventLoop
    private let isIPv4: Bool
    private var client: DNSClient?
    private var entries: [LocationTarget: Entry] = [:]

    init(loop: EventLoop, settings: DNSSettings, isIPv4: Bool) {
        self.loop = loop
        self.isIPv4 = isIPv4
        self.client = DNSClient(loop: loop, settings: settings)
    }

    func close() {
        self.client?.close()
        self.client = nil
        self.entries = [:]
    }

    /// `done` is called once, perhaps from within this call; with nothing where the name leads
    /// nowhere. The target names a transport.
    func find(_ target: LocationTarget, _ done: @escaping ([LocatedServer]) -> Void) {
        if let entry = self.entries[target], entry.search == nil,
            self.loop.now < entry.kept.refreshAt
        {
            return done(entry.kept.servers)
        }
        guard self.makeRoom(for: target), let client, let transport = target.transport else {
            self.limitHits &+= 1
            return done([])
        }
        var entry = self.entries[target] ?? Entry(kept: KeptLocation(now: self.loop.now))
        entry.waiting.append(done)
        let isFirst = entry.search == nil
        var questions: [DNSQuestion] = []
        if isFirst {
            self.counters.searches &+= 1
            var search = ServerLocator(target, transports: [transport], isIPv4: self.isIPv4)
            questions = search.begin()
            entry.search = search
        }
        self.entries[target] = entry
        if isFirst { self.ask(questions, of: target, by: client) }
    }

    private func makeRoom(for target: LocationTarget) -> Bool {
        guard self.entries[target] == nil, self.entries.count >= Self.namesMax else { return true }
        self.entries = self.entries.filter { $0.value.search != nil }
        return self.entries.count < Self.namesMax
    }

    private func ask(_ questions: [DNSQuestion], of target: LocationTarget, by client: DNSClient) {
        for question in questions {
            client.ask(question) { [weak self] answer in
                guard let self, let client = self.client,
                    let next = self.entries[target]?.search?.answered(question, with: answer)
                else { return }
                if answer == .failed(.malformed) { self.counters.malformed &+= 1 }
                self.ask(next, of: target, by: client)
            }
        }
        self.finish(target)
    }

    private func finish(_ target: LocationTarget) {
        guard var entry = self.entries[target], let outcome = entry.search?.outcome else { return }
        entry.search = nil
        _ = entry.kept.looked(outcome, now: self.loop.now)
        if case .failure = outcome { self.counters.failures &+= 1 }
        let waiting = entry.waiting
        entry.waiting = []
        self.entries[target] = entry
        for done in waiting { done(entry.kept.servers) }
    }
}
