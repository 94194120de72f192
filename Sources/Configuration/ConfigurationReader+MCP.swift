// SPDX-License-Identifier: Apache-2.0

import NetworkAddress
import SIPMessage
import SIPProxy

// The Mobile Control Point.
extension ConfigurationReader {
    /// Nil where there is none, or where an issue says why.
    func mcp(
        _ file: SectionReader, _ listeners: [LocatedListener], _ names: Names,
        _ trunks: [LocatedTrunk]
    ) -> NodeConfiguration.MCP? {
        guard let node = file.section(Schema.mcp.name), !node.isNull,
            let section = SectionReader(
                node, Schema.mcp.name, keys: Schema.mcp.keys.map(\.name), self.issues)
        else { return nil }
        let listener = section.text(MCPKeys.listener)
        let position = listener.flatMap { self.resolve($0, names, "listener") }
        if let listener, let position {
            self.check(listener, listeners[position].value, position, section, trunks)
        }
        let sources = section.texts(MCPKeys.sources).map {
            self.bounded($0, MCPKeys.sourcesMax).compactMap(self.source)
        }
        let service = self.service(section)
        let consultation = self.consultation(section)
        let texts = self.bounded(section.texts(MCPKeys.names) ?? [], MCPKeys.namesMax)
        let more = texts.map { name in
            if !TLSReader.isHostName(name.value) {
                self.issues.add(
                    name, "\(Shown.value(name.value)) is no host name",
                    "write a name such as mcp.carrier.example")
            }
            return name.value
        }
        guard let position, let sources, let service, let consultation,
            let transactions = section.integer(MCPKeys.maxTransactions)
        else { return nil }
        return NodeConfiguration.MCP(
            listener: position, sources: sources.map(\.value), names: more,
            nextHop: self.nextHop(section),
            recordsRoute: section.flag(MCPKeys.recordRoute), maxTransactions: transactions.value,
            tls: self.tls(section, listeners[position].value), consultation: consultation,
            service: service)
    }

    /// What is too many is an issue.
    private func bounded(_ texts: [Located<String>], _ most: Int) -> [Located<String>] {
        if texts.count > most {
            self.issues.add(texts[most], "is one too many", "write at most \(most)")
        }
        return texts
    }

    /// A listener is the MCP's or trunks', and TLS is the rule (MCP-1).
    private func check(
        _ name: Located<String>, _ listener: NodeConfiguration.Listener, _ position: Int,
        _ section: SectionReader, _ trunks: [LocatedTrunk]
    ) {
        if listener.transport != .tls, !section.flag(MCPKeys.insecure) {
            self.issues.add(
                name, "is \(listener.transport.rawValue), and the MCP speaks TLS alone",
                "name a listener with transport: tls (for a test, add insecure: true)")
        }
        if let trunk = trunks.first(where: { $0.value.listener == position }) {
            self.issues.add(
                name,
                "is the listener of trunk \(trunk.value.name) (line \(trunk.name.line)) too",
                "give the MCP a listener that no trunk has")
        }
    }

    private func tls(
        _ section: SectionReader, _ listener: NodeConfiguration.Listener
    ) -> NodeConfiguration.TrunkTLS? {
        if listener.transport == .tls, section.node(TrunkTLSKeys.verifyNames) == nil {
            self.issues.add(
                section.line,
                SectionReader.join(section.key, TrunkTLSKeys.verifyNames.name), "is missing",
                "write the names that certificates of the core have, as [ims.carrier.example]")
            return nil
        }
        // No trunk has a name with a space in it.
        return TLSReader(section).trunk(
            "the MCP", listener, host: nil, peers: [], implied: nil)
    }

    private func nextHop(_ section: SectionReader) -> NextHop? {
        guard let text = section.text(MCPKeys.nextHop) else { return nil }
        if let hop = NextHop(Array(text.value.utf8)[...]) { return hop }
        self.issues.add(
            text, "\(Shown.value(text.value)) is no SIP URI",
            "write \(MCPKeys.nextHop.example) or the like")
        return nil
    }

    private func consultation(_ section: SectionReader) -> NodeConfiguration.WebService? {
        guard let text = section.text(MCPKeys.consultation) else { return nil }
        if let service = NodeConfiguration.WebService(text.value) { return service }
        let isTLS = text.value.hasPrefix("https:")
        self.issues.add(
            text,
            isTLS
                ? "is https, which is not spoken here"
                : "\(Shown.value(text.value)) is no http URL of a host",
            isTLS
                ? "write http:// and the address of a forwarder on this machine that speaks TLS"
                : "write \(MCPKeys.consultation.example) or the like")
        return nil
    }

    private func service(_ section: SectionReader) -> MobileControlPoint? {
        let originating = self.mark(section, MCPKeys.originatingMark)
        let terminating = self.mark(section, MCPKeys.terminatingMark)
        let uri = self.template(section, MCPKeys.requestURI, standard: nil)
        let route = self.template(section, MCPKeys.route, standard: "${route}")
        let timeout = section.integer(MCPKeys.consultationTimeout)
        let most = section.integer(MCPKeys.maxConsultations)
        let numbers = section.texts(MCPKeys.emergencyNumbers)
        for number in numbers ?? [] where !Self.isPrefix(number.value) || number.value.isEmpty {
            self.issues.add(
                number, "\(Shown.value(number.value)) is no number",
                "write at most 32 digits, '+' only in front, in quotes")
        }
        guard let originating, let terminating, let uri, let route, let timeout, let most else {
            return nil
        }
        var service = MobileControlPoint(
            originatingMark: originating, terminatingMark: terminating, requestURI: uri.value,
            route: route.value)
        service.emergencyNumbers = (numbers?.map(\.value) ?? ["911", "933"]).map { Array($0.utf8) }
        service.consultationMilliseconds = UInt32(clamping: timeout.value)
        service.consultationsMax = most.value
        self.tryTemplates(service, uri, route)
        return service
    }

    /// A header's value of one word.
    private func mark(_ section: SectionReader, _ key: Key) -> [UInt8]? {
        guard let text = section.text(key) else { return nil }
        let bytes = Array(text.value.utf8)
        if (1...64).contains(bytes.count), bytes.allSatisfy({ (0x21...0x7e).contains($0) }) {
            return bytes
        }
        self.issues.add(
            text, "\(Shown.value(text.value)) is no single word",
            "write 1 to 64 printable characters without spaces")
        return nil
    }

    private func template(
        _ section: SectionReader, _ key: Key, standard: String?
    ) -> Located<DiversionTemplate>? {
        let written = section.text(key)
        let text =
            written
            ?? standard.map { Located(value: $0, line: section.line, key: section.key) }
        guard let text else { return nil }
        if text.value.utf8.count <= MCPKeys.textBytes,
            let template = DiversionTemplate(text.value.utf8)
        {
            return text.map { _ in template }
        }
        let places = DiversionTemplate.Place.allCases.map { "${\($0.rawValue)}" }
        self.issues.add(
            text, "\(Shown.value(text.value)) is no template",
            "write one line of at most \(MCPKeys.textBytes) bytes with no $ but "
                + places.joined(separator: ", "))
        return nil
    }

    /// What would make no INVITE is refused here, and not with every call.
    private func tryTemplates(
        _ service: MobileControlPoint, _ uri: Located<DiversionTemplate>,
        _ route: Located<DiversionTemplate>
    ) {
        if uri.value.places.contains(.route) {
            self.issues.add(uri, "has ${route} in it", "write that into divert-route")
        } else if !service.makesRequestURI {
            self.issues.add(
                uri, "makes no URI of a number such as +12025550100",
                "write \(MCPKeys.requestURI.example) or the like")
        }
        if !service.makesRoute {
            self.issues.add(
                route, "makes no Route values", "write \"<sip:HOST;lr>, ${route}\" or the like")
        }
    }
}
