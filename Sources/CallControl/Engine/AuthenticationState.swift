// SPDX-License-Identifier: Apache-2.0

import Admission
import SIPAuthentication
import SIPMessage
import SIPTransaction

/// What authentication in both directions needs to remember.
struct AuthenticationState {
    /// Follows another configuration.
    mutating func follow(_ configuration: CallConfiguration) {
        self.keepsRequests = configuration.hasCredentials
        self.hasRegistrations = configuration.hasRegistrations
    }

    /// A request of ours that may be challenged.
    struct Sent {
        let method: Method
        let bytes: [UInt8]
        let hop: Hop
        /// Its Request-URI on the wire, where rules changed it.
        var uri: [UInt8]?
        /// Nonces of challenges that it answers.
        var answered: Set<[UInt8]> = []
    }

    /// Some trunk has credentials: requests are kept until they are answered.
    var keepsRequests = false
    /// Some trunk registers: its calls may be told by the Contact that they name.
    var hasRegistrations = false
    /// No more than there are client transactions.
    var sent: [RequestHandle: Sent] = [:]
    /// Uses of nonces, by trunk.
    var clients: [TrunkName: DigestClient] = [:]
    /// Made when the first challenge is.
    var server: DigestServer?
}
