// SPDX-License-Identifier: Apache-2.0

import SIPMessage

/// In which words a trunk is told that a call was diverted, and how often one may be.
public struct DiversionPolicy: Sendable, Hashable {
    /// The words.
    public enum Style: String, Sendable, Hashable, CaseIterable {
        /// Diversion and History-Info, whichever the other trunk sends.
        case asIs = "as-is"
        /// Diversion (RFC 5806), made from History-Info where there is none (RFC 7544).
        case diversion
        /// History-Info (RFC 7044), made from Diversion where there is none.
        case historyInfo = "history-info"
        /// Both.
        case both
        /// Neither.
        case drop
    }

    /// The words for calls to the trunk.
    public var style = Style.asIs
    /// Most entries of a call from the trunk, 1 to 100; one with more is refused as a loop.
    public var entriesMax = 20

    /// As they come.
    public init() {}
}

/// The diversions of a call.
struct Diversions {
    /// History-Info as it came, oldest first; unreadable entries left out.
    let history: [HistoryInfo]
    /// Diversion as it came, most recent first.
    let diversions: [Diversion]
    /// Entries of both, readable or not.
    let count: Int

    /// How often one number may have diverted a call that comes to it once more.
    static let visitsMax = 1

    init(_ invite: SIPMessage) {
        let history = invite.all(.historyInfo)
        let diversions = invite.all(.diversion)
        self.count = max(history.count, diversions.count)
        self.history = history.compactMap { try? HistoryInfo($0) }
        self.diversions = diversions.compactMap { try? Diversion($0) }
    }

    /// Those who diverted, most recent first, whichever header field tells of them.
    var diverters: [Diversion] {
        self.diversions.isEmpty ? Self.diversions(from: self.history) : self.diversions
    }

    /// The call has come by too often: more entries than `limit`, or the number called has sent it
    /// elsewhere more than ``visitsMax`` times.
    func isLoop(calling target: ArraySlice<UInt8>, limit: Int) -> Bool {
        guard self.count <= limit else { return true }
        guard self.count > 0, let called = CarriedURI(target) else { return false }
        let visits = self.diverters.count { CarriedURI($0.uri[...])?.number == called.number }
        return visits > Self.visitsMax
    }

    // MARK: RFC 7544

    /// Section 6.1 (table): causes of RFC 4458 as reasons of RFC 5806.
    static func reason(_ cause: UInt16) -> Diversion.Reason {
        switch cause {
        case 302: .unconditional
        case 486: .userBusy
        case 408: .noAnswer
        case 480, 487: .deflection
        case 503: .unavailable
        default: .unknown
        }
    }

    /// The reverse.
    static func cause(_ reason: Diversion.Reason) -> UInt16 {
        switch reason {
        case .unconditional: 302
        case .userBusy: 486
        case .noAnswer: 408
        case .deflection: 480
        case .unavailable: 503
        case .unknown, .timeOfDay, .doNotDisturb, .followMe, .outOfService, .away: 404
        }
    }

    private static let placeholder = Array("sip:unknown@unknown.invalid".utf8)

    /// Who diverted stands in an entry that names a cause itself, or whose follower has one or was
    /// mapped to another user. Entries for diverters that nobody named count for the next one.
    static func diversions(from history: [HistoryInfo]) -> [Diversion] {
        var result: [Diversion] = []
        var unnamed = 0
        for (entry, next) in zip(history, history.dropFirst()) {
            let cause = next.cause ?? entry.reasonCause
            guard cause != nil || next.target?.kind == .mapped else { continue }
            if self.isPlaceholder(entry) {
                unnamed += 1
                continue
            }
            result.append(
                Diversion(
                    displayName: entry.displayName, uri: entry.uri,
                    reason: cause.map(self.reason) ?? .unknown, count: min(1 + unnamed, 99),
                    isPrivate: entry.isPrivate))
            unnamed = 0
        }
        return result.reversed()
    }

    private static func isPlaceholder(_ entry: HistoryInfo) -> Bool {
        guard case .sip(let sip)? = try? URI.parse(entry.uri[...]) else { return false }
        return ASCII.equalsIgnoringCase(sip.host.bytes, "unknown.invalid")
    }

    /// Each diverter, then the one called now, each entry below the one before it. A counter above
    /// one gets entries for the diverters that nobody named, at most `limit` entries in all.
    static func history(
        from diversions: [Diversion], target: [UInt8], limit: Int
    ) -> [HistoryInfo] {
        var entries: [HistoryInfo] = []
        var cause: UInt16?
        func add(_ uri: [UInt8], _ displayName: [UInt8], isPrivate: Bool) {
            var entry = HistoryInfo(
                uri: uri, index: Array(repeating: 1, count: entries.count + 1))
            entry.displayName = displayName
            entry.isPrivate = isPrivate
            if let cause {
                entry.uri += Array(";cause=".utf8) + decimal(cause)
                entry.cause = cause
                if let former = entries.last {
                    entry.target = (.mapped, HistoryInfo.text(former.index))
                }
            }
            entries.append(entry)
        }
        let room = min(max(limit, 2), HistoryInfo.indexLimit) - 1
        for diversion in diversions.reversed() where entries.count < room {
            for _ in 1..<max(diversion.count, 1) where entries.count < room - 1 {
                add(self.placeholder, [], isPrivate: false)
                cause = 404
            }
            add(diversion.uri, diversion.displayName, isPrivate: diversion.isPrivate)
            cause = self.cause(diversion.reason)
        }
        add(target, [], isPrivate: false)
        return entries
    }
}
