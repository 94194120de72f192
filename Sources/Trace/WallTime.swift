// SPDX-License-Identifier: Apache-2.0

/// A time of day without a library.
public enum WallTime {
    /// "2026-11-29 10:28:30.123456", UTC.
    public static func text(us: UInt64) -> String {
        let seconds = us / 1_000_000
        let ofDay = Int(seconds % 86_400)
        let clock = [ofDay / 3600, ofDay / 60 % 60, ofDay % 60].map { self.padded($0, 2) }
        return "\(self.day(s: seconds)) "
            + clock.joined(separator: ":") + "." + self.padded(Int(us % 1_000_000), 6)
    }

    /// "2026-11-29", UTC.
    public static func day(s seconds: UInt64) -> String {
        let (year, month, day) = self.date(days: Int(seconds / 86_400))
        return "\(self.padded(year, 4))-\(self.padded(month, 2))-\(self.padded(day, 2))"
    }

    static func padded(_ value: Int, _ width: Int) -> String {
        let digits = String(value)
        return String(repeating: "0", count: max(width - digits.utf8.count, 0)) + digits
    }

    /// Days since 1970-01-01 in the Gregorian calendar, counted in eras of 400 years that begin
    /// on the first of March.
    private static func date(days: Int) -> (year: Int, month: Int, day: Int) {
        let shifted = days + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted % 146_097
        let yearOfEra =
            (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
    }
}
