// SPDX-License-Identifier: Apache-2.0

/// A party's subscription to the other one's key presses.
struct KeySubscription: Equatable {
    /// Event of its SUBSCRIBE, repeated in each NOTIFY.
    let event: [UInt8]
    /// What it asks for.
    let request: KeyPressRequest
    /// When it is over by itself.
    let expiresAt: Milliseconds
    /// It reported something, and waits to be asked again.
    var isResting = false

    /// Longest, and what is given where nothing is asked for, seconds.
    static let secondsMax: UInt32 = 7200

    func secondsLeft(at now: Milliseconds) -> UInt32 {
        UInt32(clamping: (self.expiresAt &- min(now, self.expiresAt)) / 1000)
    }
}

/// Our subscription to a party's key presses.
struct KeyWatch: Equatable {
    enum Phase: Equatable {
        /// None.
        case none
        /// Asked for.
        case sent
        /// Granted.
        case active
        /// The party does not serve it.
        case refused
    }

    var phase = Phase.none
    /// How often it was begun anew after the party had ended it.
    var renewals: UInt8 = 0

    static let renewalsMax: UInt8 = 32
}
