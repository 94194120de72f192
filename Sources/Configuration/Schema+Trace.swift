// SPDX-License-Identifier: Apache-2.0

enum TraceKeys {
    static let memory = Key(
        "memory-mb", .integer(0...4096), .standard("64"), unit: "MB",
        "Memory for the last messages and media events of calls; 0 keeps none.", example: "64")
    static let hiddenDigits = Key(
        "mask-digits", .integer(0...32), .standard("0"), unit: "digits",
        "Last digits of telephone numbers that are hidden wherever a trace is shown.",
        example: "0")
    static let hidesDTMF = Key(
        "mask-dtmf", .flag, .standard("true"), "DTMF digits in INFO are hidden likewise.",
        example: "true")
    static let rawUsers = Key(
        "raw-users", .texts, .described("root alone"),
        "Users who may unlock a call's trace with its secrets.", example: "[alice]", isRare: true)
    static let collector = Key(
        "hep", .text, .described("none"),
        "ADDRESS[:PORT] of a collector (HOMER) that gets a copy of each message by HEP3 over UDP.",
        example: "\"192.0.2.50:9060\"", isRare: true)
    static let captureID = Key(
        "hep-capture-id", .integer(0...999_999_999), .standard("1"),
        "Number of this node at the collector.", example: "1")
    static let password = Key(
        "hep-password", .text, .described("none"), "Password of this node at the collector.",
        example: "secret", isRare: true)
}

extension Schema {
    static let trace = SectionSchema(
        name: "trace", isList: false, meaning: "What is kept of calls, to see what happened.",
        keys: [
            TraceKeys.memory, TraceKeys.hiddenDigits, TraceKeys.hidesDTMF, TraceKeys.rawUsers,
            TraceKeys.collector, TraceKeys.captureID, TraceKeys.password,
        ])
}
