// SPDX-License-Identifier: Apache-2.0

public import Admission
public import SDP
public import SIPTransaction
public import Tenancy

/// What would become of a call, and why.
public struct CallExplanation: Sendable {
    /// A place that it may go to.
    public struct Place: Sendable {
        /// The trunk.
        public let trunk: TrunkName
        /// Host of the target as it stands in URIs.
        public let host: [UInt8]
        /// Where that is.
        public let hop: Hop
        /// How it is.
        public let state: TargetState
        /// Our `host:port` in Contact: that of the tenant's derived trunk where it has one.
        public let contact: [UInt8]
        /// Request-URI there.
        public let uri: [UInt8]
        /// From there, without its tag.
        public let from: [UInt8]
        /// How media is protected there.
        public let security: MediaSecurityPolicy
    }

    /// What it gets that goes nowhere.
    public struct Refusal: Sendable, Hashable {
        /// Status of the response.
        public let status: Int
        /// Text of Reason; nil: none.
        public let reason: String?
        /// How the record of the attempt calls it.
        public let end: CallEnd
    }

    /// The trunk that it comes from.
    public let trunk: TrunkName
    /// The called number as E.164, as far as that can be told.
    public let number: [UInt8]
    /// It is an emergency call.
    public let isEmergency: Bool
    /// What says whose it is.
    public let lookup: TrunkTenancy.Lookup
    /// Whose it is, with the row of the screening table; nil: no tenant's.
    public let tenant: CallTenant?
    /// The number of the tenant by which the caller is known from here on; nil: as he says.
    public let shownNumber: E164?
    /// The header field that messages to the operator's side carry; nil: none.
    public let header: [UInt8]?
    /// How media is protected on the caller's side.
    public let security: MediaSecurityPolicy
    /// What chose the trunks.
    public let choice: TrunkChoice
    /// The region of the node.
    public let region: Int
    /// The trunks that it goes to, in order.
    public let trunks: [TrunkName]
    /// The places that are tried, in order. Those of one priority share calls by their weights:
    /// another call may try them in another order.
    public internal(set) var places: [Place]
    /// Why it goes nowhere; nil: it does.
    public internal(set) var refusal: Refusal?
}
