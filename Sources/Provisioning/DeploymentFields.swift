// SPDX-License-Identifier: Apache-2.0

public import Management
public import Tenancy

/// The deployment as an object of a request or an answer.
public enum DeploymentFields {
    /// Every field that can be said, in the order of answers.
    public static let all = [
        ProvisionedField(
            "name", "NAME", Fields.deploymentName.allowed, "Names the deployment."),
        ProvisionedField(
            "base-domain", "DOMAIN", Fields.baseDomain.allowed,
            "The domain under which trunks have their names."),
        ProvisionedField(
            "custom-header", "NAME", Fields.customHeaderName.allowed,
            "Header that carries a number's own contents to the operator's side."),
        ProvisionedField(
            "emergency-routing", "ROUTING", Words.list(Deployment.EmergencyRouting.self),
            standard: Deployment.EmergencyRouting.standard.rawValue,
            "How emergency calls leave that come with a location."),
        ProvisionedField(
            "voicemail-pilot", "NUMBER", Fields.number.allowed,
            "Called for the voicemail of a service's mobile users."),
    ]

    /// Changes a deployment by what an object says; members that are absent change nothing.
    static func read(_ reader: FieldReader, into deployment: inout Deployment) throws(FieldFault) {
        if let name = try reader.text("name") { deployment.name = name }
        try reader.set("base-domain", &deployment.baseDomain)
        try reader.set("custom-header", &deployment.customHeader)
        try reader.set("emergency-routing", &deployment.emergencyRouting)
        if reader.has("voicemail-pilot") {
            let text = try reader.text("voicemail-pilot")
            deployment.voicemailPilot = text.flatMap { E164($0.utf8) }
            if text != nil, deployment.voicemailPilot == nil {
                throw reader.fault(
                    .badValue, "voicemail-pilot", "is no number", Fields.number.allowed)
            }
        }
        if let fault = deployment.fault() { throw fault }
    }

    /// All of a deployment, in the order of `all`.
    public static func json(_ deployment: Deployment) -> JSONObject {
        [
            "name": .string(deployment.name), "base-domain": JSONValue(deployment.baseDomain),
            "custom-header": JSONValue(deployment.customHeader),
            "emergency-routing": .string(deployment.emergencyRouting.rawValue),
            "voicemail-pilot": JSONValue(deployment.voicemailPilot?.description),
        ]
    }
}
