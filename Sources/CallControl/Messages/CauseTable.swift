// SPDX-License-Identifier: Apache-2.0

/// Causes of ISUP (ITU-T Q.850) for calls that no party gave one for.
enum CauseTable {
    /// RFC 3398 section 8.2.6.1. An answered call ended normally.
    static func q850(status: Int) -> UInt8 {
        switch status {
        case 200...299, 487: 16
        case 404, 485, 604: 1
        case 486, 600: 17
        case 480: 18
        case 401, 402, 403, 407, 603, 607, 608: 21
        case 410: 22
        case 482, 483: 25
        case 484: 28
        case 502: 38
        case 400, 481, 500, 503: 41
        case 405: 63
        case 406, 415, 488, 501, 606: 79
        case 408, 504: 102
        default: 127
        }
    }
}
