// SPDX-License-Identifier: Apache-2.0

import SDP

/// What is known of a leg for digits, at a time.
struct DigitFacts: Equatable {
    /// What was agreed that they can be in.
    var formats: DigitFormats
    /// INFO may be sent to its party.
    var takesInfo = true
    /// NOTIFY may be.
    var takesNotify = true
    /// Its party subscribed to key presses.
    var isSubscribed = false
    /// Forms that its party refused.
    var refused: DigitForms = []
}

/// How the digits of one party get to the other: decided when the media is planned, by what the one
/// sends and the other takes.
struct DigitRoute: Equatable {
    /// As what the other party gets them.
    enum Sink: Equatable {
        /// Not at all: nothing was agreed that they could be in.
        case none
        /// Telephone-events.
        case events(DigitFormats.Events)
        /// Tones.
        case tones(DigitFormats.Audio)
        /// In messages.
        case message(DigitForm)

        var form: DigitForm? {
            switch self {
            case .none: nil
            case .events: .rfc4733
            case .tones: .tones
            case .message(let form): form
            }
        }
    }

    /// As what the other party gets them.
    let sink: Sink
    /// The form that its trunk wants.
    let wanted: DigitForm
    /// What the fast path does with those of the first party.
    let intake: LegDigits.Intake
    /// Digits of the first party may come in messages.
    let hasMessages: Bool

    init(
        from policy: DigitPolicy, _ source: DigitFacts, to other: DigitPolicy,
        _ target: DigitFacts
    ) {
        self.wanted = other.send
        self.sink = Self.sink(other.send, target)
        self.intake = Self.intake(policy, source, self.sink, target)
        self.hasMessages = !policy.receive.subtracting(.media).isEmpty
    }

    /// The wanted form could not be had.
    var isFallback: Bool { self.sink.form != self.wanted }

    /// The fast path hands digits of the first party over to the other flow.
    var passesOn: Bool { self.intake.contains(.passOn) }

    /// What is wanted if it can be had, else tones: every telephone hears them.
    private static func sink(_ wanted: DigitForm, _ target: DigitFacts) -> Sink {
        let tones = target.formats.audioOut.map { Sink.tones($0) } ?? Sink.none
        guard !target.refused.contains(wanted) else { return tones }
        switch wanted {
        case .rfc4733: return target.formats.eventsOut.map { .events($0) } ?? tones
        case .tones: return tones
        case .infoRelay, .info: return target.takesInfo ? .message(wanted) : tones
        case .notify: return target.takesNotify ? .message(wanted) : tones
        case .kpml: return target.isSubscribed ? .message(wanted) : tones
        }
    }

    /// Digits that have the right form already pass as media does, and nobody looks at them. Events
    /// count in a clock: those of one that was not agreed with the other party do not pass.
    private static func intake(
        _ policy: DigitPolicy, _ source: DigitFacts, _ sink: Sink, _ target: DigitFacts
    ) -> LegDigits.Intake {
        var forms = policy.receive.intersection(.media)
        if source.formats.eventsIn.isEmpty { forms.remove(DigitForms(.rfc4733)) }
        if source.formats.audioIn.isEmpty { forms.remove(DigitForms(.tones)) }
        var intake: LegDigits.Intake = []
        if forms.contains(.rfc4733) { intake.insert(.events) }
        if forms.contains(.tones) { intake.insert(.tones) }
        guard !intake.isEmpty else { return [] }
        let clocks = Set(target.formats.eventsIn.map(\.clockRate))
        let isOther =
            sink != .none
            && forms.all.contains { form in
                form != sink.form
                    || form == .rfc4733
                        && !source.formats.eventsIn.allSatisfy { clocks.contains($0.clockRate) }
            }
        guard isOther else { return policy.reports ? intake.union(.report) : [] }
        intake.formUnion([.take, .report])
        if case .message = sink {} else { intake.insert(.passOn) }
        if policy.looksAhead, intake.contains(.tones) { intake.insert(.lookAhead) }
        return intake
    }

    /// For people: "info-relay", or "tones (no info-relay)".
    var text: String {
        let now = self.sink.form?.rawValue ?? "none"
        return self.isFallback ? "\(now) (no \(self.wanted.rawValue))" : now
    }
}
