// SPDX-License-Identifier: Apache-2.0

/// The Mobile Control Point.
enum MCPKeys {
    static let listener = Key(
        "listener", .text, .required,
        "Name of the listener that the IMS core sends to; it is no trunk's, and is for TLS.",
        example: "isc", isRare: true)
    static let sources = Key(
        "sources", .texts, .required,
        "Who may send requests: addresses or blocks (ADDRESS/BITS) of the core.",
        example: "[\"198.51.100.16/28\"]", isRare: true)
    static let names = Key(
        "names", .texts, .described("the listener's host and address"),
        "Further host names that mean this node where they stand in a Route.",
        example: "[mcp.carrier.example]", isRare: true)
    static let nextHop = Key(
        "next-hop", .text, .described("the host of the Request-URI"),
        "Where requests go that have no Route left: sip:HOST[:PORT].",
        example: "\"sip:scscf.carrier.example\"", isRare: true)
    static let recordRoute = Key(
        "record-route", .flag, .standard("false"),
        "Requests within a dialog pass this node too.", example: "false", isRare: true)
    static let maxTransactions = Key(
        "max-transactions", .integer(100...100_000), .standard("20000"), unit: "requests",
        "Requests under way at a time.", example: "20000", isRare: true)
    static let consultation = Key(
        "consultation", .text, .required,
        "Who says which calls are diverted: http://HOST[:PORT]/PATH (appliance/docs/mcp.md).",
        example: "\"http://127.0.0.1:8090/consult\"", isRare: true)
    static let consultationTimeout = Key(
        "consultation-timeout-ms", .integer(10...10_000), .standard("500"), unit: "ms",
        "How long an answer is waited for; then the call goes on as it came.", example: "500",
        isRare: true)
    static let maxConsultations = Key(
        "max-consultations", .integer(1...10_000), .standard("1000"), unit: "calls",
        "Calls that wait for an answer at a time; further ones go on as they came.",
        example: "1000", isRare: true)
    static let originatingMark = Key(
        "fmc-originating", .text, .required,
        "Value of X-MS-FMC in a diverted INVITE of a caller, as the programme's documents say.",
        example: "MO", isRare: true)
    static let terminatingMark = Key(
        "fmc-terminating", .text, .required,
        "Value of X-MS-FMC in a diverted INVITE for a callee.", example: "MT", isRare: true)
    static let requestURI = Key(
        "divert-request-uri", .text, .required,
        "Request-URI of a diverted INVITE; ${number}, ${served} and ${request-uri} have places.",
        example: "\"sip:${number}@gateway.example;user=phone\"", isRare: true)
    static let route = Key(
        "divert-route", .text, .standard("\"${route}\""),
        "Its Route values; ${route} is what came. Default: back to the core.",
        example: "\"${route}\"", isRare: true)
    static let emergencyNumbers = Key(
        "emergency-numbers", .texts, .standard("[\"911\", \"933\"]"),
        "Numbers that are emergency calls, as they are dialled: never diverted.",
        example: "[\"911\", \"933\"]", isRare: true)
    static let insecure = Key(
        "insecure", .flag, .standard("false"),
        "The listener may be one without TLS: for tests alone.", example: "false", isRare: true)

    /// Octets of a template or a mark.
    static let textBytes = 512
    static let namesMax = 16
    /// Each message is compared with all of them.
    static let sourcesMax = 64
}

extension Schema {
    static let mcp = SectionSchema(
        name: "mcp", isList: false,
        meaning: "Mobile Control Point for Teams Phone Mobile, on ISC; without keys there is none.",
        keys: [
            MCPKeys.listener, MCPKeys.sources, MCPKeys.names, MCPKeys.nextHop,
            MCPKeys.recordRoute, MCPKeys.maxTransactions, MCPKeys.consultation,
            MCPKeys.consultationTimeout, MCPKeys.maxConsultations, MCPKeys.originatingMark,
            MCPKeys.terminatingMark, MCPKeys.requestURI, MCPKeys.route, MCPKeys.emergencyNumbers,
            MCPKeys.insecure,
        ] + TrunkTLSKeys.secure)
}
