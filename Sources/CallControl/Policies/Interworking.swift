// SPDX-License-Identifier: Apache-2.0

public import SDP

/// What passes between a trunk and the other leg, policy by policy. The default changes nothing
/// that a peer could miss.
public struct Interworking: Sendable, Hashable {
    /// Bodies with several parts.
    public var bodies = BodyPolicy.pass
    /// How the trunk tells and is told of diversions.
    public var diversions = DiversionPolicy()
    /// Who is calling.
    public var identity = IdentityPolicy()
    /// How the trunk writes numbers.
    public var numbers = NumberFormat()
    /// Parameters of its Request-URIs.
    public var parameters = URIParameterPolicy.known
    /// Header fields that pass besides those of the table.
    public var headers = HeaderPassList()
    /// What its callers get before the answer.
    public var progress = ProgressPolicy()
    /// Who makes the first offer.
    public var offers = OfferPolicy.asIs
    /// How its session descriptions are written.
    public var descriptions = DescriptionPolicy()

    /// Every policy at its default.
    public init() {}
}

/// What becomes of the parts beside the session description on the way to a trunk.
public enum BodyPolicy: String, Sendable, Hashable, CaseIterable {
    /// They pass byte for byte.
    case pass
    /// Only the session description goes on, for peers that take no multipart bodies.
    case strip
}

/// Who makes the first offer of a call to a trunk.
public enum OfferPolicy: String, Sendable, Hashable, CaseIterable {
    /// Whoever makes it on the other leg.
    case asIs = "as-is"
    /// The box, where the caller makes none.
    case early
}

/// Which parameters of a Request-URI go on to a trunk.
public enum URIParameterPolicy: String, Sendable, Hashable, CaseIterable {
    /// Those that say something of the number (``CarriedURI/known``).
    case known
    /// All but those that steer where a request goes.
    case all
    /// None.
    case none
}
