// SPDX-License-Identifier: Apache-2.0

/// Why a message with digits is refused: the one table, which the manual and the tests are made of.
public enum DigitFault: String, Error, Sendable, Hashable, CaseIterable {
    /// The body is longer than any digit needs.
    case tooLong = "body-too-long"
    /// The body is not what its type says.
    case broken = "body-broken"
    /// The key is none of 0 to 9, *, #, A to D and flash.
    case unknownKey = "unknown-key"
    /// It lasted no time, or longer than anybody presses a key.
    case absurdDuration = "absurd-duration"
    /// The trunk's peer does not send this form.
    case formNotTaken = "form-not-taken"
    /// More digits a second than the trunk may send.
    case flood
    /// More digits wait for the other party than may.
    case full
    /// There is nothing that the other party could get digits in.
    case nobodyTakes = "nobody-takes-digits"
    /// The document of a subscription is broken, or asks for what is not served.
    case badSubscription = "bad-subscription"

    /// The response.
    public var status: Int {
        switch self {
        case .tooLong: 413
        case .broken, .unknownKey, .absurdDuration, .badSubscription: 400
        case .formNotTaken: 415
        case .flood, .full: 500
        case .nobodyTakes: 480
        }
    }

    /// Who sent it may try again in a second.
    public var isTemporary: Bool { self == .flood || self == .full }

    /// One sentence.
    public var text: String {
        switch self {
        case .tooLong: "INFO, NOTIFY or KPML whose body is longer than such a body can be"
        case .broken: "a body that is not what its Content-Type says"
        case .unknownKey: "a key that no telephone has"
        case .absurdDuration: "a digit of no length, or of more than a minute"
        case .formNotTaken: "a digit in a form that is not in the trunk's dtmf-receive"
        case .flood: "more digits a second than dtmf-rate of the trunk"
        case .full: "more than 32 digits that wait for the other party"
        case .nobodyTakes: "digits for a party with which nothing is agreed to send them in"
        case .badSubscription: "a KPML document that is broken, or asks for more than single keys"
        }
    }
}
