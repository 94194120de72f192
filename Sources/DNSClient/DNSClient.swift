// SPDX-License-Identifier: Apache-2.0

import NetworkAddress
public import SIPLocation
public import SIPTransport

/// Whom to ask, and how patiently.
public struct DNSSettings: Sendable, Hashable {
    /// `ADDRESS` or `ADDRESS:PORT`, IPv6 with a port in brackets, in the order in which they are
    /// asked; none for the system's.
    public var servers: [String]
    /// How long a server has for its first answer, ms; more with each further attempt.
    public var timeoutMilliseconds: Int
    /// How often each server is asked, 1 to 10.
    public var attempts: Int
    /// UDP ports that answers must not come to: the fast path takes media ports from the kernel.
    public var forbiddenPorts: [ClosedRange<UInt16>]

    /// From its parts.
    public init(
        servers: [String] = [], timeoutMilliseconds: Int = 2000, attempts: Int = 2,
        forbiddenPorts: [ClosedRange<UInt16>] = []
    ) {
        self.servers = servers
        self.timeoutMilliseconds = timeoutMilliseconds
        self.attempts = attempts
        self.forbiddenPorts = forbiddenPorts
    }
}

/// Asks the DNS, by c-ares, on a loop: no call blocks, whatever the servers do. At most
/// `questionsMax` questions are open at a time, the others wait. With the system's servers its file
/// of hosts counts as well, before them.
public final class DNSClient {
    /// Questions that are open at a time.
    public static let questionsMax = 64

    private struct Waiting {
        let question: DNSQuestion
        let done: (DNSAnswer) -> Void
    }

    /// Records of answers that were of no use, or too many.
    public private(set) var recordsIgnored: UInt64 = 0
    /// Questions put to servers.
    public private(set) var questions: UInt64 = 0

    private let loop: EventLoop
    private let usesHosts: Bool
    private var channel: AresChannel?
    private var watches: [Int32: DescriptorWatch] = [:]
    private var timer: LoopTimer?
    private var waiting: [Waiting] = []
    private var open = 0
    /// Ends that were reported from inside c-ares.
    private var ended: [() -> Void] = []
    private var isInside = false

    /// Nil where the settings name no servers that can be asked.
    public init?(loop: EventLoop, settings: DNSSettings = DNSSettings()) {
        self.loop = loop
        self.usesHosts = settings.servers.isEmpty
        self.channel = AresChannel(
            servers: settings.servers, timeoutMilliseconds: settings.timeoutMilliseconds,
            attempts: settings.attempts, forbiddenPorts: settings.forbiddenPorts
        ) { [weak self] descriptor, read, write in
            self?.watch(descriptor, read: read, write: write)
        }
        if self.channel == nil { return nil }
    }

    deinit { self.close() }

    /// Puts a question. `done` is called once, from the loop and never from within this call; not
    /// at all after `close`.
    public func ask(_ question: DNSQuestion, _ done: @escaping (DNSAnswer) -> Void) {
        self.waiting.append(Waiting(question: question, done: done))
        self.loop.defer { [weak self] in self?.putWaiting() }
    }

    /// Gives up what is open.
    public func close() {
        guard let channel else { return }
        self.channel = nil
        self.waiting = []
        if let timer { self.loop.cancel(timer) }
        self.timer = nil
        // Before c-ares closes what they wait for.
        for watch in self.watches.values { watch.stop() }
        self.watches = [:]
        channel.destroy()
        self.ended = []
    }

    private func putWaiting() {
        while self.open < Self.questionsMax, !self.waiting.isEmpty, let channel {
            let next = self.waiting.removeFirst()
            if let answer = self.hosts(next.question, channel) {
                next.done(answer)
                continue
            }
            self.open += 1
            self.questions &+= 1
            self.inside {
                channel.ask(next.question) { [weak self] end in
                    self?.ended.append { [weak self] in self?.finish(next, end) }
                }
            }
        }
    }

    /// RFC 3263 does not speak of the file of hosts, but every program of a system reads it. A name
    /// that stands there is a host and has no services, so that no server is needed for it.
    private func hosts(_ question: DNSQuestion, _ channel: AresChannel) -> DNSAnswer? {
        guard self.usesHosts else { return nil }
        func addresses(_ name: DomainName, isIPv4: Bool) -> [IPAddress] {
            channel.hosts(name, isIPv4: isIPv4).filter { !$0.isUnspecified && !$0.isMulticast }
        }
        switch question.type {
        case .a, .aaaa:
            let found = addresses(question.name, isIPv4: question.type == .a)
            guard !found.isEmpty else { return nil }
            return .records(
                found.map { DNSRecord(question.name, ttl: Self.hostsSeconds, .address($0)) })
        case .srv, .naptr:
            let labels = question.name.bytes.split(separator: 0x2e).drop { $0.first == 0x5f }
            guard let host = DomainName(Array(labels.joined(separator: [0x2e]))),
                [true, false].contains(where: { !addresses(host, isIPv4: $0).isEmpty })
            else { return nil }
            return .nothing(ttl: Self.hostsSeconds)
        }
    }

    /// How long the file of hosts is believed.
    private static let hostsSeconds: UInt32 = 60

    private func finish(_ asked: Waiting, _ end: AresChannel.End) {
        self.open -= 1
        switch end {
        case .answer(let bytes):
            let answer = DNSMessage.answer(
                to: asked.question, bytes, ignored: &self.recordsIgnored)
            asked.done(answer)
        case .nothing: asked.done(.nothing(ttl: nil))
        case .failure(let failure): asked.done(.failed(failure))
        }
    }

    // MARK: c-ares

    /// Runs a call of c-ares, and after it what came of it: nothing of ours runs inside.
    private func inside(_ body: () -> Void) {
        guard !self.isInside else { return body() }
        self.isInside = true
        body()
        self.isInside = false
        self.arm()
        guard !self.ended.isEmpty else { return }
        self.loop.defer { [weak self] in
            guard let self else { return }
            let ended = self.ended
            self.ended = []
            for end in ended where self.channel != nil { end() }
            self.putWaiting()
        }
    }

    private func watch(_ descriptor: Int32, read: Bool, write: Bool) {
        guard self.channel != nil, read || write else {
            self.watches.removeValue(forKey: descriptor)?.stop()
            return
        }
        let watch =
            self.watches[descriptor]
            ?? DescriptorWatch(loop: self.loop, descriptor: descriptor) {
                [weak self] isReadable, isWritable in
                self?.ready(descriptor, isReadable, isWritable)
            }
        self.watches[descriptor] = watch
        // Where it cannot be waited for, the question runs out of time.
        _ = watch?.wait(readable: read, writable: write)
    }

    private func ready(_ descriptor: Int32, _ isReadable: Bool, _ isWritable: Bool) {
        guard let channel else { return }
        self.inside {
            channel.process(
                readable: isReadable ? descriptor : nil, writable: isWritable ? descriptor : nil)
        }
    }

    /// c-ares looks after its own time-outs when it is asked to.
    private func arm() {
        if let timer { self.loop.cancel(timer) }
        self.timer = nil
        guard let wait = self.channel?.timeoutMilliseconds else { return }
        self.timer = self.loop.schedule(after: max(wait, 1)) { [weak self] in
            guard let self, let channel = self.channel else { return }
            self.timer = nil
            self.inside { channel.process(readable: nil, writable: nil) }
        }
    }
}
