// SPDX-License-Identifier: Apache-2.0

/// How a trunk and the box make sure of each other.
public struct TrunkAuthentication: Sendable, Hashable {
    /// What the box shows when the trunk's peer asks; nil: challenges fail the request.
    public var credentials: DigestCredentials?
    /// What the box asks the peer for; nil: nothing.
    public var demand: Demand?

    /// Who may use a trunk.
    public struct Demand: Sendable, Hashable {
        /// Named in challenges.
        public var realm: [UInt8]
        /// Passwords by user.
        public var passwords: [[UInt8]: [UInt8]]
        /// Requests in dialogs are asked too.
        public var isInDialog: Bool

        /// From its parts.
        public init(realm: [UInt8], passwords: [[UInt8]: [UInt8]], isInDialog: Bool = false) {
            self.realm = realm
            self.passwords = passwords
            self.isInDialog = isInDialog
        }
    }

    /// Neither side asks.
    public init(credentials: DigestCredentials? = nil, demand: Demand? = nil) {
        self.credentials = credentials
        self.demand = demand
    }
}

extension TrunkAuthentication.Demand: CustomStringConvertible, CustomReflectable {
    /// Without the passwords.
    public var description: String { "\(self.passwords.count) users" }
    /// Without the passwords.
    public var customMirror: Mirror { Mirror(self, children: ["users": self.passwords.count]) }
}
