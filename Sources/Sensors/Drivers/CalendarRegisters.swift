/// The time as the clocks of Dallas and Maxim keep it: seven registers in binary-coded decimal, for the years 2000 to
/// 2099 (DS1338 datasheet 19-4702, table "Timekeeper Registers"; DS3231 datasheet 19-5170, figure 1).
enum CalendarRegisters {
    /// The seconds since 1970-01-01T00:00:00Z that can be kept.
    static let range: ClosedRange<Int64> = 946_684_800...4_102_444_799

    /// Nil for what is no time, such as 31 February. A clock that was set by others may count twelve hours twice a day.
    static func decode(_ registers: [UInt8]) -> Int64? {
        guard let second = decimal(registers[0] & 0x7F, in: 0...59), let minute = decimal(registers[1], in: 0...59),
            let hour = hour(registers[2]), let day = decimal(registers[4], in: 1...31),
            // Bit 7 is the DS3231's century, which begins in 2100.
            let month = decimal(registers[5] & 0x7F, in: 1...12), let year = decimal(registers[6], in: 0...99)
        else { return nil }
        let days = daysFromCivil(year: 2000 + year, month: month, day: day)
        // The days that a month does not have would be the next one's.
        guard civil(days: days).day == day else { return nil }
        return Int64(((days * 24 + hour) * 60 + minute) * 60 + second)
    }

    /// - Parameter time: within ``range``.
    static func encode(_ time: Int64) -> [UInt8] {
        let days = Int(time / 86_400)
        let seconds = Int(time % 86_400)
        let (year, month, day) = civil(days: days)
        // 1970-01-01 was a Thursday; Sunday is 1.
        let weekday = (days + 4) % 7 + 1
        return [seconds % 60, seconds / 60 % 60, seconds / 3600, weekday, day, month, year - 2000].map {
            UInt8(($0 / 10) << 4 | $0 % 10)
        }
    }

    private static func hour(_ register: UInt8) -> Int? {
        // Bit 6: twelve hours, and bit 5 the second twelve of them.
        guard register & 0x40 != 0 else { return decimal(register, in: 0...23) }
        return decimal(register & 0x1F, in: 1...12).map { $0 % 12 + (register & 0x20 == 0 ? 0 : 12) }
    }

    private static func decimal(_ byte: UInt8, in range: ClosedRange<Int>) -> Int? {
        let (tens, ones) = (Int(byte >> 4), Int(byte & 0x0F))
        let value = tens * 10 + ones
        return ones <= 9 && range.contains(value) ? value : nil
    }

    /// Days since 1970-01-01 in the Gregorian calendar, whose 400 years of 146,097 days begin here with 1 March 2000: so
    /// the day that leap years add is a year's last. Right for 2000 and later.
    private static func daysFromCivil(year: Int, month: Int, day: Int) -> Int {
        let isEarly = month <= 2
        let yearOfEra = year - 2000 - (isEarly ? 1 : 0)
        // January and February of 2000 belong to the year before the first.
        guard yearOfEra >= 0 else { return 10_957 + (month == 2 ? 31 : 0) + day - 1 }
        return 11_017 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + daysBefore(month) + day - 1
    }

    /// Days from 1 March to the first of the month.
    private static func daysBefore(_ month: Int) -> Int { (153 * ((month + 9) % 12) + 2) / 5 }

    private static func civil(days: Int) -> (year: Int, month: Int, day: Int) {
        // At most two steps, as the guess is never late by more than a year.
        var year = 2000 + (days - 10_957) / 366
        while daysFromCivil(year: year + 1, month: 1, day: 1) <= days { year += 1 }
        var month = 12
        while daysFromCivil(year: year, month: month, day: 1) > days { month -= 1 }
        return (year, month, days - daysFromCivil(year: year, month: month, day: 1) + 1)
    }
}
