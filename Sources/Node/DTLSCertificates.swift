// SPDX-License-Identifier: Apache-2.0

import DTLS
import SDP

/// The present certificate, and those before it that some call's description still names.
struct DTLSCertificates {
    /// How often a new one is made, milliseconds: a day.
    static let rotationMilliseconds: UInt64 = 86_400_000
    /// How many are kept. They are good for 30 days, so that none has ended when it goes.
    static let kept = 29

    private var all: [DTLSCertificate]

    /// One. Throws `DTLSFailure.library`.
    init() throws(DTLSFailure) { self.all = [try DTLSCertificate()] }

    /// The newest.
    var present: DTLSCertificate { self.all[self.all.count - 1] }

    /// Makes another one the present.
    mutating func rotate() throws(DTLSFailure) {
        self.all.append(try DTLSCertificate())
        if self.all.count > Self.kept { self.all.removeFirst() }
    }

    /// That of a fingerprint; the present one where none was named.
    func find(_ fingerprint: Fingerprint?) -> DTLSCertificate? {
        guard let fingerprint else { return self.present }
        return self.all.last { Fingerprint($0.fingerprint) == fingerprint }
    }
}
