// SPDX-License-Identifier: Apache-2.0

/// What our descriptions give away about one leg's media: made from random bytes, used by one leg
/// only, and kept until the party changes its own.
public struct LegSecrets: Sendable, Hashable, CustomStringConvertible {
    /// Master keys for `a=crypto`, in the order of the policy's suites. A suite has its own: two
    /// suites must not share key and salt.
    public var masters: [SRTPMasterKey]
    /// Ours for ICE.
    public var ice: ICECredentials
    /// Of the certificate that our DTLS shows; nil where there is none, and DTLS is not offered.
    public var fingerprint: Fingerprint?

    /// From its parts.
    public init(masters: [SRTPMasterKey], ice: ICECredentials, fingerprint: Fingerprint?) {
        self.masters = masters
        self.ice = ice
        self.fingerprint = fingerprint
    }

    /// Random bytes that the secrets of a leg with this policy are made from.
    public static func randomBytes(for policy: MediaSecurityPolicy) -> Int {
        policy.suites.count * SRTPSuite.longestMaster + self.iceBytes
    }

    /// From `randomBytes` bytes of a generator for keys; nil if there are fewer, or they are not
    /// random.
    public init?(
        random: some Collection<UInt8>, policy: MediaSecurityPolicy, fingerprint: Fingerprint?
    ) {
        guard random.count >= Self.randomBytes(for: policy) else { return nil }
        var rest = random[...]
        self.masters = []
        for suite in policy.suites {
            let master = rest.prefix(suite.keyBytes + suite.saltBytes)
            guard let key = SRTPMasterKey(suite: suite, master: master) else { return nil }
            self.masters.append(key)
            rest = rest.dropFirst(SRTPSuite.longestMaster)
        }
        // Base64 without padding: its alphabet is the one of ICE (RFC 8839 section 5.4).
        let ufrag = Base64.encode(Array(rest.prefix(Self.ufragBytes)))
        let password = Base64.encode(Array(rest.dropFirst(Self.ufragBytes).prefix(18)))
        guard let ice = ICECredentials(ufrag: ufrag, password: password) else { return nil }
        self.ice = ice
        self.fingerprint = fingerprint
    }

    /// 48 bits of user fragment, 144 of password; RFC 8445 section 5.3 wants 24 and 128.
    private static let ufragBytes = 6
    private static let iceBytes = Self.ufragBytes + 18

    /// Our key of a suite.
    func master(_ suite: SRTPSuite) -> SRTPMasterKey? { self.masters.first { $0.suite == suite } }

    /// Nothing of the secrets: they do not get into logs.
    public var description: String { "secrets of \(self.masters.count) suites" }
}
