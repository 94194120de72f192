// SPDX-License-Identifier: Apache-2.0

import CFlowABI

/// Why the fast path dropped a packet. The list is the contract's.
public struct DropReason: Sendable, Hashable {
    /// Place in the list.
    public let index: Int

    /// Short name ("no_flow"), as in metrics; "unknown" for a reason that this version lacks.
    public var name: String {
        self == .other ? "other" : String(cString: tl_drop_name(UInt32(clamping: self.index)))
    }

    /// One sentence for an operator.
    public var text: String { String(cString: tl_drop_text(UInt32(clamping: self.index))) }

    /// Stands for those that one flow had beyond as many as are told apart for it.
    public static let other = DropReason(index: .max)

    /// The reason of this name; nil when there is none.
    public init?(_ name: String) {
        guard let reason = Self.all.first(where: { $0.name == name }) else { return nil }
        self = reason
    }

    init(index: Int) { self.index = index }

    /// Every reason that this version knows, in the list's order.
    public static var all: [DropReason] {
        (0..<Int(tl_drop_count())).map { DropReason(index: $0) }
    }
}

/// A counter of a worker. The list is the contract's.
public struct CounterName: Sendable, Hashable {
    /// Place in the list.
    public let index: Int

    /// Short name ("forwarded"), as in metrics.
    public var name: String { String(cString: tl_counter_name(UInt32(clamping: self.index))) }

    /// What it counts.
    public var text: String { String(cString: tl_counter_text(UInt32(clamping: self.index))) }

    /// Every counter, in the list's order.
    public static var all: [CounterName] {
        (0..<Int(tl_counter_count())).map { CounterName(index: $0) }
    }
}

/// What a worker answered to a command.
public struct CommandStatus: Sendable, Hashable, CustomStringConvertible {
    /// Zero, or negative for a refusal.
    public let value: Int32
    /// From the number in an answer; any number has a name.
    public init(_ value: Int32) { self.value = value }

    /// Done.
    public static let ok = CommandStatus(TL_STATUS_OK)
    /// The flow at this index has another generation.
    public static let stale = CommandStatus(TL_STATUS_STALE)
    /// The flow index is in use.
    public static let exists = CommandStatus(TL_STATUS_EXISTS)
    /// No live flow at this index.
    public static let notFound = CommandStatus(TL_STATUS_NOT_FOUND)
    /// Generation zero, or one before the record's.
    public static let badGeneration = CommandStatus(TL_STATUS_BAD_GENERATION)
    /// Another flow has this local address and port.
    public static let portInUse = CommandStatus(TL_STATUS_PORT_IN_USE)
    /// The operation is not known: an older fast path.
    public static let badOperation = CommandStatus(TL_STATUS_BAD_OPERATION)
    /// A key set that cannot be.
    public static let badKeys = CommandStatus(TL_STATUS_BAD_KEYS)
    /// The table of SRTP contexts is full.
    public static let noContext = CommandStatus(TL_STATUS_NO_CONTEXT)
    /// Credentials that cannot be.
    public static let badICE = CommandStatus(TL_STATUS_BAD_ICE)
    /// The key set may have been used, and the record of it is gone.
    public static let keysUsed = CommandStatus(TL_STATUS_KEYS_USED)
    /// Another flow of this shared port has the remote address and port.
    public static let sourceInUse = CommandStatus(TL_STATUS_SOURCE_IN_USE)
    /// The table of flows on shared ports is full.
    public static let sharedFull = CommandStatus(TL_STATUS_SHARED_FULL)

    /// Digits that cannot be.
    public static let badDTMF = CommandStatus(TL_STATUS_BAD_DTMF)
    /// The table of flows with digits is full.
    public static let dtmfFull = CommandStatus(TL_STATUS_DTMF_FULL)
    /// More digits would wait for the party than may.
    public static let digitsFull = CommandStatus(TL_STATUS_DIGITS_FULL)

    /// Short name ("stale"); "unknown" for a status that this version lacks.
    public var name: String { String(cString: tl_status_name(self.value)) }

    /// One sentence.
    public var text: String { String(cString: tl_status_text(self.value)) }

    /// The name.
    public var description: String { self.name }
}

/// Why a shared file could not be used.
public struct FileRefusal: Error, Sendable, Hashable, CustomStringConvertible {
    /// The result of the contract's functions (TL_FILE_RESULTS), negative.
    public let code: Int32
    /// With `system`: the errno; else zero.
    public let systemError: Int32

    init(code: Int32, systemError: Int32 = 0) {
        self.code = code
        self.systemError = systemError
    }

    /// The file does not exist yet.
    public static let absent = FileRefusal(code: TL_FILE_ABSENT)
    /// The peer has not named its incarnation yet.
    public static let notStarted = FileRefusal(code: TL_FILE_NOT_STARTED)
    /// The two files are dimensioned differently.
    public static let otherGeometry = FileRefusal(code: TL_FILE_OTHER_GEOMETRY)

    /// Short name ("too_old").
    public var name: String { String(cString: tl_file_result_name(self.code)) }

    /// One sentence.
    public var text: String { String(cString: tl_file_result_text(self.code)) }

    /// Name, sentence and, with a failed system call, the number of its error.
    public var description: String {
        self.systemError == 0
            ? "\(self.name): \(self.text)"
            : "\(self.name): \(self.text) (errno \(self.systemError))"
    }
}
