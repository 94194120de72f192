// SPDX-License-Identifier: Apache-2.0

public import CallControl

/// What the next process reads in the records of this one: which calls have their closing record.
public enum ClosingLine {
    private static let start = Array("{\"record\":\"closing\",\"id\":\"".utf8)
    private static let digits = 16

    /// The call that a line closes; nil for any other line, also one that was cut short.
    public static func call(_ line: ArraySlice<UInt8>) -> CallIdentifier? {
        guard line.starts(with: Self.start), line.last == UInt8(ascii: "}") else { return nil }
        let digits = line.dropFirst(Self.start.count).prefix(Self.digits)
        return CallIdentifier(text: String(decoding: digits, as: UTF8.self))
    }
}
