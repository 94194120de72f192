// SPDX-License-Identifier: Apache-2.0

/// What a redirection (300 to 302) by a trunk's target leads to. Others, 305 and 380, ask for what
/// a caller alone can do, and are refused.
public enum RedirectPolicy: Sendable, Hashable, CaseIterable {
    /// The caller gets 480.
    case refuse
    /// The call goes to the contacts named, by the routes of this node.
    case follow
    /// The caller gets the redirection, with contacts that lead through this node.
    case pass
}

/// A place that a call was sent to, and whom it asked for there: not twice in one call.
struct Visit: Hashable {
    let trunk: String
    let target: [UInt8]
    let user: [UInt8]
}
