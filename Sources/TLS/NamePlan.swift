// SPDX-License-Identifier: Apache-2.0

/// The names that a certificate needs for trunks to services and the tenants below them.
public struct NamePlan: Sendable, Hashable {
    /// A trunk whose peer knows this node by a name.
    public struct Trunk: Sendable, Hashable {
        /// The trunk's name.
        public let name: String
        /// This node's name there.
        public let host: String
        /// Tenants have names below it, of one label.
        public let hasTenants: Bool

        /// From its parts.
        public init(name: String, host: String, hasTenants: Bool) {
            self.name = name
            self.host = host
            self.hasTenants = hasTenants
        }
    }

    /// A name that has to be in `subjectAltName`.
    public struct Need: Sendable, Hashable {
        /// The name, perhaps with `*` for its first label.
        public let name: String
        /// The trunk that needs it.
        public let trunk: String
        /// It is for the tenants of the trunk, and not for the trunk itself.
        public let isForTenants: Bool

        /// One of the names that it stands for.
        var example: String {
            self.isForTenants ? "tenant" + self.name.dropFirst() : self.name
        }
    }

    /// In the order of the trunks: first the trunk's own name, then that of its tenants.
    public let needs: [Need]

    /// `*` stands for one label alone, so each trunk with tenants needs a wildcard of its own.
    public init(_ trunks: [Trunk]) {
        self.needs = trunks.flatMap { trunk -> [Need] in
            let own = Need(name: trunk.host, trunk: trunk.name, isForTenants: false)
            let tenants = Need(name: "*.\(trunk.host)", trunk: trunk.name, isForTenants: true)
            return trunk.hasTenants ? [own, tenants] : [own]
        }
    }

    /// The certificate has the name, or a wildcard for it.
    public static func covers(_ names: CertificateNames, _ need: Need) -> Bool {
        NameRule.rfc2818.matches(names, need.example)
    }

    /// What a request for a certificate says, in the form of openssl's configuration: each name
    /// once.
    public var alternativeNames: String {
        var names: [String] = []
        for need in self.needs where !names.contains(need.name) { names.append(need.name) }
        return "subjectAltName = " + names.map { "DNS:\($0)" }.joined(separator: ", ")
    }
}
