// SPDX-License-Identifier: Apache-2.0

/// Keys of a trunk for what it has to do with tenants.
enum TenancyKeys {
    static let service = Key(
        "service", .text, .described("none: the trunk is of the operator's own side"),
        "The service behind it, by which numbers of tenants find it; profiles say it.",
        example: "teams-direct-routing", isRare: true)
    static let trunkSet = Key(
        "trunk-set", .text, .standard("plain"),
        "Which of a tenant's sets of trunks it belongs to: plain, or bypass (media bypass).",
        example: "plain", isRare: true)
    static let region = Key(
        "region", .integer(1...2), .standard("1"), unit: "number",
        "The region that the trunk stands in; a node uses those of its own.", example: "1",
        isRare: true)
    static let need = Key(
        "tenants", .text, .standard("none"),
        "Calls of its service are tenants': required, optional, or none (nobody looks).",
        example: "none", isRare: true)
    static let defaultService = Key(
        "default-service", .text, .described("as the routes say"),
        "Of the operator's side: the service for numbers that no tenant has.",
        example: "operator-connect", isRare: true)
    static let showTenant = Key(
        "show-tenant-id", .flag, .standard("false"),
        "Of the operator's side: X-MS-TenantID says whose calls are, where it is known.",
        example: "false", isRare: true)
    static let elin = Key(
        "elin-element", .text, .described("none"),
        "Element of an emergency call's location whose number becomes the caller's.",
        example: "ELIN", isRare: true)
    static let emergencyTo = Key(
        "emergency-to", .texts, .described("as the routes say"),
        "Trunks that its emergency calls go to, in order.", example: "[esrp]", isRare: true)
    static let all = [
        service, trunkSet, region, need, defaultService, showTenant, elin, emergencyTo,
    ]

    static let nodeRegion = Key(
        "region", .integer(1...2), .standard("1"), unit: "number",
        "The region of a deployment that the node stands in.", example: "1", isRare: true)
}
