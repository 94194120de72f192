// SPDX-License-Identifier: Apache-2.0

/// Keys of a trunk for what happens inside its dialogs.
enum DialogKeys {
    static let reliable = Key(
        "reliable-provisional", .text, .standard("off"),
        "18x with PRACK (RFC 3262): off, supported (with who can), required (421 to who cannot).",
        example: "off", isRare: true)
    static let sessionTimer = Key(
        "session-timer", .text, .standard("off"),
        "Session timers (RFC 4028): off, accept (if the peer asks), request (in every call).",
        example: "off", isRare: true)
    static let sessionSeconds = Key(
        "session-seconds", .integer(4...86_400), .standard("1800"), unit: "seconds",
        "What session-timer asks for, and the longest that it agrees to.", example: "1800",
        isRare: true)
    static let sessionMinimum = Key(
        "session-minimum-seconds", .integer(4...86_400), .standard("90"), unit: "seconds",
        "The shortest that session-timer agrees to, 422 below it; less than 90 is for tests.",
        example: "90", isRare: true)
    static let callSeconds = Key(
        "max-call-seconds", .integer(0...2_592_000), .standard("0"), unit: "seconds",
        "A call of this trunk is ended after so long; 0: as limits say.", example: "0",
        isRare: true)
    static let all = [reliable, sessionTimer, sessionSeconds, sessionMinimum, callSeconds]

    /// `media: audit-seconds`
    static let audit = Key(
        "audit-seconds", .integer(0...3600), .standard("25"), unit: "seconds",
        "Parties of calls on hold are asked so often whether they know the call; 0: never.",
        example: "25", isRare: true)
    /// `limits: call-seconds`
    static let nodeCallSeconds = Key(
        "call-seconds", .integer(0...2_592_000), .standard("0"), unit: "seconds",
        "A call is ended after so long; 0: never.", example: "0", isRare: true)
}
