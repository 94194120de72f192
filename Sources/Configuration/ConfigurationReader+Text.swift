// SPDX-License-Identifier: Apache-2.0

import NetworkAddress

extension ConfigurationReader {
    /// FIRST-LAST, even and odd, so that every RTP port has its RTCP port.
    func ports(_ section: SectionReader) -> Located<ClosedRange<UInt16>>? {
        let standard = Located(
            value: RealmKeys.ports.example, line: section.line,
            key: SectionReader.join(section.key, RealmKeys.ports.name))
        let text = section.text(RealmKeys.ports) ?? standard
        let parts = Array(text.value.utf8).split(
            separator: 0x2d, omittingEmptySubsequences: false)
        let shown = Shown.value(text.value)
        guard parts.count == 2, let first = Decimal.parse(parts[0]),
            let last = Decimal.parse(parts[1]), (1024...65_535).contains(first),
            (1024...65_535).contains(last), first < last
        else {
            self.issues.add(
                text, "\(shown) is no port range",
                "write FIRST-LAST from 1024 to 65535, such as \(RealmKeys.ports.example)")
            return nil
        }
        guard first % 2 == 0, last % 2 == 1 else {
            // Nearest range that lies inside the one that was written.
            let even = first + first % 2
            let odd = last - (last + 1) % 2
            let fix =
                even < odd ? "write \(even)-\(odd)" : "write \(RealmKeys.ports.example) or the like"
            self.issues.add(text, "\(shown) does not begin even and end odd", fix)
            return nil
        }
        return text.map { _ in UInt16(first)...UInt16(last) }
    }

    /// `sip:[user@]ADDRESS[:PORT][;transport=...]`; the transport is the listener's.
    func peer(
        _ text: Located<String>, _ listener: NodeConfiguration.Listener?
    ) -> Located<NodeConfiguration.Peer>? {
        let shown = Shown.value(text.value)
        let bytes = Array(text.value.utf8)
        let parts = bytes.split(separator: 0x3b, omittingEmptySubsequences: false)
        let scheme = bytes.prefix(4).map { (0x41...0x5a).contains($0) ? $0 | 0x20 : $0 }
        guard scheme == Array("sip:".utf8), let head = parts.first?.dropFirst(4) else {
            self.issues.add(
                text, "\(shown) is no SIP URI", "write \(TrunkKeys.peer.example) or the like")
            return nil
        }
        var transport = listener?.transport
        for part in parts.dropFirst() {
            let word = String(decoding: part, as: UTF8.self)
            guard word.hasPrefix("transport="),
                let value = NodeConfiguration.Transport(rawValue: String(word.dropFirst(10)))
            else {
                self.issues.add(
                    text, "has the parameter \(Shown.value(word))",
                    "the only one is transport=udp, transport=tcp or transport=tls")
                return nil
            }
            transport = value
        }
        let port: UInt16 = transport == .tls ? 5061 : 5060
        guard let address = self.peerAddress(head, text, defaultPort: port) else { return nil }
        guard let listener, let transport else { return nil }
        return self.fit(
            NodeConfiguration.Peer(address: address, transport: transport), text, listener)
    }

    private func peerAddress(
        _ head: ArraySlice<UInt8>, _ text: Located<String>, defaultPort: UInt16
    ) -> SocketAddress? {
        let host = String(decoding: head, as: UTF8.self)
        if let address = HostPort.parse(host, defaultPort: defaultPort),
            !address.address.isMulticast, !address.address.isUnspecified
        {
            return address
        }
        self.issues.add(
            text, "\(Shown.value(host)) is not the address of one host",
            "write ADDRESS or ADDRESS:PORT (names are not resolved), IPv6 in brackets")
        return nil
    }

    private func fit(
        _ peer: NodeConfiguration.Peer, _ text: Located<String>,
        _ listener: NodeConfiguration.Listener
    ) -> Located<NodeConfiguration.Peer>? {
        if peer.transport != listener.transport {
            self.issues.add(
                text,
                "wants \(peer.transport.rawValue), but listener \(listener.name) is "
                    + listener.transport.rawValue,
                "write transport=\(listener.transport.rawValue), or name another listener")
            return nil
        }
        if peer.address.address.isIPv4 != listener.address.address.isIPv4 {
            self.issues.add(
                text, "is of another IP version than listener \(listener.name)",
                "name a listener of the same IP version")
            return nil
        }
        return text.map { _ in peer }
    }

    func checkInterface(_ text: Located<String>, _ attach: NodeConfiguration.Attach) {
        let bytes = Array(text.value.utf8)
        let plain = !bytes.isEmpty && bytes.allSatisfy { (0x21...0x7e).contains($0) && $0 != 0x2c }
        let (fits, wanted): (Bool, String)
        switch attach {
        case .xdp, .packet:
            (fits, wanted) = (
                bytes.count <= 15 && !bytes.contains(0x2f),
                "the name of a network interface, 1 to 15 bytes"
            )
        case .pci: (fits, wanted) = (Self.isPCI(bytes), "a PCI address, such as 0000:03:00.0")
        case .memif:
            (fits, wanted) = (
                bytes.first == 0x2f && bytes.count <= 107,
                "the absolute path of a socket, at most 107 bytes"
            )
        case .pcap: (fits, wanted) = (bytes.count <= 255, "file names, at most 255 bytes")
        }
        guard !plain || !fits else { return }
        self.issues.add(
            text, "\(Shown.value(text.value)) does not fit",
            "write \(wanted), without spaces and commas")
    }

    func checkMAC(_ text: Located<String>) {
        let parts = Array(text.value.utf8).split(separator: 0x3a, omittingEmptySubsequences: false)
        guard parts.count != 6 || !parts.allSatisfy({ $0.count == 2 && $0.allSatisfy(Self.isHex) })
        else { return }
        self.issues.add(
            text, "\(Shown.value(text.value)) is no MAC address",
            "write six bytes in hexadecimal, such as \"\(RealmKeys.gatewayMAC.example)\"")
    }

    /// dddd:bb:dd.f in hexadecimal.
    private static func isPCI(_ bytes: [UInt8]) -> Bool {
        guard bytes.count == 12, bytes[4] == 0x3a, bytes[7] == 0x3a, bytes[10] == 0x2e else {
            return false
        }
        return bytes.enumerated().allSatisfy {
            [4, 7, 10].contains($0.offset) || isHex($0.element)
        }
    }

    private static func isHex(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x46, 0x61...0x66: true
        default: false
        }
    }
}

/// `192.0.2.1:5060`, `[2001:db8::1]:5060`.
enum HostPort {
    /// Nil for anything else; without a port `defaultPort` counts, if there is one.
    static func parse(_ text: String, defaultPort: UInt16?) -> SocketAddress? {
        let bytes = Array(text.utf8)
        var host = bytes[...]
        var rest: ArraySlice<UInt8> = []
        if bytes.first == 0x5b {
            guard let close = bytes.firstIndex(of: 0x5d) else { return nil }
            host = bytes[1..<close]
            rest = bytes[(close + 1)...]
            guard host.contains(0x3a) else { return nil }
        } else if let colon = bytes.firstIndex(of: 0x3a) {
            host = bytes[..<colon]
            rest = bytes[colon...]
        }
        guard let address = IPAddress(text: host) else { return nil }
        if rest.isEmpty {
            return defaultPort.map { SocketAddress(address: address, port: $0) }
        }
        guard rest.first == 0x3a, let port = Decimal.parse(rest.dropFirst()),
            (1...65_535).contains(port)
        else { return nil }
        return SocketAddress(address: address, port: UInt16(port))
    }
}
