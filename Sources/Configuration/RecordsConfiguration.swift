// SPDX-License-Identifier: Apache-2.0

/// Where records of calls are written, and what bounds them.
public struct RecordsConfiguration: Sendable, Hashable {
    /// Where the files are, absolute; nil: none are written.
    public var directory: String?
    /// Size from which a file is set aside, MB.
    public var fileMB = 100
    /// Files set aside that are kept.
    public var files = 30
    /// Seconds between two records of a call in progress; 0: none.
    public var partialSeconds = 900
    /// Records of refused INVITEs in a second.
    public var attemptsPerSecond = 100
    /// Records that wait for the disk, MB.
    public var bufferMB = 16
    /// DTMF digits are hidden.
    public var hidesDTMF = true

    /// With the defaults, in this directory.
    public init(directory: String?) { self.directory = directory }
}

extension ConfigurationReader {
    func records(_ section: SectionReader, stateDirectory: String?) -> RecordsConfiguration? {
        guard let file = section.integer(RecordKeys.file),
            let files = section.integer(RecordKeys.files),
            let partial = section.integer(RecordKeys.partial),
            let attempts = section.integer(RecordKeys.attempts),
            let buffer = section.integer(RecordKeys.buffer)
        else { return nil }
        var records = RecordsConfiguration(directory: stateDirectory.map { $0 + "/records" })
        if let text = section.text(RecordKeys.directory) {
            records.directory = text.value == "off" ? nil : text.value
            let isPath = text.value.hasPrefix("/") && text.value.utf8.count <= 200
            if !isPath, text.value != "off" {
                self.issues.add(
                    text, "is neither off nor an absolute path of at most 200 bytes",
                    "write \(RecordKeys.directory.example) or the like, or off")
            }
        }
        records.fileMB = file.value
        records.files = files.value
        records.partialSeconds = partial.value
        records.attemptsPerSecond = attempts.value
        records.bufferMB = buffer.value
        records.hidesDTMF = section.flag(RecordKeys.hidesDTMF)
        return records
    }
}
