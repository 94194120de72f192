// SPDX-License-Identifier: Apache-2.0

public import TLS

extension NodeConfiguration {
    /// Where a certificate and its key are, PEM.
    public struct CertificateFiles: Sendable, Hashable {
        /// The certificate, then its chain.
        public var certificate: String
        /// Its key; may be the same file.
        public var key: String

        /// From the paths.
        public init(certificate: String, key: String) {
            self.certificate = certificate
            self.key = key
        }
    }

    /// What TLS is spoken with a trunk's peer.
    public struct TrunkTLS: Sendable, Hashable {
        /// What is shown where we are the client; nil: the listener's first.
        public var certificate: CertificateFiles?
        /// File of the authorities that are believed.
        public var trust: String
        /// What the peer must show. Its party is the trunk's name.
        public var policy: TLSPeerPolicy
    }
}

extension NodeConfiguration.Listener {
    /// True where two have the same socket: what else they have can change while calls are up.
    public func hasSocket(of other: Self) -> Bool {
        self.name == other.name && self.transport == other.transport
            && self.address == other.address && self.keepAliveSeconds == other.keepAliveSeconds
    }
}
