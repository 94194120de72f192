// SPDX-License-Identifier: Apache-2.0

/// What one side's description says about keys for one stream.
public struct StreamSecurity: Sendable, Hashable {
    /// `a=crypto` lines that can be used, in their order.
    public var crypto: [CryptoAttribute]
    /// `a=fingerprint` lines of the strongest hash among them.
    public var fingerprints: [Fingerprint]
    /// `a=setup`
    public var setup: SetupRole?

    /// From its parts; nothing means plain RTP.
    public init(
        crypto: [CryptoAttribute] = [], fingerprints: [Fingerprint] = [], setup: SetupRole? = nil
    ) {
        self.crypto = crypto
        self.fingerprints = fingerprints
        self.setup = setup
    }

    /// True without any key.
    public var isEmpty: Bool { self.crypto.isEmpty && self.fingerprints.isEmpty }

    /// What a section offers that the policy allows. Lines that cannot be used are left out: the
    /// others may serve (RFC 4568 section 5.1.2).
    init(
        _ media: MediaDescription, of session: SessionDescription, policy: MediaSecurityPolicy
    ) {
        self.init()
        if policy.usesSDES {
            self.crypto = media.attributes.values(of: "crypto").compactMap { value in
                guard let crypto = try? CryptoAttribute(value),
                    policy.suites.contains(crypto.suite),
                    policy.allowsUnencryptedSRTCP || !crypto.master.plainSRTCP
                else { return nil }
                return crypto
            }
        }
        if policy.usesDTLS {
            let own = media.attributes.values(of: "fingerprint")
            let lines = own.isEmpty ? session.attributes.values(of: "fingerprint") : own
            let all = lines.compactMap(Fingerprint.init)
            let best = all.map(\.hash.rawValue).max()
            self.fingerprints = all.filter {
                $0.hash.rawValue == best && ($0.hash != .sha1 || policy.allowsSHA1Fingerprint)
            }
            let setup = media.attributes.value(of: "setup") ?? session.attributes.value(of: "setup")
            self.setup = setup.flatMap(SetupRole.init)
            if self.setup == .holdconn { self.fingerprints = [] }
        }
    }

    /// The lines.
    var attributes: [Attribute] {
        var lines = self.crypto.map(\.attribute) + self.fingerprints.map(\.attribute)
        if let setup = self.setup { lines.append(Attribute("setup", setup.name)) }
        return lines
    }

    /// What a section names, usable or not, for the Warning.
    static func names(_ media: MediaDescription, of session: SessionDescription) -> [SDPText] {
        var names = media.attributes.values(of: "crypto").compactMap {
            $0.words.dropFirst().first
        }
        let both = media.attributes + session.attributes
        if !both.values(of: "fingerprint").isEmpty { names.append("DTLS-SRTP") }
        return names.isEmpty ? [media.transport] : names
    }
}
