// SPDX-License-Identifier: Apache-2.0

import NetworkAddress

/// A realm with the places of what other checks need.
struct LocatedRealm {
    var value: NodeConfiguration.Realm
    var name: Located<String>
    var interface: Located<String>
    var addresses: [Located<IPAddress>]
    var ports: Located<ClosedRange<UInt16>>
}

/// A listener, likewise.
struct LocatedListener {
    var value: NodeConfiguration.Listener
    var name: Located<String>
    var address: Located<SocketAddress>
}

/// A trunk, likewise.
struct LocatedTrunk {
    var value: NodeConfiguration.Trunk
    var name: Located<String>
    var sources: [Located<AddressPrefix>]
    /// This node's own name there, where it is written.
    var host: Located<String>?
    /// No other trunk may have it.
    var hasUniqueHost: Bool
}

/// A route, likewise.
typealias LocatedRoute = Located<NodeConfiguration.Route>

extension ConfigurationReader {
    func realm(_ section: SectionReader) -> LocatedRealm? {
        let interface = section.text(RealmKeys.interface)
        let name = section.text(RealmKeys.name) ?? interface
        if let name { self.checkName(name) }
        let attach = self.attach(section)
        if let attach, let interface { self.checkInterface(interface, attach) }
        let addressTexts = section.texts(RealmKeys.addresses)
        let addresses = addressTexts?.compactMap(self.address)
        if addressTexts?.isEmpty == true {
            self.issues.add(
                section.node(RealmKeys.addresses)?.line ?? section.line,
                SectionReader.join(section.key, RealmKeys.addresses.name), "is empty",
                "write at least one address, such as \(RealmKeys.addresses.example)")
        }
        let ports = self.ports(section)
        let onePort = section.flag(RealmKeys.onePort)
        let dscp = section.integer(RealmKeys.dscp)
        let vlan = section.integer(RealmKeys.vlan)
        let gateway = section.text(RealmKeys.gatewayMAC)
        if let gateway { self.checkMAC(gateway) }
        let twin = section.text(RealmKeys.twin)
        if let twin { self.checkInterface(twin, .packet) }
        guard let name, let attach, let interface, let addresses, let ports, let dscp, let vlan
        else { return nil }
        let value = NodeConfiguration.Realm(
            name: name.value, attach: attach, interface: interface.value,
            addresses: addresses.map(\.value), ports: ports.value,
            onePort: onePort, dscp: dscp.value, vlan: vlan.value,
            gatewayMAC: gateway?.value, twin: twin?.value)
        return LocatedRealm(
            value: value, name: name, interface: interface, addresses: addresses, ports: ports)
    }

    private func attach(_ section: SectionReader) -> NodeConfiguration.Attach? {
        guard section.node(RealmKeys.attach) != nil else { return .xdp }
        let attach: Located<NodeConfiguration.Attach>? = self.choice(section, RealmKeys.attach)
        return attach?.value
    }

    func listener(_ section: SectionReader) -> LocatedListener? {
        let name = section.text(ListenerKeys.name)
        if let name { self.checkName(name) }
        let transport: Located<NodeConfiguration.Transport>? = self.choice(
            section, ListenerKeys.transport)
        let text = section.text(ListenerKeys.address)
        let address = text.flatMap { text -> Located<SocketAddress>? in
            if let value = HostPort.parse(text.value, defaultPort: nil), !value.address.isMulticast,
                !value.address.isUnspecified
            {
                return text.map { _ in value }
            }
            self.issues.add(
                text, "\(Shown.value(text.value)) is not one address with a port",
                "write ADDRESS:PORT, such as \(ListenerKeys.address.example)")
            return nil
        }
        let tls = TLSReader(section)
        let host = tls.host(ListenerTLSKeys.host)
        let keepAlive = section.integer(ListenerTLSKeys.keepAlive)?.value ?? 0
        guard let name, let transport, let address else { return nil }
        let value = NodeConfiguration.Listener(
            name: name.value, transport: transport.value, address: address.value,
            host: host?.value, certificates: tls.listener(transport.value, host: host),
            keepAliveSeconds: keepAlive,
            largeRequestsOverTCP: section.flag(ListenerTLSKeys.largeRequests))
        return LocatedListener(value: value, name: name, address: address)
    }

    func trunk(
        _ draft: TrunkDraft, _ realms: [LocatedRealm], _ listeners: [LocatedListener],
        _ references: References
    ) -> LocatedTrunk? {
        let section = draft.section
        let name = section.text(TrunkKeys.name)
        if let name { self.checkName(name) }
        let listener = self.listener(of: draft, listeners, references)
        let realm = self.realm(of: section, references, count: realms.count)
        let sources = section.texts(TrunkKeys.sources)?.compactMap(self.source)
        let codecs = section.texts(TrunkKeys.codecs)
        codecs?.forEach(self.checkCodec)
        let learn = section.flag(TrunkKeys.learnSource)
        let security = TrunkSecurity(section, learnsSource: learn).read()
        let tls = TLSReader(section)
        let host = tls.host(TrunkTLSKeys.host)
        guard let name, let listener, let realm, let peers = draft.peers,
            peers.allSatisfy({ self.fits($0, listeners[listener].value) }),
            let maxCalls = section.integer(TrunkKeys.maxCalls)
        else { return nil }
        let located = sources ?? Self.sources(peers)
        var value = NodeConfiguration.Trunk(
            name: name.value, listener: listener, realm: realm, peers: peers.map(\.value),
            optionsSeconds: section.integer(PeerKeys.optionsInterval)?.value,
            sources: located.map(\.value), followsPeers: sources == nil,
            codecs: codecs?.map(\.value), learnSource: learn,
            maxCalls: maxCalls.value, security: security, failover: self.failover(section),
            limits: self.trunkLimits(section, references.tenants), host: host?.value,
            tls: tls.trunk(
                name.value, listeners[listener].value, host: host, peers: peers.map(\.value),
                implied: draft.place?.certificate),
            interworking: TrunkInterworking(section, hasCodecs: codecs != nil).read(),
            dialogs: TrunkDialogs(section), transfer: TrunkTransfer(section))
        value.digits = TrunkDigits(section).read()
        value.rules = self.ruleFiles.rules(section)
        let authentication = TrunkAuthenticationReader(section)
        value.authentication = authentication.read()
        value.register = authentication.register()
        value.messageLimits = self.messageLimits(section)
        value.profiles = (section.oneOrMoreTexts(ProfileKeys.profile) ?? []).map(\.value)
        let hasHost = host != nil || listeners[listener].value.host != nil
        value.tenancy = TrunkTenancyReader(section, hasHost: hasHost).read()
        return LocatedTrunk(
            value: value, name: name, sources: located, host: host,
            hasUniqueHost: section.flag(ProfileKeys.ownHostUnique))
    }

    /// Position of a trunk's listener, which it names or which is implied.
    private func listener(
        of draft: TrunkDraft, _ listeners: [LocatedListener], _ references: References
    ) -> Int? {
        guard let name = draft.section.text(TrunkKeys.listener) else {
            guard let place = draft.place else { return nil }
            return listeners.firstIndex {
                $0.value.isImplied && $0.value.transport == place.transport
                    && $0.value.address == place.address
            }
        }
        let index = self.resolve(name, references.listeners, "listener")
        let transport: Located<NodeConfiguration.Transport>? = self.choice(
            draft.section, ProfileKeys.transport)
        if let index, let transport, transport.value != listeners[index].value.transport {
            let own = listeners[index].value.transport.rawValue
            self.issues.add(
                transport,
                "is \(transport.value.rawValue), but listener "
                    + "\(Shown.key(name.value)) is \(own)",
                "name a listener with transport: \(transport.value.rawValue), or write "
                    + "`transport: \(own)` in the trunk")
        }
        return index
    }

    /// One of the words of an enumeration.
    func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ section: SectionReader, _ key: Key
    ) -> Located<Choice>? {
        guard let text = section.text(key) else { return nil }
        if let value = Choice(rawValue: text.value) { return text.map { _ in value } }
        let words = Choice.allCases.map(\.rawValue)
        self.issues.add(
            text, "is \(Shown.value(text.value))", "write one of \(words.joined(separator: ", "))")
        return nil
    }

    private func address(_ text: Located<String>) -> Located<IPAddress>? {
        if let value = IPAddress(text.value), !value.isMulticast, !value.isUnspecified {
            return text.map { _ in value }
        }
        self.issues.add(
            text, "\(Shown.value(text.value)) is not the address of one host",
            "write an IPv4 or IPv6 address without brackets, port or length")
        return nil
    }

    func source(_ text: Located<String>) -> Located<AddressPrefix>? {
        if let value = AddressPrefix(text.value) { return text.map { _ in value } }
        self.issues.add(
            text, "\(Shown.value(text.value)) is neither an address nor a block",
            "write ADDRESS or ADDRESS/BITS with no bits set behind BITS")
        return nil
    }

    private func checkCodec(_ text: Located<String>) {
        let parts = Array(text.value.utf8).split(
            separator: 0x2f, omittingEmptySubsequences: false)
        let named = parts.first.map { name in
            !name.isEmpty && name.allSatisfy { (0x21...0x7e).contains($0) && $0 != 0x2c }
        }
        let numbered = parts.dropFirst().allSatisfy { Decimal.parse($0) ?? 0 > 0 }
        if text.value.uppercased().hasPrefix("G711") {
            return self.issues.add(
                text, "\(Shown.value(text.value)) is no encoding name",
                "G.711 is PCMU (mu-law) and PCMA (A-law): write the one or both")
        }
        guard named != true || !numbered || parts.count > 3 else { return }
        self.issues.add(
            text, "\(Shown.value(text.value)) is no encoding name",
            "write NAME, NAME/CLOCK or NAME/CLOCK/CHANNELS, such as opus/48000/2")
    }
}
