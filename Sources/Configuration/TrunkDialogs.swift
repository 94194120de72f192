// SPDX-License-Identifier: Apache-2.0

/// What happens inside the dialogs of a trunk beyond RFC 3261.
public struct TrunkDialogs: Sendable, Hashable {
    /// Reliable provisional responses.
    public enum Reliable: String, Sendable, Hashable, CaseIterable {
        case off, supported, required
    }

    /// Session timers.
    public enum SessionTimer: String, Sendable, Hashable, CaseIterable {
        case off, accept, request
    }

    /// `reliable-provisional:`
    public var reliable = Reliable.off
    /// `session-timer:`
    public var sessionTimer = SessionTimer.off
    /// `session-seconds:`, at least `sessionMinimum`.
    public var sessionSeconds = 1800
    /// `session-minimum-seconds:`
    public var sessionMinimum = 90
    /// `max-call-seconds:`; 0: as the node has it.
    public var callSeconds = 0

    /// The defaults.
    public init() {}

    /// From the section of one trunk; where something is wrong an issue says so.
    init(_ section: SectionReader) {
        if let word: Reliable = section.word(DialogKeys.reliable) { self.reliable = word }
        if let word: SessionTimer = section.word(DialogKeys.sessionTimer) {
            self.sessionTimer = word
        }
        if let seconds = section.integer(DialogKeys.sessionSeconds) {
            self.sessionSeconds = seconds.value
        }
        if let seconds = section.integer(DialogKeys.sessionMinimum) {
            self.sessionMinimum = seconds.value
        }
        if let seconds = section.integer(DialogKeys.callSeconds) {
            self.callSeconds = seconds.value
        }
        self.check(section)
    }

    private func check(_ section: SectionReader) {
        func fault(_ key: Key, _ problem: String, _ fix: String) {
            section.issues.add(
                section.node(key)?.line ?? section.line,
                SectionReader.join(section.key, key.name), problem, fix)
        }
        if self.sessionSeconds < self.sessionMinimum {
            let isWritten = section.node(DialogKeys.sessionSeconds) != nil
            fault(
                isWritten ? DialogKeys.sessionSeconds : DialogKeys.sessionMinimum,
                "lets session-seconds (\(self.sessionSeconds)) be less than "
                    + "session-minimum-seconds (\(self.sessionMinimum))",
                "write session-seconds: \(self.sessionMinimum) or more")
        }
        if self.reliable == .required, !section.flag(ProfileKeys.knowsPrack) {
            fault(
                DialogKeys.reliable,
                "is required, and the peer does not know PRACK "
                    + "(peer-knows-prack)",
                "write off or supported, or leave reliable-provisional out")
        }
    }
}
