// SPDX-License-Identifier: Apache-2.0

/// What a trunk registers with its carrier (RFC 3261 section 10).
public struct RegistrationSettings: Sendable, Hashable {
    /// User part of the address that is registered, and of our Contact.
    public var user: [UInt8]
    /// Host of that address and of the Request-URI.
    public var domain: [UInt8]
    /// Seconds that are asked for.
    public var expires: UInt32
    /// Seconds before the first try after one that failed; doubles with each, up to
    /// `Registration.retrySecondsMax`.
    public var retrySeconds: UInt32
    /// The trunk takes no calls while it is not registered.
    public var isRequired: Bool

    /// From its parts.
    public init(
        user: [UInt8], domain: [UInt8], expires: UInt32 = 3_600, retrySeconds: UInt32 = 30,
        isRequired: Bool = true
    ) {
        self.user = user
        self.domain = domain
        self.expires = expires
        self.retrySeconds = retrySeconds
        self.isRequired = isRequired
    }
}

/// One registration with a carrier. Events in, actions out; no clock and no random numbers.
///
///     waiting -try-> trying -2xx-> registered -time, loss-> trying
///        +---- all targets failed ----+
///     any -stop-> leaving -any end-> gone
struct Registration {
    enum State: Sendable, Hashable {
        /// Nothing is under way; a timer runs.
        case waiting
        /// A REGISTER is under way, the first or one after a failure.
        case trying
        /// The carrier knows us; a refresh may be under way.
        case registered
        /// The last REGISTER, which takes us away, is under way.
        case leaving
        /// Over.
        case gone
    }

    /// What is to be done, in order.
    enum Action: Hashable {
        /// Send a REGISTER for so many seconds to this target.
        case send(expires: UInt32, target: Int)
        /// One timer; it starts anew.
        case startTimer(milliseconds: UInt64)
        case stopTimer
    }

    /// What came of a REGISTER.
    enum Outcome: Hashable {
        /// The carrier keeps us for so many seconds; 0: not.
        case accepted(expires: UInt32)
        /// 423: it wants at least so many seconds.
        case tooBrief(least: UInt32)
        /// Refused, with seconds to wait if it said so.
        case refused(status: Int, retryAfter: UInt32?)
        /// Silence, or no way there: another target may do.
        case unreachable
    }

    /// RFC 5626 section 4.5.
    static let retrySecondsMax: UInt32 = 1_800
    /// Longest registration that is believed, and asked for on a 423.
    static let expiresMax: UInt32 = 86_400
    /// 423 answers in a row.
    static let briefMax = 3

    private(set) var state = State.waiting
    private(set) var failures: UInt32 = 0
    /// The status of the last failure; 0 for silence.
    private(set) var lastStatus: Int?
    /// Where the present registration is.
    private(set) var target = 0
    private(set) var granted: UInt32 = 0
    private var isUnderWay = false
    private var tried = 0
    private var briefs = 0
    private var asked: UInt32
    private var targetCount: Int
    private let settings: RegistrationSettings

    init(_ settings: RegistrationSettings, targets: Int) {
        self.settings = settings
        self.asked = settings.expires
        self.targetCount = max(targets, 1)
    }

    var isRegistered: Bool { self.state == .registered }

    /// There are so many targets from now on.
    mutating func setTargets(_ count: Int) { self.targetCount = max(count, 1) }

    mutating func start() -> [Action] { self.attempt() }

    /// The timer ran out.
    mutating func timerFired() -> [Action] {
        guard self.state == .waiting || self.state == .registered, !self.isUnderWay else {
            return []
        }
        return self.attempt()
    }

    /// The connection that the carrier would reach us over is gone.
    mutating func transportLost(random: UInt64) -> [Action] {
        guard self.state == .registered, !self.isUnderWay else { return [] }
        // Not all at once, when a carrier's machine goes.
        return [.startTimer(milliseconds: 500 + random % 2_000)]
    }

    /// Takes us away from the carrier.
    mutating func stop() -> [Action] {
        switch self.state {
        case .leaving, .gone: return []
        case .registered where !self.isUnderWay:
            self.state = .leaving
            self.isUnderWay = true
            return [.stopTimer, .send(expires: 0, target: self.target)]
        case .waiting where !self.isUnderWay:
            self.state = .gone
            return [.stopTimer]
        default:
            // What is under way ends first; then it is taken back.
            self.state = .leaving
            return [.stopTimer]
        }
    }

    private mutating func attempt() -> [Action] {
        if self.state == .waiting { self.state = .trying }
        self.isUnderWay = true
        self.tried += 1
        return [.send(expires: self.asked, target: self.target)]
    }

    /// The end of a REGISTER. `random` is any number.
    mutating func finished(_ outcome: Outcome, random: UInt64) -> [Action] {
        guard self.isUnderWay else { return [] }
        self.isUnderWay = false
        if self.state == .leaving { return self.left(outcome) }
        switch outcome {
        case .accepted(let seconds): return self.accepted(seconds, random)
        case .tooBrief(let least):
            self.briefs += 1
            guard self.briefs <= Self.briefMax, least > self.asked, least <= Self.expiresMax else {
                return self.failed(status: 423, wait: nil, random)
            }
            self.asked = least
            self.tried -= 1
            return self.attempt()
        case .refused(let status, let wait):
            // Another machine of the carrier knows no more about us, unless this one is in trouble.
            guard status >= 500, status < 600 else {
                return self.failed(status: status, wait: wait, random)
            }
            return self.another(status: status, wait: wait, random)
        case .unreachable: return self.another(status: 0, wait: nil, random)
        }
    }

    private mutating func left(_ outcome: Outcome) -> [Action] {
        // A registration that was under way when we were told to stop has to be taken back.
        if case .accepted(let seconds) = outcome, seconds > 0 {
            self.isUnderWay = true
            return [.send(expires: 0, target: self.target)]
        }
        self.state = .gone
        return [.stopTimer]
    }

    private mutating func accepted(_ seconds: UInt32, _ random: UInt64) -> [Action] {
        guard seconds > 0 else { return self.failed(status: 200, wait: nil, random) }
        self.state = .registered
        self.failures = 0
        self.tried = 0
        self.briefs = 0
        self.lastStatus = nil
        self.granted = min(seconds, Self.expiresMax)
        // Between 75 and 90 % of the time, so that many trunks do not come at once.
        let percent = 75 + random % 16
        let milliseconds = max(UInt64(self.granted) * 10 * percent, 500)
        return [.startTimer(milliseconds: milliseconds)]
    }

    /// The next target at once, as long as there is one that was not tried.
    private mutating func another(
        status: Int, wait: UInt32?, _ random: UInt64
    ) -> [Action] {
        self.target = (self.target + 1) % self.targetCount
        guard self.tried < self.targetCount else {
            return self.failed(status: status, wait: wait, random)
        }
        self.lastStatus = status
        return self.attempt()
    }

    private mutating func failed(status: Int, wait: UInt32?, _ random: UInt64) -> [Action] {
        self.state = .waiting
        self.lastStatus = status
        self.tried = 0
        self.briefs = 0
        self.granted = 0
        let doubled = UInt64(self.settings.retrySeconds) << UInt64(min(self.failures, 12))
        self.failures = min(self.failures + 1, 1_000_000)
        let longest = min(doubled, UInt64(Self.retrySecondsMax)) * 1_000
        // Half of it, and up to the other half by chance (RFC 5626 section 4.5).
        let milliseconds = longest / 2 + random % (longest / 2 + 1)
        let asked = UInt64(min(wait ?? 0, Self.expiresMax)) * 1_000
        return [.startTimer(milliseconds: max(milliseconds, asked))]
    }
}
