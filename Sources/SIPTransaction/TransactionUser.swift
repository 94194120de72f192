// SPDX-License-Identifier: Apache-2.0

/// Who uses a layer: what RFC 3261 does not leave to the transactions differs between the two.
public enum TransactionUser: Sendable, Hashable {
    /// A user agent (RFC 3261 sections 8 to 14): its 2xx to an INVITE is repeated until the ACK
    /// comes, a request that comes by two ways is refused, a CANCEL for nothing gets 481.
    case userAgent
    /// A proxy (section 16): each 2xx and each ACK for one passes, a request may pass twice on its
    /// way (an IMS core asks for the caller and then for the callee), a CANCEL for nothing goes on.
    case proxy
}
