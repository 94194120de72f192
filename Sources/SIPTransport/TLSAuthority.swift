// SPDX-License-Identifier: Apache-2.0

public import SIPTransaction
public import TLS

/// Who knows the parties that TLS is spoken with, and our certificates.
public protocol TLSAuthority: AnyObject {
    /// A server's session for a connection that came in; nil: nobody is known there, and the
    /// connection is closed without a handshake.
    func session(accepting source: Hop) -> TLSSession?
    /// A client's session for a connection to a place; nil: nobody is known there.
    func session(connecting target: Hop) -> TLSSession?
    /// A handshake with this place did not end well.
    func handshakeFailed(_ hop: Hop, _ error: TransportError)
}
