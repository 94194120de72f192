// SPDX-License-Identifier: Apache-2.0

import NetworkAddress

/// Where a trunk listens that names no listener.
struct ImpliedPlace {
    var transport: NodeConfiguration.Transport
    var address: SocketAddress
    /// Position of the address among all of the realms: the order of implied listeners.
    var order: Int
    /// What TLS shows; nil without TLS.
    var certificate: NodeConfiguration.CertificateFiles?
    /// The trunk's section, and its port there.
    var trunk: Located<SocketAddress>

    /// UDP and TCP go together: a peer may come by either.
    var transports: [NodeConfiguration.Transport] {
        self.transport == .tls ? [.tls] : [.udp, .tcp]
    }
}

/// The listeners of trunks that name none. Trunks with the same place share one; its order among
/// the others depends on realms and ports alone, so that a reload with other trunks finds the same
/// sockets.
struct ImpliedListeners {
    let issues: IssueList

    /// Those that the places need beside the written ones, in order.
    func listeners(
        _ places: [ImpliedPlace], beside written: [LocatedListener]
    ) -> [LocatedListener] {
        var made: [(order: Int, listener: LocatedListener)] = []
        for place in places where !self.isTaken(place, written) {
            for transport in place.transports {
                let position = made.firstIndex {
                    $0.listener.value.transport == transport
                        && $0.listener.value.address == place.address
                }
                let index = position ?? made.count
                if position == nil {
                    made.append((place.order, self.listener(transport, place)))
                }
                guard let files = place.certificate,
                    !made[index].listener.value.certificates.contains(files)
                else { continue }
                made[index].listener.value.certificates.append(files)
            }
        }
        func rank(_ item: (order: Int, listener: LocatedListener)) -> (Int, UInt16, Int) {
            let value = item.listener.value
            let transport = NodeConfiguration.Transport.allCases.firstIndex(of: value.transport)
            return (item.order, value.address.port, transport ?? 0)
        }
        return made.sorted { rank($0) < rank($1) }.map(\.listener)
    }

    private func listener(
        _ transport: NodeConfiguration.Transport, _ place: ImpliedPlace
    ) -> LocatedListener {
        // No name that can be written has a colon.
        let name = "\(transport.rawValue):\(place.address)"
        let value = NodeConfiguration.Listener(
            name: name, transport: transport, address: place.address, host: nil,
            certificates: [], keepAliveSeconds: 0, largeRequestsOverTCP: false, isImplied: true)
        return LocatedListener(
            value: value, name: place.trunk.map { _ in name }, address: place.trunk)
    }

    /// A written listener has the place: the trunk has to say that it means that one.
    private func isTaken(_ place: ImpliedPlace, _ written: [LocatedListener]) -> Bool {
        for other in written where other.value.address == place.address {
            let fits = place.transports.contains { ($0 == .udp) == (other.value.transport == .udp) }
            guard fits else { continue }
            self.issues.add(
                place.trunk,
                "would listen at \(place.address), where listener \(other.value.name) is "
                    + "(line \(other.address.line))",
                place.transports.contains(other.value.transport)
                    ? "write `listener: \(other.value.name)` in the trunk, or another port"
                    : "write another port, or a listener for it")
            return true
        }
        return false
    }
}

/// A trunk's section with what has to be known of it before its listener is.
struct TrunkDraft {
    var section: SectionReader
    var peers: [Located<TrunkPeer>]?
    /// Where it names no listener, and nothing is wrong.
    var place: ImpliedPlace?
}

extension ConfigurationReader {
    /// What a trunk's section needs of listeners; `directory` is where certificates are that are
    /// not named.
    func draft(
        _ section: SectionReader, _ realms: [LocatedRealm], _ references: References,
        certificates directory: String
    ) -> TrunkDraft {
        var draft = TrunkDraft(section: section, peers: self.peers(section))
        if section.node(TrunkKeys.listener) == nil {
            draft.place = self.place(draft, realms, references, directory)
        } else if let port = section.ownNode(ProfileKeys.port) {
            self.issues.add(
                port.line, SectionReader.join(section.key, ProfileKeys.port.name),
                "is for a trunk without a listener", "leave it out, or leave listener out")
        }
        return draft
    }

    /// Position of the realm of a trunk: the one that it names, or the first.
    func realm(of section: SectionReader, _ references: References, count: Int) -> Int? {
        if let name = section.text(TrunkKeys.realm) {
            return self.resolve(name, references.realms, "realm")
        }
        return count > 0 ? 0 : nil
    }

    private func place(
        _ draft: TrunkDraft, _ realms: [LocatedRealm], _ references: References,
        _ directory: String
    ) -> ImpliedPlace? {
        let section = draft.section
        let written: Located<NodeConfiguration.Transport>? = self.choice(
            section, ProfileKeys.transport)
        let port = section.integer(ProfileKeys.port)
        guard let index = self.realm(of: section, references, count: realms.count),
            let peers = draft.peers,
            let address = self.address(of: realms[index], for: peers)
        else { return nil }
        let transport = written?.value ?? peers.lazy.compactMap(\.value.transport).first ?? .udp
        var certificate: NodeConfiguration.CertificateFiles?
        if transport == .tls {
            let tls = TLSReader(section)
            let host = tls.host(TrunkTLSKeys.host)
            guard let files = tls.impliedCertificate(host: host, in: directory) else { return nil }
            certificate = files
        }
        let place = SocketAddress(
            address: realms[index].addresses[address].value,
            port: UInt16(clamping: port?.value ?? (transport == .tls ? 5061 : 5060)))
        let before = realms[..<index].map(\.addresses.count).reduce(0, +)
        return ImpliedPlace(
            transport: transport, address: place, order: before + address,
            certificate: certificate,
            trunk: Located(
                value: place, line: section.line,
                key: SectionReader.join(section.key, ProfileKeys.port.name)))
    }

    /// Position of the first address of the IP version that the peers have.
    private func address(of realm: LocatedRealm, for peers: [Located<TrunkPeer>]) -> Int? {
        for peer in peers {
            guard case .address(let address) = peer.value.host else { continue }
            let fitting = realm.addresses.firstIndex { $0.value.isIPv4 == address.isIPv4 }
            if fitting == nil {
                let version = address.isIPv4 ? "IPv4" : "IPv6"
                self.issues.add(
                    peer, "is \(version), and realm \(realm.value.name) has no such address",
                    "give the realm an \(version) address, or name another realm")
            }
            return fitting
        }
        return realm.addresses.isEmpty ? nil : 0
    }
}
