// SPDX-License-Identifier: Apache-2.0

/// Reason phrases, and what a failure of one leg becomes on the other.
enum StatusTable {
    /// The phrase of RFC 3261 section 21 and later RFCs; that of the class for other codes.
    static func phrase(_ status: Int) -> String {
        self.specific(status) ?? self.general(status)
    }

    private static func specific(_ status: Int) -> String? {
        switch status {
        case 100...299: self.success(status)
        case 400...499: self.clientFailure(status)
        case 500...699: self.serverFailure(status)
        default: nil
        }
    }

    private static func success(_ status: Int) -> String? {
        switch status {
        case 100: "Trying"
        case 180: "Ringing"
        case 181: "Call Is Being Forwarded"
        case 182: "Queued"
        case 183: "Session Progress"
        case 199: "Early Dialog Terminated"
        case 202: "Accepted"
        default: nil
        }
    }

    private static func clientFailure(_ status: Int) -> String? {
        switch status {
        case 401: "Unauthorized"
        case 403: "Forbidden"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 408: "Request Timeout"
        case 410: "Gone"
        case 413: "Request Entity Too Large"
        case 415: "Unsupported Media Type"
        case 416: "Unsupported URI Scheme"
        case 420: "Bad Extension"
        case 421: "Extension Required"
        case 422: "Session Interval Too Small"
        case 433: "Anonymity Disallowed"
        case 480: "Temporarily Unavailable"
        case 481: "Call/Transaction Does Not Exist"
        case 482: "Loop Detected"
        case 483: "Too Many Hops"
        case 484: "Address Incomplete"
        case 485: "Ambiguous"
        case 486: "Busy Here"
        case 487: "Request Terminated"
        case 488: "Not Acceptable Here"
        case 489: "Bad Event"
        case 491: "Request Pending"
        default: nil
        }
    }

    private static func serverFailure(_ status: Int) -> String? {
        switch status {
        case 501: "Not Implemented"
        case 502: "Bad Gateway"
        case 503: "Service Unavailable"
        case 504: "Server Time-out"
        case 600: "Busy Everywhere"
        case 603: "Decline"
        case 604: "Does Not Exist Anywhere"
        case 606: "Not Acceptable"
        case 607: "Unwanted"
        case 608: "Rejected"
        default: nil
        }
    }

    private static func general(_ status: Int) -> String {
        switch status / 100 {
        case 1: "Session Progress"
        case 2: "OK"
        case 4: "Bad Request"
        case 5: "Server Internal Error"
        default: "Global Failure"
        }
    }

    /// What the caller gets for a final failure of the callee's side.
    ///
    /// What says something about the number or the person called passes. What a peer says to *us*
    /// about our request does not concern the caller: a redirection that is not followed is 480, a
    /// challenge that the box has no credentials for 502, as is any complaint about the form of a
    /// request that the box wrote. A 503 passes without its Retry-After, which would stop the
    /// caller from sending to this box at all (RFC 3261 section 21.5.4). 487 without a CANCEL of
    /// ours, and 491 to a first INVITE, are nothing that a caller could act on.
    static func mapped(initial status: Int) -> Int {
        switch status {
        case 300...399: 480
        case 400, 401, 402, 405, 406, 407, 411...414, 420...424, 481, 489, 493, 494: 502
        case 487, 491: 480
        case 400...699: status
        default: 502
        }
    }

    /// The same for a re-INVITE or an INFO in a call: 491 and 488 have a meaning there, and a
    /// challenge or redirection means that the change did not happen.
    static func mapped(inDialog status: Int) -> Int {
        switch status {
        case 300...399, 401, 407: 500
        case 400...699: status
        default: 500
        }
    }

    /// True for a response that ends the dialog as well (RFC 3261 section 12.2.1.2).
    static func endsDialog(_ status: Int) -> Bool { status == 481 || status == 408 }
}
