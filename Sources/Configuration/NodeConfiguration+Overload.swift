// SPDX-License-Identifier: Apache-2.0

extension NodeConfiguration {
    /// What a redirection by a trunk's peer leads to.
    public enum Redirect: String, Sendable, Hashable, CaseIterable {
        case follow, pass, refuse
    }

    /// What requests from no trunk's sources get.
    public enum UnknownSources: String, Sendable, Hashable, CaseIterable {
        case refuse, drop
    }

    /// What bounds a trunk's calls beside `max-calls`, and what kinds of calls they are.
    public struct TrunkLimits: Sendable, Hashable {
        /// New calls a second; nil: no limit.
        public var callsPerSecond: Int?
        /// Requests outside of calls a second; nil: no limit.
        public var requestsPerSecond: Int?
        /// What a call gets that a limit refuses, 400 to 599.
        public var refusalStatus = 503
        /// Position in `tenants`; nil: nobody's.
        public var tenant: Int?
        /// What a redirection leads to.
        public var redirect = Redirect.refuse
        /// Numbers that are emergency calls.
        public var emergencyNumbers = ["911", "933"]
        /// Its emergency calls are exempt from the limits.
        public var emergencyExempt = false
        /// Positions in `trunks` that they go to; none: as the routes say.
        public var emergencyTrunks: [Int] = []
    }

    /// A tenant: several trunks with limits together.
    public struct Tenant: Sendable, Hashable {
        /// Unique.
        public var name: String
        /// Calls at a time; nil: no limit.
        public var calls: Int?
        /// New calls a second; nil: no limit.
        public var callsPerSecond: Int?
    }

    /// What bounds the node beside `limits.calls`, and what messages may cost.
    public struct Edge: Sendable, Hashable {
        /// New calls a second; nil: no limit.
        public var callsPerSecond: Int?
        /// Calls at a time from one address; nil: no limit.
        public var sourceCalls: Int?
        /// New calls a second from one address; nil: no limit.
        public var sourceCallsPerSecond: Int?
        /// Emergency calls that are exempt from the limits at a time.
        public var emergencyCalls = 100
        /// On a full node an emergency call ends another call.
        public var emergencyPreempts = false
        /// What requests from no trunk's sources get.
        public var unknownSources = UnknownSources.refuse
        /// Messages of all such sources that are read, a second.
        public var unknownMessagesPerSecond = 100
        /// Messages of one address of a trunk that are read, a second.
        public var sourceMessagesPerSecond = 20_000
        /// Answers to malformed messages of one address, a second.
        public var faultAnswersPerSecond = 50
        /// Words to which there is no answer; nil: the usual ones.
        public var scanners: [String]?
        /// Longest message, bytes.
        public var messageBytes = 65_536
        /// Longest Request-URI, bytes.
        public var uriBytes = 2048
        /// Longest header line, bytes.
        public var headerBytes = 8192
    }
}
