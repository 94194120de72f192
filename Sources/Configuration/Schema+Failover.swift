// SPDX-License-Identifier: Apache-2.0

/// How the targets of a trunk are tried.
enum FailoverKeys {
    static let codes = Key(
        "failover-codes", .integers(300...599), .standard("[408, 503, 504]"), unit: "SIP status",
        "Final responses to a new call after which the next target is tried; a 6xx never is one.",
        example: "[408, 503, 504]")
    static let silence = Key(
        "target-timeout-ms", .integer(100...32_000), .standard("2000"), unit: "ms",
        "A target that has not even said 100 by then is left for the next one.", example: "2000")
    static let deadline = Key(
        "search-timeout-ms", .integer(0...180_000), .standard("8000"), unit: "ms",
        "With no 18x by then the caller gets 503; 0: wait as long as a call may ring.",
        example: "8000")
}
