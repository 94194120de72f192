// SPDX-License-Identifier: Apache-2.0

/// What bounds a trunk's calls further, and which of them are emergency calls.
enum TrunkLimitKeys {
    static let callsPerSecond = Key(
        "max-calls-per-second", .integer(1...100_000), .described("no limit"), unit: "calls/s",
        "New calls a second, of and to the trunk.", example: "50", isRare: true)
    static let requestsPerSecond = Key(
        "max-requests-per-second", .integer(1...1_000_000), .described("no limit"),
        unit: "requests/s",
        "Requests outside of calls a second, of the trunk: INVITE, OPTIONS and the like.",
        example: "200", isRare: true)
    static let refusalStatus = Key(
        "limit-status", .integer(400...599), .standard("503"), unit: "SIP status",
        "What a call of the trunk gets that a limit of a trunk or a tenant refuses.",
        example: "503")
    static let tenant = Key(
        "tenant", .text, .described("nobody's"), "Name of the tenant whose trunk it is.",
        example: "acme", isRare: true)
    static let redirect = Key(
        "redirect", .text, .standard("refuse"),
        "A 3xx of the peer: follow (by the routes), pass (to the caller) or refuse (480).",
        example: "refuse")
    static let emergencyNumbers = Key(
        "emergency-numbers", .texts, .standard("[\"911\", \"933\"]"),
        "Numbers that are emergency calls, as the peer dials them; [] for none.",
        example: "[\"911\", \"933\"]")
    static let emergencyExempt = Key(
        "emergency-exempt", .flag, .standard("false"),
        "The peer knows its callers: their emergency calls come in beyond the limits.",
        example: "false")
}

enum TenantKeys {
    static let name = Key(
        "name", .text, .required, "Unique: letters, digits, '-', '_' and '.', 1 to 31 bytes.",
        example: "acme")
    static let calls = Key(
        "max-calls", .integer(1...1_000_000), .described("no limit"), unit: "calls",
        "Calls at a time, of all its trunks.", example: "200")
    static let callsPerSecond = Key(
        "max-calls-per-second", .integer(1...100_000), .described("no limit"), unit: "calls/s",
        "New calls a second, of all its trunks.", example: "20")
}

/// What bounds the node, and what messages may cost.
enum OverloadKeys {
    static let callsPerSecond = Key(
        "calls-per-second", .integer(1...100_000), .described("no limit"), unit: "calls/s",
        "New calls a second on this node.", example: "500", isRare: true)
    static let sourceCalls = Key(
        "source-calls", .integer(1...1_000_000), .described("no limit"), unit: "calls",
        "Calls at a time that come from one address.", example: "500", isRare: true)
    static let sourceCallsPerSecond = Key(
        "source-calls-per-second", .integer(1...100_000), .described("no limit"),
        unit: "calls/s", "New calls a second that come from one address.", example: "50",
        isRare: true)
    static let emergencyCalls = Key(
        "emergency-calls", .integer(0...1_000_000), .standard("100"), unit: "calls",
        "Emergency calls of trusted trunks that may be there beyond the limits.", example: "100")
    static let emergencyPreempts = Key(
        "emergency-preempts", .flag, .standard("false"),
        "On a full node such an emergency call ends another call.", example: "false")
    static let unknownSources = Key(
        "unknown-sources", .text, .standard("refuse"),
        "Requests from no trunk's sources: refuse (403) or drop (unread, without an answer).",
        example: "refuse")
    static let unknownMessages = Key(
        "unknown-messages-per-second", .integer(1...100_000), .standard("100"), unit: "messages/s",
        "Messages of all such sources together that are read at all; a fifth of it of one.",
        example: "100")
    static let sourceMessages = Key(
        "source-messages-per-second", .integer(100...1_000_000), .standard("20000"),
        unit: "messages/s", "Messages of one address of a trunk that are read.", example: "20000")
    static let faults = Key(
        "fault-answers-per-second", .integer(0...100_000), .standard("50"), unit: "answers/s",
        "Answers to malformed messages of one address.", example: "50")
    static let scanners = Key(
        "scanners", .texts, .described("the usual ones, as sipvicious and sipsak"),
        "Words in messages of unknown sources to which there is no answer.",
        example: "[friendly-scanner, sipsak]", isRare: true)
    static let messageBytes = Key(
        "message-bytes", .integer(4096...65_536), .standard("65536"), unit: "bytes",
        "Longest SIP message.", example: "65536")
    static let uriBytes = Key(
        "uri-bytes", .integer(256...2048), .standard("2048"), unit: "bytes",
        "Longest Request-URI.", example: "2048")
    static let headerBytes = Key(
        "header-bytes", .integer(512...8192), .standard("8192"), unit: "bytes",
        "Longest header line.", example: "8192")
}

extension Schema {
    static let tenants = SectionSchema(
        name: "tenants", isList: true,
        meaning: "Whose trunks they are, where several have limits together, at most 1000.",
        keys: [TenantKeys.name, TenantKeys.calls, TenantKeys.callsPerSecond])
}
