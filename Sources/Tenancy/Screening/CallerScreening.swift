// SPDX-License-Identifier: Apache-2.0

/// What a tenant's caller says of who calls.
public struct CallerClaims: Sendable, Hashable {
    /// The number in From; nil: none, or none in international form.
    public var from: E164?
    /// From says that the caller is anonymous (RFC 3323 section 4.1.1.3).
    public var isAnonymous = false
    /// The first number in P-Asserted-Identity; nil: none.
    public var asserted: E164?
    /// The number of the first entry of History-Info: who forwarded the call; nil: nobody did.
    public var diverting: E164?
    /// The call is for an emergency number.
    public var isEmergency = false
    /// It comes back from a transfer that this tenant has just asked for, to the same target.
    public var isTransferred = false

    /// Of a caller who says nothing.
    public init() {}
}

/// Whether a tenant's caller may call, and what he may show: the decision table of
/// appliance/docs/tenants.md, a row a case. What it protects is one rule: each number that is
/// shown is the tenant's own, or that of the caller of a call that the tenant forwarded or
/// transferred, or it is taken out.
public enum CallerScreening {
    /// The row of the table that decided.
    public enum Row: String, Sendable, Hashable, CaseIterable {
        /// The identity is the tenant's.
        case owned
        /// From is anonymous; the asserted identity is the tenant's. Privacy stays.
        case anonymousOwned = "anonymous-owned"
        /// The asserted identity is the tenant's and takes the place of what From shows.
        case fromReplaced = "from-replaced"
        /// An outside caller, forwarded by a number of the tenant.
        case forwarded
        /// An outside caller, coming back from a transfer of the tenant.
        case transferred
        /// The called number is an emergency number: nothing is judged.
        case emergency
        /// Screening is off for the tenant: nothing is judged, and the record says so.
        case unverified
        /// An anonymous caller whom the tenant's policy lets through.
        case anonymousAllowed = "anonymous-allowed"
        /// Refused: the number is another tenant's.
        case foreign
        /// Refused: the number is nobody's.
        case unknown
        /// Refused: there is no number.
        case anonymous
        /// Refused: From shows another number than the tenant's that is asserted.
        case fromDiffers = "from-differs"
        /// Refused: forwarded calls may not show their callers.
        case forwardedRefused = "forwarded-refused"

        /// The call may go on.
        public var allows: Bool {
            switch self {
            case .owned, .anonymousOwned, .fromReplaced, .forwarded, .transferred, .emergency,
                .unverified, .anonymousAllowed:
                true
            case .foreign, .unknown, .anonymous, .fromDiffers, .forwardedRefused: false
            }
        }

        /// The text of Reason where the call is refused (RFC 3326).
        public var refusal: String {
            switch self {
            case .foreign, .unknown: "Calling number not assigned to this account"
            case .anonymous: "Calling number missing"
            case .fromDiffers: "Calling number differs from the asserted one"
            case .forwardedRefused: "Forwarded calls may not show their caller"
            default: ""
            }
        }
    }

    /// What was decided.
    public struct Verdict: Sendable, Hashable {
        /// The row.
        public var row: Row
        /// The number of the tenant by which the call is known: contents of the custom header come
        /// from it; nil: none is.
        public var identity: E164?
        /// The number that From shows from here on; nil: what it shows already.
        public var from: E164?
        /// The number of an outsider that may be shown; nil: none may.
        public var outsider: E164?
        /// Numbers may be shown whoever's they are.
        public var showsAll: Bool

        /// This number may be shown downstream.
        public func shows(
            _ number: E164, of account: AccountIndex, owner: (E164) -> AccountIndex?
        ) -> Bool {
            self.showsAll || number == self.outsider || owner(number) == account
        }
    }

    /// Judges a call of a tenant. `owner` says whose a number is.
    public static func verdict(
        _ claims: CallerClaims, of account: AccountIndex, isScreened: Bool,
        _ policy: ScreeningPolicy, owner: (E164) -> AccountIndex?
    ) -> Verdict {
        func isOwn(_ number: E164?) -> Bool { number.map(owner) == .some(account) }
        let identity = Self.identity(claims, policy)
        if claims.isEmergency {
            return Verdict(
                row: .emergency, identity: isOwn(identity) ? identity : nil, from: nil,
                outsider: nil, showsAll: true)
        }
        if !isScreened {
            return Verdict(
                row: isOwn(identity) ? .owned : .unverified,
                identity: isOwn(identity) ? identity : nil, from: nil, outsider: nil,
                showsAll: true)
        }
        if let identity, isOwn(identity) {
            return Self.owned(identity, claims, policy, isOwn: isOwn)
        }
        let shown = claims.from ?? claims.asserted
        if policy.sources.contains(.history) || policy.allowsForwarded, isOwn(claims.diverting) {
            guard policy.allowsForwarded else { return Verdict(row: .forwardedRefused) }
            return Verdict(row: .forwarded, identity: claims.diverting, outsider: shown)
        }
        if claims.isTransferred { return Verdict(row: .transferred, outsider: shown) }
        guard let identity else {
            return Verdict(row: policy.allowsAnonymous ? .anonymousAllowed : .anonymous)
        }
        return Verdict(row: owner(identity) == nil ? .unknown : .foreign)
    }

    /// The first number of the sources, in their order.
    private static func identity(_ claims: CallerClaims, _ policy: ScreeningPolicy) -> E164? {
        for source in policy.sources {
            let found: E164? =
                switch source {
                case .assertedIdentity: claims.asserted
                case .from: claims.isAnonymous ? nil : claims.from
                case .history: nil
                }
            if let found { return found }
        }
        return nil
    }

    /// The identity is the tenant's: From may be silent, agree, show another number of the tenant
    /// or that of a caller whose call was forwarded.
    private static func owned(
        _ identity: E164, _ claims: CallerClaims, _ policy: ScreeningPolicy,
        isOwn: (E164?) -> Bool
    ) -> Verdict {
        if claims.isAnonymous { return Verdict(row: .anonymousOwned, identity: identity) }
        guard let from = claims.from, !isOwn(from) else {
            guard claims.from == nil else { return Verdict(row: .owned, identity: identity) }
            return Verdict(row: .fromReplaced, identity: identity, from: identity)
        }
        if isOwn(claims.diverting), policy.allowsForwarded {
            return Verdict(row: .forwarded, identity: identity, outsider: from)
        }
        if claims.isTransferred {
            return Verdict(row: .transferred, identity: identity, outsider: from)
        }
        guard policy.replacesFrom else { return Verdict(row: .fromDiffers, identity: identity) }
        return Verdict(row: .fromReplaced, identity: identity, from: identity)
    }
}

extension CallerScreening.Verdict {
    init(
        row: CallerScreening.Row, identity: E164? = nil, from: E164? = nil,
        outsider: E164? = nil
    ) {
        self.init(
            row: row, identity: identity, from: from, outsider: outsider, showsAll: false)
    }
}
