// SPDX-License-Identifier: Apache-2.0

/// A tenant: an enterprise with its numbers.
public struct Account: Sendable, Hashable {
    /// Name, case-sensitive, `Fields.accountName`.
    public var name: String
    /// What the operator's own systems call it; nil: nothing.
    public var correlationID: String?
    /// Its tenant at Microsoft, a GUID; nil: not known.
    public var teamsTenantID: String?
    /// Services that it may use.
    public var services: Set<Service> = []
    /// First label of its derived trunks; nil: it has none.
    public var label: String?
    /// The label was taken over from another system: what public CAs refuse is allowed.
    public var isLabelImported = false
    /// Texts that prove to the service that the domain is its own, by region; nil: none yet.
    public var txtTokens: [Int: String] = [:]
    /// The trunks that its calls use, but for numbers that say otherwise.
    public var activeSet = TrunkSet.plain
    /// Its callers' numbers have to be its own (ACG-SCR-1).
    public var isScreened = true
    /// How that is judged.
    public var screening = ScreeningPolicy()

    /// With defaults.
    public init(name: String) { self.name = name }

    /// The first fault of its fields; nil: none.
    public func fault() -> FieldFault? {
        if let fault = Fields.accountName.fault(self.name) { return fault }
        if let id = self.correlationID, let fault = Fields.correlationID.fault(id) { return fault }
        if let id = self.teamsTenantID, let fault = Fields.teamsTenantID.fault(id) { return fault }
        let rule = self.isLabelImported ? Fields.importedLabel : Fields.label
        if let label = self.label, let fault = rule.fault(label) { return fault }
        for (region, token) in self.txtTokens {
            guard (1...2).contains(region) else {
                return FieldFault(
                    .badValue, "account.txt-token", "is for region \(region)", "region 1 or 2")
            }
            if let fault = Fields.txtToken.fault(token) { return fault }
        }
        if self.services.contains(where: \.hasDerivedTrunks), self.label == nil {
            return FieldFault(
                .required, "account.label", "is missing, and the service knows tenants by it",
                Fields.label.allowed)
        }
        return nil
    }

    /// Its name at a trunk. Longer than `Fields.derivedFQDN` allows where label and trunk are.
    public func derivedFQDN(_ trunk: CarrierTrunk) -> String? {
        self.label.map { "\($0).\(trunk.fqdn)" }
    }

    /// The first fault of its derived trunks at these trunks; nil: none.
    public func fault(at trunks: [CarrierTrunk]) -> FieldFault? {
        for trunk in trunks where self.services.contains(trunk.service) {
            guard trunk.service.hasDerivedTrunks, let fqdn = self.derivedFQDN(trunk) else {
                continue
            }
            if let fault = Fields.derivedFQDN.fault(fqdn) { return fault }
        }
        return nil
    }
}

/// How the number that a tenant's caller shows is judged.
public struct ScreeningPolicy: Sendable, Hashable {
    /// Where a caller's identity is looked for.
    public enum Source: String, Sendable, Hashable, CaseIterable {
        /// P-Asserted-Identity (RFC 3325).
        case assertedIdentity = "p-asserted-identity"
        /// From.
        case from
        /// The first entry of History-Info (RFC 7044): who forwarded the call.
        case history = "history-info"
    }

    /// The first of them that has a number is the caller's identity.
    public var sources: [Source] = [.assertedIdentity, .from]
    /// A caller without any identity may call.
    public var allowsAnonymous = false
    /// A call that an owned number forwarded may show its caller's number.
    public var allowsForwarded = true
    /// The number that is shown differs from the one that was asserted: it is replaced, or the call
    /// is refused.
    public var replacesFrom = true

    /// The defaults.
    public init() {}
}
