// SPDX-License-Identifier: Apache-2.0

/// What holds for all tenants of a deployment, whatever the number of its nodes.
public struct Deployment: Sendable, Hashable {
    /// Name, `Fields.deploymentName`.
    public var name: String
    /// The domain under which trunks have their names; nil where the trunks say their own.
    public var baseDomain: String?
    /// Header that carries a number's own contents to the operator's side; nil: none is added
    /// (section 5 of the operator's manual; one name for the whole deployment).
    public var customHeader: String?
    /// How emergency calls leave that come from a service with a location.
    public var emergencyRouting = EmergencyRouting.standard
    /// Called for the voicemail of a service's mobile users; nil: none.
    public var voicemailPilot: E164?

    /// With defaults.
    public init(name: String) { self.name = name }

    /// How emergency calls leave.
    public enum EmergencyRouting: String, Sendable, Hashable, CaseIterable {
        /// Like any call to the operator's side.
        case standard
        /// Straight to the emergency routing service provider (EMG-4).
        case directToESRP = "direct-to-esrp"
    }

    /// The first fault of its fields; nil: none.
    public func fault() -> FieldFault? {
        Fields.deploymentName.fault(self.name)
            ?? self.baseDomain.flatMap(Fields.baseDomain.fault)
            ?? self.customHeader.flatMap(Fields.customHeaderName.fault)
    }
}

/// One region of a deployment: where its trunks stand, and to whom it sends emergency calls.
public struct ServiceRegion: Sendable, Hashable {
    /// Its number, 1 or 2.
    public var index: Int
    /// Trunks of the emergency routing service providers, in the order in which they are tried.
    public var esrpTrunks: [String]

    /// From its parts.
    public init(index: Int, esrpTrunks: [String] = []) {
        self.index = index
        self.esrpTrunks = esrpTrunks
    }
}
