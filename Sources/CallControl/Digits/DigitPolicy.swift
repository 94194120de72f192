// SPDX-License-Identifier: Apache-2.0

/// Which digits a trunk's peer sends and takes, and how they are made. A trunk without one has its
/// digits passed as they come.
public struct DigitPolicy: Sendable, Hashable {
    /// The form that the peer takes.
    public var send = DigitForm.rfc4733
    /// The forms that the peer sends; another one is refused, or stays what it is: audio.
    public var receive = DigitForms(.rfc4733)
    /// Digits that pass as they came are looked at too, for records and traces.
    public var reports = false
    /// Audio with tones is delayed, so that nothing of one leaks.
    public var looksAhead = false
    /// Level of events and tones that the box makes, -dBm0, 0 to 36.
    public var volume: UInt8 = 10
    /// How long a digit lasts whose own form does not say, ms.
    public var durationMs: UInt32 = 160
    /// What is between two digits that the box makes, ms.
    public var pauseMs: UInt32 = 80
    /// What lasts longer ends here, 1,000 to 60,000 ms.
    public var limitMs: UInt32 = 8000
    /// Digits in one second at most, in INFO and NOTIFY.
    public var digitsPerSecond: UInt32 = 20
    /// Content-Type of the INFO with Signal= and Duration=.
    public var infoRelayType = Array("application/dtmf-relay".utf8)
    /// Content-Type of the INFO whose body is the digit.
    public var infoType = Array("application/dtmf".utf8)
    /// Event of the unsolicited NOTIFY.
    public var notifyEvent = Array("telephone-event".utf8)
    /// Its Content-Type.
    public var notifyType = Array("audio/telephone-event".utf8)
    /// Its clock, Hz, where its Event has no rate.
    public var notifyClock: UInt32 = 8000

    /// Telephone-events both ways: what the peer of a trunk without a policy is taken to have when
    /// the other one's is made of something else.
    public init() {}

    static let plain = DigitPolicy()
    /// The shortest digit, ms (ITU-T Q.24).
    static let leastMs: UInt32 = 40

    /// Its peer has telephone-events with us, whatever the other one has.
    public var hasEvents: Bool { self.send == .rfc4733 || self.receive.contains(.rfc4733) }
}
