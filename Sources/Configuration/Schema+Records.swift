// SPDX-License-Identifier: Apache-2.0

enum RecordKeys {
    static let directory = Key(
        "directory", .text, .described("records below the state-directory"),
        "Absolute path of the directory for the records of calls (calls.jsonl), or off.",
        example: "/var/lib/trunkline/records")
    static let file = Key(
        "file-mb", .integer(1...102_400), .standard("100"), unit: "MB",
        "A file that has become so large is set aside, with the time in its name.", example: "100")
    static let files = Key(
        "files", .integer(1...100_000), .standard("30"), unit: "files",
        "Files set aside that are kept; the oldest go.", example: "30")
    static let partial = Key(
        "partial-seconds", .integer(0...86_400), .standard("900"), unit: "s",
        "Between two records of a call in progress; 0 for none.", example: "900")
    static let attempts = Key(
        "attempts-per-second", .integer(0...10_000), .standard("100"), unit: "records/s",
        "Records of INVITEs that were refused before there was a call; more are only counted.",
        example: "100")
    static let hidesDTMF = Key(
        "mask-dtmf", .flag, .standard("true"),
        "DTMF digits are x in records: they may be card numbers. Their times stay.",
        example: "true", isRare: true)
    static let buffer = Key(
        "buffer-mb", .integer(1...1024), .standard("16"), unit: "MB",
        "Records that wait for a disk that is full or away; above that the oldest go.",
        example: "16")
}

extension Schema {
    static let records = SectionSchema(
        name: "records", isList: false, meaning: "What is written of calls, for billing and audit.",
        keys: [
            RecordKeys.directory, RecordKeys.file, RecordKeys.files, RecordKeys.partial,
            RecordKeys.attempts, RecordKeys.buffer, RecordKeys.hidesDTMF,
        ])
}
