// SPDX-License-Identifier: Apache-2.0

/// What there is to remember of digits with the party of a leg. It goes where the leg goes.
struct LegDigitState {
    /// What the party sends in messages.
    var pace = DigitPace()
    /// Its event packets.
    var packets = NotifyDigits()
    /// What waits to be sent to it in messages, one after the other: each needs the answer to the
    /// one before, or they would overtake each other.
    var waiting: [InfoDigit] = []
    /// What was sent, and is not answered.
    var inFlight: (digit: InfoDigit, form: DigitForm)?
    /// How often it was sent.
    var attempts: UInt8 = 0
    /// Before that the next one is not sent: a digit and its pause take their time over there, too.
    var nextAt: Milliseconds = 0
    /// Forms that the party refused.
    var refused: DigitForms = []
    /// The operator had digits sent to it.
    var wantsMedia = false
    /// When the digits that media was given for it will have been sent.
    var mediaUntil: Milliseconds = 0
    /// What was told of how it gets digits.
    var told = ""
    /// The party subscribed to the other one's key presses.
    var subscription: KeySubscription?
    /// Our subscription to the party's.
    var watch = KeyWatch()

    /// A digit whose party has no time for it is sent so often.
    static let attemptsMax: UInt8 = 4
    /// Time between that, ms.
    static let retryMs: Milliseconds = 1000
    /// Digits that wait at most.
    static let waitingMax = 32

    /// Nothing.
    init() {}
}

/// What is told of digits of a call.
public enum DigitNews: Sendable, Hashable {
    /// One was pressed, or sent for the operator.
    case digit(Digit)
    /// How the party of the leg gets digits from now on, where that is not what its trunk wants.
    case fallback(String)
    /// So many for its party were not sent.
    case unsent(Int)
}

/// Why digits of an operator are not sent.
public enum DigitRefusal: Error, Sendable, Hashable {
    /// There is no such call.
    case noCall
    /// It is not answered, or being ended.
    case notUp
    /// Nothing is agreed with the party that digits could be in.
    case nobodyTakes
    /// Too many digits wait for the party already.
    case full
}
