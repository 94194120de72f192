// SPDX-License-Identifier: Apache-2.0

import NetworkAddress
import SIPLocation
import TLS

/// What a listener and a trunk say of TLS, and of this node's own names. What cannot work together
/// is refused where it was written; files are looked at where the list of issues asks for it.
struct TLSReader {
    private let section: SectionReader
    private let issues: IssueList

    init(_ section: SectionReader) {
        self.section = section
        self.issues = section.issues
    }

    /// This node's own name.
    func host(_ key: Key) -> Located<String>? {
        guard let host = self.section.text(key) else { return nil }
        if IPAddress(host.value) == nil, !Self.isHostName(host.value) {
            self.issues.add(
                host, "\(Shown.value(host.value)) is neither a host name nor an address",
                "write the name that the peer knows, such as \(key.example)")
            return nil
        }
        return host
    }

    // MARK: Listeners

    /// The certificates of a listener; empty without TLS.
    func listener(
        _ transport: NodeConfiguration.Transport, host: Located<String>?
    ) -> [NodeConfiguration.CertificateFiles] {
        let keys = [ListenerTLSKeys.certificate, ListenerTLSKeys.key, .moreCertificates]
        guard transport == .tls else {
            self.refuse(keys, "is for transport: tls", "leave it out, or write transport: tls")
            return []
        }
        guard let first = self.files(ListenerTLSKeys.certificate, ListenerTLSKeys.key) else {
            if self.section.node(ListenerTLSKeys.certificate) == nil {
                self.fault(
                    ListenerTLSKeys.certificate, "is missing, and transport is tls",
                    "write `certificate: \(ListenerTLSKeys.certificate.example)` or the like")
            }
            return []
        }
        var all = [first]
        for file in self.section.texts(.moreCertificates) ?? [] {
            guard self.isPath(file) else { continue }
            all.append(.init(certificate: file.value, key: file.value))
            self.look(at: file) { () throws(TLSFailure) in
                try self.read(.init(certificate: file.value, key: file.value))
            }
        }
        if let host { self.check(host, all) }
        return all
    }

    /// A peer compares the name in Contact with the certificate.
    private func check(_ host: Located<String>, _ files: [NodeConfiguration.CertificateFiles]) {
        guard self.issues.checksFiles, IPAddress(host.value) == nil else { return }
        let names = files.compactMap {
            try? TLSIdentity(certificate: $0.certificate, key: $0.key).names
        }
        guard names.count == files.count,
            !names.contains(where: { NameRule.rfc2818.matches($0, host.value) })
        else { return }
        let known = names.map(\.description).joined(separator: "; ")
        self.issues.add(
            host, "\(Shown.value(host.value)) is no name of a certificate here (\(known))",
            "write one of these names, or get a certificate with this one")
    }

    // MARK: Trunks

    /// What TLS is spoken with a trunk; nil without it, and where an issue says why. `implied` is
    /// the certificate of a trunk that names no listener.
    func trunk(
        _ name: String, _ listener: NodeConfiguration.Listener, host: Located<String>?,
        peers: [TrunkPeer], implied: NodeConfiguration.CertificateFiles?
    ) -> NodeConfiguration.TrunkTLS? {
        let isAddress = (host?.value ?? listener.host).map { IPAddress($0) != nil } ?? true
        if isAddress, self.section.flag(ProfileKeys.ownHostRequired) {
            self.fault(
                TrunkTLSKeys.host, "is no name, and the peer refuses addresses (own-host-required)",
                "write the name of this node that the peer knows, as `host: sbc.example.com`")
        }
        guard listener.transport == .tls else {
            self.refuse(
                Array(TrunkTLSKeys.secure),
                "is for TLS, and listener \(listener.name) is "
                    + listener.transport.rawValue,
                "leave it out, or name a listener with transport: tls")
            return nil
        }
        if let host { self.check(host, implied.map { [$0] } ?? listener.certificates) }
        let certificate = implied ?? self.files(TrunkTLSKeys.certificate, TrunkTLSKeys.key)
        let trust = self.trust()
        let names = self.names(peers)
        var policy = TLSPeerPolicy(
            party: name, names: names ?? [],
            acceptsServerOnly: self.section.flag(TrunkTLSKeys.acceptServerCertificate))
        if let rule = self.word(TrunkTLSKeys.nameRule, Self.rules) { policy.rule = rule }
        if let wish = self.word(TrunkTLSKeys.clientCertificate, Self.wishes) {
            policy.clientCertificate = wish
        }
        guard let trust, names != nil else { return nil }
        return .init(certificate: certificate, trust: trust, policy: policy)
    }

    private static let rules = NameRule.allCases.map { ("\($0)", $0) }
    private static let wishes = ClientCertificate.allCases.map { ($0.rawValue, $0) }

    /// The certificate of a trunk that names no listener: its own, or else one that is named after
    /// its host.
    func impliedCertificate(
        host: Located<String>?, in directory: String
    ) -> NodeConfiguration.CertificateFiles? {
        if self.section.node(TrunkTLSKeys.certificate) != nil
            || self.section.node(TrunkTLSKeys.key) != nil
        {
            return self.files(TrunkTLSKeys.certificate, TrunkTLSKeys.key)
        }
        guard let host else {
            if self.section.node(TrunkTLSKeys.host) == nil {
                self.fault(
                    TrunkTLSKeys.certificate, "is missing, and no host says which it is",
                    "write `host: sbc.example.com` for \(directory)/sbc.example.com.pem, or "
                        + "certificate")
            }
            return nil
        }
        let file = host.map { "\(directory)/\($0).pem" }
        let files = NodeConfiguration.CertificateFiles(certificate: file.value, key: file.value)
        self.look(
            at: file,
            fix: "put certificate, chain and key into \(file.value), or write certificate"
        ) { () throws(TLSFailure) in
            try self.read(files)
        }
        return files
    }

    private func trust() -> String? {
        guard let file = self.section.text(TrunkTLSKeys.trust) else {
            self.fault(
                TrunkTLSKeys.trust, "is missing, and the listener is for TLS",
                "name a file of authorities, such as /etc/ssl/certs/ca-certificates.crt")
            return nil
        }
        guard self.isPath(file) else { return nil }
        self.look(at: file) { () throws(TLSFailure) in
            let trust = try TLSTrust(path: file.value)
            if let now = self.issues.now, now > trust.notAfter { throw .expired(trust.notAfter) }
        }
        return file.value
    }

    /// At least one: those of the peers where none is written. An address is no name that a
    /// certificate has.
    private func names(_ peers: [TrunkPeer]) -> [String]? {
        let names = self.section.texts(TrunkTLSKeys.verifyNames) ?? []
        guard !names.isEmpty else {
            let own = peers.compactMap { peer in
                if case .name(let name) = peer.host { name.description } else { nil }
            }
            if !own.isEmpty, own.count == peers.count { return own }
            self.fault(
                TrunkTLSKeys.verifyNames, "is missing, and the peer is an address",
                "write the names that its certificate may have, as [sip.carrier.example]")
            return nil
        }
        for name in names where !Self.isHostName(name.value) {
            self.issues.add(
                name, "\(Shown.value(name.value)) is no host name",
                "write a whole name without wildcards, such as sip.carrier.example")
        }
        return names.map(\.value)
    }

    // MARK: Files

    private func files(
        _ certificate: Key, _ key: Key
    ) -> NodeConfiguration.CertificateFiles? {
        let keyFile = self.section.text(key)
        guard let file = self.section.text(certificate) else {
            if keyFile != nil {
                self.fault(
                    key, "has no certificate beside it", "write \(certificate.name) too, or no key")
            }
            return nil
        }
        guard self.isPath(file), keyFile.map(self.isPath) ?? true else { return nil }
        let files = NodeConfiguration.CertificateFiles(
            certificate: file.value, key: keyFile?.value ?? file.value)
        self.look(at: file, key: keyFile) { () throws(TLSFailure) in
            try self.read(files)
        }
        return files
    }

    private func read(_ files: NodeConfiguration.CertificateFiles) throws(TLSFailure) {
        if let now = self.issues.now {
            _ = try TLSIdentity(certificate: files.certificate, key: files.key, now: now)
        } else {
            _ = try TLSIdentity(certificate: files.certificate, key: files.key)
        }
    }

    /// Says what is wrong with a file.
    private func look(
        at file: Located<String>, key: Located<String>? = nil, fix: String? = nil,
        _ read: () throws(TLSFailure) -> Void
    ) {
        guard self.issues.checksFiles else { return }
        do {
            try read()
        } catch {
            var place = file
            if let key, error.isAboutTheKey { place = key }
            self.issues.add(place, "\(Shown.value(place.value)) \(error)", fix ?? error.fix)
        }
    }

    private func isPath(_ file: Located<String>) -> Bool {
        if file.value.hasPrefix("/"), file.value.utf8.count < 1024,
            !file.value.utf8.contains(0)
        {
            return true
        }
        self.issues.add(
            file, "\(Shown.value(file.value)) is no absolute path",
            "write all of it, as /etc/trunkline/sbc.pem")
        return false
    }

    // MARK: Words

    private func word<Value>(_ key: Key, _ words: [(String, Value)]) -> Value? {
        guard let text = self.section.text(key) else { return nil }
        if let found = words.first(where: { $0.0 == text.value }) { return found.1 }
        let all = words.map(\.0).joined(separator: ", ")
        self.issues.add(text, "is \(Shown.value(text.value))", "write one of \(all)")
        return nil
    }

    private func refuse(_ keys: [Key], _ problem: String, _ fix: String) {
        for key in keys where self.section.ownNode(key) != nil { self.fault(key, problem, fix) }
    }

    private func fault(_ key: Key, _ problem: String, _ fix: String) {
        self.issues.add(
            self.section.node(key)?.line ?? self.section.line,
            SectionReader.join(self.section.key, key.name), problem, fix)
    }

    /// Labels of letters, digits and hyphens with dots between them; the last is no number.
    static func isHostName(_ text: String) -> Bool {
        let labels = text.utf8.split(separator: 0x2e, omittingEmptySubsequences: false)
        let areLabels = labels.allSatisfy { label in
            (1...63).contains(label.count) && label.first != 0x2d && label.last != 0x2d
                && label.allSatisfy { byte in
                    switch byte {
                    case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x2d: true
                    default: false
                    }
                }
        }
        let isNumber = labels.last?.allSatisfy { (0x30...0x39).contains($0) } ?? true
        return areLabels && !isNumber && text.utf8.count <= 253
    }
}

extension Key {
    fileprivate static var moreCertificates: Key { ListenerTLSKeys.moreCertificates }
}
