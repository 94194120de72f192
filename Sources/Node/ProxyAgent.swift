// SPDX-License-Identifier: Apache-2.0

import Configuration
import DNSClient
import NetworkAddress
import SIPLocation
import SIPProxy
import SIPTransaction
import SIPTransport

/// The Mobile Control Point of a shard: the proxy, and who answers its questions.
final class ProxyAgent {
    let core: ProxyCore
    private(set) var settings: NodeConfiguration.MCP
    private(set) var consultant: ConsultationClient
    private let finder: NextHopFinder
    /// Places that requests go to, and the names that they were found by, for TLS; empty for none.
    private var hosts: [SocketAddress: [UInt8]] = [:]

    /// The party of its TLS sessions.
    static let party = "the MCP"

    /// Nil where the file has none.
    init?(_ file: NodeConfiguration, loop: EventLoop, dns: DNSSettings) {
        guard let settings = file.mcp else { return nil }
        self.settings = settings
        let listener = file.listeners[settings.listener]
        self.core = ProxyCore(
            configuration: Self.configuration(settings, file),
            key: Self.key(file.node.name, listener), transactionsMax: settings.maxTransactions)
        self.finder = NextHopFinder(
            loop: loop, settings: dns, isIPv4: listener.address.address.isIPv4)
        self.consultant = ConsultationClient(loop: loop, finder: self.finder)
    }

    /// The same for each process of a node: what comes again after a restart leaves with the branch
    /// that it had. It keeps two nodes' branches apart, and no secret.
    private static func key(_ node: String, _ listener: NodeConfiguration.Listener) -> UInt64 {
        var key: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in "\(node) \(listener.address)".utf8 {
            key = (key ^ UInt64(byte)) &* 0x100_0000_01b3
        }
        return key
    }

    private static func configuration(
        _ settings: NodeConfiguration.MCP, _ file: NodeConfiguration
    ) -> ProxyConfiguration {
        let listener = file.listeners[settings.listener]
        var configuration = ProxyConfiguration(
            listener: Settings.index(settings.listener),
            identity: ProxyIdentity(
                transport: Settings.transport(listener.transport), address: listener.address,
                host: listener.host.map { Array($0.utf8) },
                aliases: settings.names.map { Array($0.utf8) }),
            sources: settings.sources, service: settings.service)
        configuration.nextHop = settings.nextHop
        configuration.recordsRoute = settings.recordsRoute
        return configuration
    }

    /// Follows another configuration with the same listener and limit.
    func configure(_ file: NodeConfiguration) {
        guard let settings = file.mcp else { return }
        self.settings = settings
        self.core.configure(Self.configuration(settings, file))
    }

    var listener: ListenerIndex { self.core.configuration.listener }

    /// Requests are taken from there.
    func takesRequests(from hop: Hop) -> Bool {
        self.core.configuration.knows(hop.remote.address)
    }

    /// Requests are taken from there, or were sent there.
    func knows(_ hop: Hop) -> Bool {
        self.takesRequests(from: hop) || self.hosts[hop.remote] != nil
    }

    /// The name of a place that a request goes to; empty where it has none.
    func host(at place: Hop) -> [UInt8] { self.hosts[place.remote] ?? [] }

    func close() {
        self.consultant.close()
        self.finder.close()
    }

    /// Carries questions and answers until there is none left, and takes what is to be done. What a
    /// later answer leads to is there at the end of its turn.
    func drain() -> [ProxyOutput] {
        var outputs: [ProxyOutput] = []
        while true {
            let next = self.core.drain()
            guard !next.isEmpty else { return outputs }
            for output in next {
                switch output {
                case .locate(let ticket, let hop): self.locate(ticket, hop)
                case .consult(let ticket, let consultation):
                    self.consultant.ask(ticket, consultation, self.settings.consultation) {
                        [weak self] answer in
                        self?.core.consulted(ticket, answer)
                    }
                case .endConsultation(let ticket): self.consultant.end(ticket)
                case .send(_, let hop, _):
                    if !self.knows(hop) { self.remember(hop.remote, []) }
                    outputs.append(output)
                case .startTimer, .stopTimer: outputs.append(output)
                }
            }
        }
    }

    private func locate(_ ticket: ProxyTicket, _ next: NextHop) {
        let listener = self.listener
        let transport = self.core.configuration.identity.transport
        guard case .name(let name) = next.host, let domain = DomainName(name) else {
            return self.core.located(ticket, [])
        }
        let target = LocationTarget(.name(domain), port: next.port, transport: transport)
        self.finder.find(target) { [weak self] servers in
            guard let self else { return }
            let places = servers.sorted { $0.priority < $1.priority }
            for place in places { self.remember(place.address, name) }
            self.core.located(
                ticket,
                places.map {
                    Hop(listener: listener, transport: transport, remote: $0.address)
                })
        }
    }

    private func remember(_ place: SocketAddress, _ name: [UInt8]) {
        if self.hosts.count >= 4 * NextHopFinder.namesMax { self.hosts = [:] }
        self.hosts[place] = name
    }
}
