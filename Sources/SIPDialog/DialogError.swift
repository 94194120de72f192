// SPDX-License-Identifier: Apache-2.0

public import SIPMessage

/// Why a message makes no dialog.
public enum DialogError: Error, Sendable, Hashable {
    /// A header field that belongs to the dialog's state cannot be read.
    case unreadable(SIPParseError)
    /// The request has no From tag.
    case localTagMissing
    /// The request that opens the dialog has no Contact (RFC 3261 section 12.1.1): a 400.
    case contactMissing
    /// More than `Dialog.routeLimit` proxies recorded themselves.
    case tooManyRoutes
    /// The message is a request where a response is needed, or the other way round, or its status
    /// makes no dialog.
    case wrongMessage
}
