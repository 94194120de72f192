// SPDX-License-Identifier: Apache-2.0

import NetworkAddress
import SIPLocation

// Where a trunk's requests go, and who knows the way.
extension ConfigurationReader {
    /// `peer:` or `peers:`, one of them; nil and an issue otherwise.
    func peers(_ section: SectionReader) -> [Located<TrunkPeer>]? {
        let one = section.text(PeerKeys.peer)
        guard let list = section.node(PeerKeys.peers) else {
            guard let one else {
                self.issues.add(
                    section.line, SectionReader.join(section.key, PeerKeys.peer.name),
                    "is missing", "write `peer: \(PeerKeys.peer.example)` or the like")
                return nil
            }
            return self.peer(one).map { [$0] }
        }
        let place = SectionReader.join(section.key, PeerKeys.peers.name)
        if let one {
            self.issues.add(one, "stands beside peers", "put it into the list, or drop peers")
        }
        guard case .sequence(let items) = list.content,
            (1...PeerKeys.peersMax).contains(items.count)
        else {
            self.issues.add(
                list.line, place, "is no list of 1 to \(PeerKeys.peersMax) peers",
                "write \(PeerKeys.peers.example) or the like")
            return nil
        }
        var peers: [Located<TrunkPeer>] = []
        for (index, item) in items.enumerated() {
            guard let peer = self.item(item, "\(place)[\(index)]", index) else { return nil }
            if let twin = peers.first(where: { Self.isSame($0.value, peer.value) }) {
                self.issues.add(peer, "stands on line \(twin.line) too", "keep one of them")
            }
            peers.append(peer)
        }
        return peers
    }

    private static func isSame(_ a: TrunkPeer, _ b: TrunkPeer) -> Bool {
        a.host == b.host && a.port == b.port && a.transport == b.transport
    }

    private func item(
        _ node: YAMLNode, _ place: String, _ index: Int
    ) -> Located<TrunkPeer>? {
        if case .scalar(let text, _) = node.content {
            var peer = self.peer(Located(value: text, line: node.line, key: place))
            peer?.value.priority = index
            return peer
        }
        let keys = [PeerKeys.uri, PeerKeys.priority, PeerKeys.weight]
        guard let item = SectionReader(node, place, keys: keys.map(\.name), self.issues),
            let uri = item.text(PeerKeys.uri), var peer = self.peer(uri)
        else { return nil }
        peer.value.priority = item.integer(PeerKeys.priority)?.value ?? index
        peer.value.weight = item.integer(PeerKeys.weight)?.value ?? 1
        return peer
    }

    /// `sip:HOST[:PORT][;transport=...]`.
    private func peer(_ text: Located<String>) -> Located<TrunkPeer>? {
        let shown = Shown.value(text.value)
        let bytes = Array(text.value.utf8)
        let parts = bytes.split(separator: 0x3b, omittingEmptySubsequences: false)
        let scheme = bytes.prefix(4).map { (0x41...0x5a).contains($0) ? $0 | 0x20 : $0 }
        guard scheme == Array("sip:".utf8), let head = parts.first?.dropFirst(4) else {
            self.issues.add(
                text, "\(shown) is no SIP URI", "write \(PeerKeys.peer.example) or the like")
            return nil
        }
        var transport: NodeConfiguration.Transport?
        for part in parts.dropFirst() {
            let word = String(decoding: part, as: UTF8.self)
            guard word.hasPrefix("transport="),
                let value = NodeConfiguration.Transport(rawValue: String(word.dropFirst(10)))
            else {
                let known = NodeConfiguration.Transport.allCases.map { "transport=\($0.rawValue)" }
                self.issues.add(
                    text, "has the parameter \(Shown.value(word))",
                    "the only one is \(known.dropLast().joined(separator: ", ")) or "
                        + (known.last ?? ""))
                return nil
            }
            transport = value
        }
        guard let (host, port) = self.host(head, text) else { return nil }
        return text.map { _ in
            TrunkPeer(host: host, port: port, transport: transport, priority: 0, weight: 1)
        }
    }

    private func host(
        _ head: ArraySlice<UInt8>, _ text: Located<String>
    ) -> (TrunkPeer.Host, UInt16?)? {
        let written = String(decoding: head, as: UTF8.self)
        if let address = HostPort.parse(written, defaultPort: 0) {
            if !address.address.isMulticast, !address.address.isUnspecified {
                return (.address(address.address), address.port == 0 ? nil : address.port)
            }
        } else if let (name, port) = Self.name(head) {
            return (.name(name), port)
        }
        self.issues.add(
            text, "\(Shown.value(written)) is neither the address of one host nor a name",
            "write HOST or HOST:PORT, IPv6 in brackets")
        return nil
    }

    /// A name with a letter in its last label: what has none is a mistyped address.
    static func name(_ head: ArraySlice<UInt8>) -> (DomainName, UInt16?)? {
        let parts = head.split(separator: 0x3a, omittingEmptySubsequences: false)
        guard let first = parts.first, parts.count <= 2, let name = DomainName(first),
            let last = name.bytes.split(separator: 0x2e).last,
            !last.allSatisfy({ (0x30...0x39).contains($0) })
        else { return nil }
        guard parts.count == 2 else { return (name, nil) }
        guard let port = Decimal.parse(parts[1]), (1...65_535).contains(port) else { return nil }
        return (name, UInt16(port))
    }

    /// Peers are spoken to from the trunk's listener.
    func fits(_ peer: Located<TrunkPeer>, _ listener: NodeConfiguration.Listener) -> Bool {
        if let transport = peer.value.transport, transport != listener.transport {
            self.issues.add(
                peer,
                "wants \(transport.rawValue), but listener \(listener.name) is "
                    + listener.transport.rawValue,
                "write transport=\(listener.transport.rawValue), or name another listener")
            return false
        }
        if case .address(let address) = peer.value.host,
            address.isIPv4 != listener.address.address.isIPv4
        {
            self.issues.add(
                peer, "is of another IP version than listener \(listener.name)",
                "name a listener of the same IP version")
            return false
        }
        return true
    }

    /// Those who may send requests as this trunk where nobody is named: the peers that are
    /// addresses. Those of names come with the names.
    static func sources(_ peers: [Located<TrunkPeer>]) -> [Located<AddressPrefix>] {
        var sources: [Located<AddressPrefix>] = []
        for peer in peers {
            guard case .address(let address) = peer.value.host else { continue }
            let source = peer.map { _ in AddressPrefix(address) }
            if !sources.contains(where: { $0.value == source.value }) { sources.append(source) }
        }
        return sources
    }

    // MARK: The DNS

    func dns(_ section: SectionReader) -> NodeConfiguration.DNS? {
        let texts = section.texts(DNSKeys.servers) ?? []
        if texts.count > DNSKeys.serversMax {
            self.issues.add(
                texts[DNSKeys.serversMax], "is one server too many",
                "name at most \(DNSKeys.serversMax)")
        }
        let servers = texts.compactMap(self.server)
        guard let timeout = section.integer(DNSKeys.timeout),
            let attempts = section.integer(DNSKeys.attempts)
        else { return nil }
        return NodeConfiguration.DNS(
            servers: servers, timeoutMilliseconds: timeout.value, attempts: attempts.value)
    }

    private func server(_ text: Located<String>) -> SocketAddress? {
        let port: UInt16 = 53
        if let address = IPAddress(text.value), !address.isMulticast, !address.isUnspecified {
            return SocketAddress(address: address, port: port)
        }
        if let address = HostPort.parse(text.value, defaultPort: port),
            !address.address.isMulticast, !address.address.isUnspecified
        {
            return address
        }
        self.issues.add(
            text, "\(Shown.value(text.value)) is not the address of a DNS server",
            "write ADDRESS or ADDRESS:PORT, IPv6 with a port in brackets")
        return nil
    }
}
