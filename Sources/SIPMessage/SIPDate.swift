// SPDX-License-Identifier: Apache-2.0

/// Date: rfc1123-date in GMT (RFC 3261 section 20.17).
public struct SIPDate: Sendable, Hashable {
    /// Seconds since 1970-01-01 00:00:00 GMT, without leap seconds.
    public let secondsSince1970: Int64

    /// From a moment.
    public init(secondsSince1970: Int64) { self.secondsSince1970 = secondsSince1970 }

    private static let weekdays: [StaticString] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
    private static let months: [StaticString] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// Parses a value such as `Sat, 13 Nov 2010 23:29:00 GMT`; nothing may stand around it.
    ///
    /// Any other zone is a fault (RFC 4475 section 3.1.2.12), as is a day that does not exist. The
    /// name of the weekday has to be one, but is not held against the date.
    public init(_ value: ArraySlice<UInt8>) throws(SIPParseError) {
        var cursor = Cursor(value)
        _ = try Self.name(&cursor, Self.weekdays)
        try Self.literal(&cursor, ", ")
        let day = try Self.digits(&cursor, 2)
        try Self.literal(&cursor, " ")
        let month = try Self.name(&cursor, Self.months) + 1
        try Self.literal(&cursor, " ")
        let year = try Self.digits(&cursor, 4)
        try Self.literal(&cursor, " ")
        let hour = try Self.digits(&cursor, 2)
        try Self.literal(&cursor, ":")
        let minute = try Self.digits(&cursor, 2)
        try Self.literal(&cursor, ":")
        let second = try Self.digits(&cursor, 2)
        try Self.literal(&cursor, " GMT")
        try cursor.requireEnd(.dateSyntax)
        let days = Self.days(year, month, day)
        let isReal = Self.civil(days) == (year, month, day) && year >= 1970
        guard isReal, hour < 24, minute < 60, second <= 60 else {
            throw SIPParseError(.dateSyntax, at: value.startIndex)
        }
        self.secondsSince1970 = days * 86_400 + hour * 3_600 + minute * 60 + second
    }

    /// The octets as they go on the wire; moments outside of years 1970 to 9999 are clamped.
    public var bytes: [UInt8] {
        let moment = min(max(self.secondsSince1970, 0), 253_402_300_799)
        let days = moment / 86_400
        let (year, month, day) = Self.civil(days)
        var result = Self.weekdays[Int(days % 7)].octets + [0x2c, 0x20]
        result += Self.padded(day, 2) + [0x20] + Self.months[Int(month - 1)].octets + [0x20]
        result += Self.padded(year, 4) + [0x20]
        result += Self.padded(moment % 86_400 / 3_600, 2) + [UInt8(ascii: ":")]
        result += Self.padded(moment % 3_600 / 60, 2) + [UInt8(ascii: ":")]
        return result + Self.padded(moment % 60, 2) + " GMT".utf8
    }

    /// Days from 1970-01-01 to a date of the Gregorian calendar, counted in eras of 400 years that
    /// begin with March.
    private static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let era = shifted / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
            - 719_468
    }

    /// The inverse of `days`, for 1970 and later; earlier days give a date that never compares.
    private static func civil(_ days: Int64) -> (Int64, Int64, Int64) {
        let shifted = days + 719_468
        guard shifted >= 0 else { return (0, 0, 0) }
        let era = shifted / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let month = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * month + 2) / 5 + 1
        let calendarMonth = month < 10 ? month + 3 : month - 9
        return (yearOfEra + era * 400 + (calendarMonth <= 2 ? 1 : 0), calendarMonth, day)
    }

    private static func padded(_ value: Int64, _ width: Int) -> [UInt8] {
        let digits = ASCII.digits(UInt64(clamping: value))
        return [UInt8](repeating: 0x30, count: max(0, width - digits.count)) + digits
    }

    private static func name(
        _ cursor: inout Cursor, _ names: [StaticString]
    ) throws(SIPParseError) -> Int64 {
        let start = cursor.index
        let text = cursor.take(while: .alpha)
        guard let index = names.firstIndex(where: { ASCII.equalsIgnoringCase(text, $0) }) else {
            throw SIPParseError(.dateSyntax, at: start)
        }
        return Int64(index)
    }

    private static func digits(
        _ cursor: inout Cursor, _ count: Int
    ) throws(SIPParseError) -> Int64 {
        let start = cursor.index
        let text = cursor.take(while: .digit)
        guard text.count == count, let value = ASCII.number(text, limit: 9_999) else {
            throw SIPParseError(.dateSyntax, at: start)
        }
        return Int64(value)
    }

    private static func literal(
        _ cursor: inout Cursor, _ text: StaticString
    ) throws(SIPParseError) {
        for byte in text.octets {
            guard cursor.take(byte) else { throw cursor.error(.dateSyntax) }
        }
    }
}
