// SPDX-License-Identifier: Apache-2.0

/// Keys of a trunk for DTMF digits. Values that nobody publishes for all peers (types of INFO, the
/// format of NOTIFY) are keys, not constants.
enum DigitKeys {
    static let send = Key(
        "dtmf-send", .text, .described("digits pass as they come"),
        "How it gets digits: rfc4733, tones, info-relay, info, notify or kpml.",
        example: "rfc4733", isRare: true)
    static let receive = Key(
        "dtmf-receive", .texts, .described("that of dtmf-send"),
        "How its digits come; INFO and NOTIFY of digits in another form are refused.",
        example: "[rfc4733, tones]", isRare: true)
    static let report = Key(
        "dtmf-report", .flag, .standard("false"),
        "Its digits are in records and traces also where they pass as they come.",
        example: "false", isRare: true)
    static let lookAhead = Key(
        "dtmf-look-ahead", .flag, .standard("false"),
        "Its audio is 20 ms late, so that nothing of a tone leaks that becomes something else.",
        example: "false", isRare: true)
    static let volume = Key(
        "dtmf-volume", .integer(0...36), .standard("10"), unit: "-dBm0",
        "Level of events and tones that are made for it.", example: "10", isRare: true)
    static let duration = Key(
        "dtmf-duration-ms", .integer(40...8000), .standard("160"), unit: "ms",
        "How long a digit is made for it that does not say how long it was.", example: "160",
        isRare: true)
    static let pause = Key(
        "dtmf-pause-ms", .integer(40...8000), .standard("80"), unit: "ms",
        "What is between digits for it that came in messages or from the operator.",
        example: "80", isRare: true)
    static let limit = Key(
        "dtmf-limit-ms", .integer(1000...60_000), .standard("8000"), unit: "ms",
        "The longest digit of it and for it; what lasts longer ends there.", example: "8000",
        isRare: true)
    static let rate = Key(
        "dtmf-rate", .integer(1...1000), .standard("20"), unit: "digits/s",
        "Most digits in its INFO and NOTIFY; more get 500.", example: "20", isRare: true)
    static let infoRelayType = Key(
        "dtmf-info-relay-type", .text, .standard("application/dtmf-relay"),
        "Content-Type of INFO with Signal= and Duration=.", example: "application/dtmf-relay",
        isRare: true)
    static let infoType = Key(
        "dtmf-info-type", .text, .standard("application/dtmf"),
        "Content-Type of INFO whose body is the digit.", example: "application/dtmf",
        isRare: true)
    static let notifyEvent = Key(
        "dtmf-notify-event", .text, .standard("telephone-event"),
        "Event of unsolicited NOTIFY with digits.", example: "telephone-event", isRare: true)
    static let notifyType = Key(
        "dtmf-notify-type", .text, .standard("audio/telephone-event"),
        "Content-Type of it: four octets, an event packet of RFC 4733.",
        example: "audio/telephone-event", isRare: true)
    static let notifyClock = Key(
        "dtmf-notify-clock", .integer(1000...192_000), .standard("8000"), unit: "Hz",
        "What durations in it count in, where Event has no rate.", example: "8000",
        isRare: true)

    static let all = [
        send, receive, report, lookAhead, volume, duration, pause, limit, rate, infoRelayType,
        infoType, notifyEvent, notifyType, notifyClock,
    ]
}
