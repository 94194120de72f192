// SPDX-License-Identifier: Apache-2.0

/// How a digit stands on the wire. Each is an encoding of one ``Digit``.
public enum DigitForm: String, Sendable, Hashable, CaseIterable {
    /// Telephone-events in RTP (RFC 4733, and RFC 2833 before it).
    case rfc4733
    /// The two tones of ITU-T Q.23 in the audio.
    case tones
    /// INFO with `application/dtmf-relay`: Signal= and Duration=.
    case infoRelay = "info-relay"
    /// INFO with `application/dtmf`: the body is the digit.
    case info
    /// Unsolicited NOTIFY of telephone-event, with an event packet of RFC 4733.
    case notify
    /// NOTIFY of a subscription to key presses (RFC 4730).
    case kpml

    /// It goes with the media, and the fast path makes and takes it.
    public var isMedia: Bool { self == .rfc4733 || self == .tones }
}

/// Some forms.
public struct DigitForms: OptionSet, Sendable, Hashable {
    /// Bits, in the order of ``DigitForm``.
    public let rawValue: UInt8
    /// From bits.
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// One.
    public init(_ form: DigitForm) {
        self.rawValue =
            switch form {
            case .rfc4733: 1
            case .tones: 1 << 1
            case .infoRelay: 1 << 2
            case .info: 1 << 3
            case .notify: 1 << 4
            case .kpml: 1 << 5
            }
    }

    /// True where it is among them.
    public func contains(_ form: DigitForm) -> Bool { self.isSuperset(of: DigitForms(form)) }

    /// Those that go with the media.
    public static let media: DigitForms = [DigitForms(.rfc4733), DigitForms(.tones)]

    /// Each.
    public var all: [DigitForm] { DigitForm.allCases.filter { self.contains($0) } }
}
