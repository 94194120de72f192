// SPDX-License-Identifier: Apache-2.0

/// What happens to a plan.
public enum MigrationEvent: Sendable, Hashable {
    /// It begins, or begins again after it was backed out as a whole.
    case start
    /// Its gate was looked at, and nothing else is wanted.
    case judged(MigrationVerdict)
    /// It is to go on by one position, by the verdict of this moment; with `force` whatever that
    /// says.
    case step(MigrationVerdict, force: Bool)
    /// It is to go back to an earlier position; nil: to before its start.
    case backOut(to: MigrationPosition?)
}

/// What a plan wants done, in this order, in one transaction with the plan itself. All of it is
/// data for new calls: no call in progress changes its trunk.
public enum MigrationAction: Sendable, Hashable {
    /// A trunk changes its state.
    case setTrunk(String, TrunkState)
    /// These numbers, in ascending order, get this set of their own; nil: as their accounts say.
    case setOverrides([E164], TrunkSet?)
    /// An account's active set changes.
    case setActiveSet(TrunkSet, account: String)
    /// The figures of the plan begin anew, baseline and all.
    case resetFigures
    /// The figures of these cohorts begin anew: what they hold is of an earlier try.
    case resetCohorts(Range<Int>)
    /// A line for the audit, the same as the last one of the plan's history.
    case audit(MigrationHistoryEntry)
}

/// One line of a plan's history.
public struct MigrationHistoryEntry: Sendable, Hashable {
    /// What was done.
    public enum Kind: UInt8, Sendable, Hashable, CaseIterable {
        /// The plan began.
        case started = 0
        /// It went on after its gate had passed.
        case stepped
        /// It went on although its gate had not passed.
        case forced
        /// A gate failed.
        case stopped
        /// A gate that had failed holds no more.
        case resumed
        /// It went back.
        case backedOut

        /// A word or two for lists.
        public var title: String {
            switch self {
            case .started: "started"
            case .stepped: "stepped"
            case .forced: "stepped by force"
            case .stopped: "stopped by its gate"
            case .resumed: "resumed"
            case .backedOut: "backed out"
            }
        }
    }

    /// What was done.
    public let kind: Kind
    /// When: milliseconds since 1970-01-01 00:00 UTC.
    public let time: UInt64
    /// Who did it, as the command's reader knows him; at most `whoMax` bytes.
    public let who: String
    /// Where the plan stands after it; nil: before its start.
    public let position: MigrationPosition?
    /// What else there is to say: the figures that were overridden, what stayed as it was; at most
    /// `noteMax` bytes.
    public let note: String

    /// Bytes that `who` may have.
    public static let whoMax = 64
    /// Bytes that `note` may have; what is longer is cut.
    public static let noteMax = 4096

    init(
        _ kind: Kind, time: UInt64, who: String, position: MigrationPosition?, note: String = ""
    ) {
        self.kind = kind
        self.time = time
        self.who = Self.cut(who, Self.whoMax)
        self.position = position
        self.note = Self.cut(note, Self.noteMax)
    }

    /// At most so many bytes, whole scalars.
    private static func cut(_ text: String, _ most: Int) -> String {
        guard text.utf8.count > most else { return text }
        var kept = String.UnicodeScalarView()
        var bytes = 0
        for scalar in text.unicodeScalars {
            bytes += UTF8.width(scalar)
            if bytes > most { break }
            kept.append(scalar)
        }
        return String(kept)
    }
}
