// SPDX-License-Identifier: Apache-2.0

import Admission
import Configuration
import TLS
import Tenancy

/// Our certificates and what each party must show, as sessions need them.
final class TLSAgent {
    private struct Party {
        let policy: TLSPeerPolicy
        let trust: TLSTrust
        let client: TLSClientContext
    }

    private struct FileUse {
        let path: String
        let use: String
        let end: Int64
        /// Nil for authorities.
        var identity: TLSIdentity?
    }

    private var files = TLSFiles()
    private var servers: [Int: TLSServerContext] = [:]
    private var parties: [String: Party] = [:]
    /// Whose each file is, in the order of the configuration.
    private var uses: [FileUse] = []
    /// The step of the warnings that the log has for each file.
    private var warned: [String: Int64] = [:]

    /// Days before the end of a certificate at which the log says so.
    static let warningDays: [Int64] = [30, 7, 1, -1]
    /// How often files are looked at, milliseconds.
    static let lookMilliseconds: UInt64 = 60_000

    /// Takes what a configuration says. Throws a sentence where a file cannot be used; nothing has
    /// changed then.
    func configure(_ file: NodeConfiguration) throws(NodeError) {
        var files = self.files
        var identities: Set<NodeConfiguration.CertificateFiles> = []
        var trusts: Set<String> = []
        for listener in file.listeners { identities.formUnion(listener.certificates) }
        for speaker in Self.speakers(file) {
            if let certificate = speaker.tls.certificate { identities.insert(certificate) }
            trusts.insert(speaker.tls.trust)
        }
        try files.take(identities, trusts)
        self.files = files
        try self.make(file)
    }

    /// Looks at the files again; `now` in seconds since 1970. Gives lines for the log; where there
    /// are any, sessions may be old.
    func look(
        _ file: NodeConfiguration, hasTenants: Bool, now: Int64
    ) throws(NodeError) -> [String] {
        let own = Set(file.listeners.compactMap(\.host) + file.trunks.compactMap(file.host))
        // A tenant's name stands for all of them.
        let tenants = file.carrierTrunks.filter { hasTenants && $0.service.hasDerivedTrunks }
            .map { "tenant.\($0.fqdn)" }
        let lines = self.files.look(now: now, needed: own.sorted() + tenants)
        if !lines.isEmpty { try self.make(file) }
        return lines
    }

    /// Somebody that TLS is spoken with.
    private struct Speaker {
        let party: String
        /// For people.
        let words: String
        let listener: Int
        let tls: NodeConfiguration.TrunkTLS
    }

    private static func speakers(_ file: NodeConfiguration) -> [Speaker] {
        var speakers = file.trunks.compactMap { trunk in
            trunk.tls.map {
                Speaker(
                    party: trunk.name, words: "trunk \(trunk.name)", listener: trunk.listener,
                    tls: $0)
            }
        }
        if let mcp = file.mcp, let tls = mcp.tls {
            speakers.append(
                Speaker(
                    party: ProxyAgent.party, words: ProxyAgent.party, listener: mcp.listener,
                    tls: tls))
        }
        return speakers
    }

    private func make(_ file: NodeConfiguration) throws(NodeError) {
        do throws(TLSFailure) {
            var servers: [Int: TLSServerContext] = [:]
            var parties: [String: Party] = [:]
            var uses: [FileUse] = []
            func add(_ files: NodeConfiguration.CertificateFiles, _ use: String) {
                guard let identity = self.files.identity(files) else { return }
                uses.append(
                    FileUse(
                        path: files.certificate, use: use, end: identity.facts.notAfter,
                        identity: identity))
            }
            for (position, listener) in file.listeners.enumerated() {
                let identities = listener.certificates.compactMap(self.files.identity)
                guard !identities.isEmpty else { continue }
                servers[position] = try self.server(identities, at: position)
                for files in listener.certificates { add(files, "listener \(listener.name)") }
            }
            for speaker in Self.speakers(file) {
                let tls = speaker.tls
                guard let trust = self.files.trust(tls.trust) else { continue }
                let certificate =
                    tls.certificate ?? file.listeners[speaker.listener].certificates.first
                let identity = certificate.flatMap(self.files.identity)
                parties[speaker.party] = Party(
                    policy: tls.policy, trust: trust,
                    client: try self.client(identity, of: speaker.party))
                if let files = tls.certificate { add(files, speaker.words) }
                uses.append(
                    FileUse(
                        path: tls.trust, use: "trust of \(speaker.words)", end: trust.notAfter))
            }
            self.servers = servers
            self.parties = parties
            self.uses = uses
        } catch {
            throw NodeError("TLS: \(error)")
        }
    }

    /// The context in use where its certificates are the same: sessions go on with it.
    private func server(
        _ identities: [TLSIdentity], at position: Int
    ) throws(TLSFailure) -> TLSServerContext {
        if let old = self.servers[position], old.identities.count == identities.count,
            zip(old.identities, identities).allSatisfy({ $0 === $1 })
        {
            return old
        }
        return try TLSServerContext(identities: identities)
    }

    private func client(
        _ identity: TLSIdentity?, of party: String
    ) throws(TLSFailure) -> TLSClientContext {
        if let old = self.parties[party]?.client, old.identity === identity { return old }
        return try TLSClientContext(identity: identity)
    }

    // MARK: Sessions

    /// A server's session at a listener, for a trunk or the MCP; nil where either has no TLS.
    func accept(at listener: Int, _ party: String) -> TLSSession? {
        guard let context = self.servers[listener], let party = self.parties[party] else {
            return nil
        }
        return try? TLSSession(server: context, trust: party.trust, policy: party.policy)
    }

    /// A client's session with a peer of a trunk or the MCP, which is called `host` where that is a
    /// name.
    func connect(_ party: String, host: [UInt8]) -> TLSSession? {
        guard let party = self.parties[party] else { return nil }
        let name = String(decoding: host, as: UTF8.self)
        return try? TLSSession(
            client: party.client, trust: party.trust, policy: party.policy,
            host: TLSSession.canAsk(for: name) ? name : party.policy.names.first ?? "")
    }

    /// False for a session that would be another one if it began now.
    func isCurrent(_ session: TLSSession) -> Bool {
        guard let party = self.parties[session.policy.party], session.policy == party.policy,
            session.trust === party.trust
        else { return false }
        return session.context === party.client
            || self.servers.values.contains { $0 === session.context }
    }

    // MARK: What ends

    /// A certificate or bundle in use.
    struct Use {
        let path: String
        let use: String
        let days: Int64
    }

    /// All of them; `now` in seconds since 1970.
    func inUse(now: Int64) -> [Use] {
        self.uses.map {
            Use(path: $0.path, use: $0.use, days: CertificateFacts.days(until: $0.end, now))
        }
    }

    /// A certificate in use.
    struct IdentityUse {
        let path: String
        let use: String
        let identity: TLSIdentity
    }

    /// All of them, in the order of the configuration.
    var identitiesInUse: [IdentityUse] {
        self.uses.compactMap { use in
            use.identity.map { IdentityUse(path: use.path, use: use.use, identity: $0) }
        }
    }

    /// What a party is shown in one role: one of these.
    struct Showing {
        let use: String
        let identities: [TLSIdentity]
    }

    /// Why a file is not what is in use; nil: it is.
    func problem(of path: String) -> String? { self.files.problems[path] }

    /// What a trunk's peer is shown: where we are the client, and at its listener. Empty: it has no
    /// TLS.
    func identities(shownTo trunk: String, _ file: NodeConfiguration) -> [Showing] {
        guard let settings = file.trunks.first(where: { $0.name == trunk }),
            let party = self.parties[trunk]
        else { return [] }
        let listener = file.listeners[settings.listener]
        let client = party.client.identity.map { [$0] } ?? []
        return [
            Showing(use: "trunk \(trunk)", identities: client),
            Showing(
                use: "listener \(listener.name)",
                identities: self.servers[settings.listener]?.identities ?? []),
        ]
    }

    /// What is wrong at the moment, one sentence each.
    func conditions(now: Int64) -> [String] {
        var conditions = self.files.problems.sorted { $0.key < $1.key }.map(\.value)
        var seen: Set<String> = []
        for use in self.inUse(now: now) {
            guard let longest = Self.warningDays.first, use.days <= longest,
                seen.insert(use.path).inserted
            else { continue }
            conditions.append(Self.sentence(use))
        }
        return conditions
    }

    /// Lines for the log: one for each file and step of its end.
    func warnings(now: Int64) -> [String] {
        var lines: [String] = []
        for use in self.inUse(now: now) {
            let step = Self.warningDays.last { use.days <= $0 }
            guard self.warned[use.path] != step else { continue }
            self.warned[use.path] = step
            if step != nil { lines.append(Self.sentence(use)) }
        }
        return lines
    }

    private static func sentence(_ use: Use) -> String {
        let when =
            use.days < 0
            ? "has expired"
            : use.days == 0 ? "ends today" : "ends in \(use.days) \(use.days == 1 ? "day" : "days")"
        return "certificate \(use.path) (\(use.use)) \(when): put a new one into its place"
    }
}
