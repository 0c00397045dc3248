package import NamespaceModel

/// Formats times as text, by RFC 3339.
package enum TimeFormat {
  private static let billion: Int64 = 1_000_000_000

  /// Returns a time in UTC with nine decimals, for JSON and CSV: `2026-11-23T10:00:00.000000000Z`.
  package static func utc(_ time: WallTime) -> String {
    let (seconds, rest) = split(time)
    let (calendar, _) = CalendarTime.of(seconds, .utc)
    return "\(date(calendar))T\(clock(calendar)).\(digits(rest, 9))Z"
  }

  /// Returns the start time of a process in UTC, with the precision of a clock tick: `2026-11-23T10:00:00.43Z`.
  package static func start(_ time: WallTime) -> String {
    let (seconds, rest) = split(time)
    let (calendar, _) = CalendarTime.of(seconds, .utc)
    return "\(date(calendar))T\(clock(calendar)).\(digits(rest / 10_000_000, 2))Z"
  }

  /// Returns a time for people, to the millisecond and with the offset: `2026-11-23 10:00:00.000+01:00`. The
  /// fraction is truncated, not rounded, so that the text never shows a later time than the given one.
  package static func localTime(_ time: WallTime, _ zone: TimeZoneChoice) -> String {
    let (seconds, rest) = split(time)
    let (calendar, offset) = CalendarTime.of(seconds, zone)
    return
      "\(date(calendar)) \(clock(calendar)).\(digits(rest / 1_000_000, 3))\(suffix(offset, zone))"
  }

  /// Returns the start time of a process for people, with the precision of a clock tick: `2026-11-23
  /// 10:00:00.43+01:00`.
  package static func localTime(start time: WallTime, _ zone: TimeZoneChoice) -> String {
    let (seconds, rest) = split(time)
    let (calendar, offset) = CalendarTime.of(seconds, zone)
    return
      "\(date(calendar)) \(clock(calendar)).\(digits(rest / 10_000_000, 2))\(suffix(offset, zone))"
  }

  /// Returns the time of day: `10:00:00`, or `10:00:00.000`.
  package static func timeOfDay(
    _ time: WallTime, _ zone: TimeZoneChoice, milliseconds: Bool = false
  ) -> String {
    let (seconds, rest) = split(time)
    let text = clock(CalendarTime.of(seconds, zone).0)
    return milliseconds ? "\(text).\(digits(rest / 1_000_000, 3))" : text
  }

  /// Returns the day and the time of day: `11-23 10:00`.
  package static func dayAndTime(_ time: WallTime, _ zone: TimeZoneChoice) -> String {
    let calendar = CalendarTime.of(split(time).0, zone).0
    return
      "\(two(calendar.month))-\(two(calendar.day)) \(two(calendar.hour)):\(two(calendar.minute))"
  }

  /// Returns how far a zone is ahead of UTC at a time, in nanoseconds.
  package static func offset(of time: WallTime, in zone: TimeZoneChoice) -> Int64 {
    Int64(CalendarTime.of(split(time).0, zone).offset) * billion
  }

  /// Returns a length of time, to three digits or so: `1.8 s`, `12 ms`, `3 h 20 min`.
  package static func duration(_ nanoseconds: Int64) -> String {
    let length = nanoseconds.magnitude
    switch length {
    case ..<1_000_000: return "\(length / 1000) µs"
    case ..<1_000_000_000: return "\(length / 1_000_000) ms"
    case ..<60_000_000_000:
      return "\(length / 1_000_000_000).\(length / 100_000_000 % 10) s"
    case ..<3_600_000_000_000:
      return "\(length / 60_000_000_000) min \(length / 1_000_000_000 % 60) s"
    case ..<86_400_000_000_000:
      return "\(length / 3_600_000_000_000) h \(length / 60_000_000_000 % 60) min"
    default:
      return "\(length / 86_400_000_000_000) d \(length / 3_600_000_000_000 % 24) h"
    }
  }

  /// Returns the second since the epoch, and the nanoseconds in that second.
  private static func split(_ time: WallTime) -> (Int64, Int64) {
    let (seconds, rest) = time.nanoseconds.quotientAndRemainder(dividingBy: billion)
    return rest < 0 ? (seconds - 1, rest + billion) : (seconds, rest)
  }

  private static func date(_ time: CalendarTime) -> String {
    "\(digits(Int64(time.year), 4))-\(two(time.month))-\(two(time.day))"
  }

  private static func clock(_ time: CalendarTime) -> String {
    "\(two(time.hour)):\(two(time.minute)):\(two(time.second))"
  }

  private static func suffix(_ offset: Int, _ zone: TimeZoneChoice) -> String {
    if zone == .utc { return "Z" }
    let minutes = abs(offset) / 60
    return "\(offset < 0 ? "-" : "+")\(two(minutes / 60)):\(two(minutes % 60))"
  }

  private static func two(_ number: Int) -> String { digits(Int64(number), 2) }

  private static func digits(_ number: Int64, _ width: Int) -> String {
    let text = String(number)
    return String(repeating: "0", count: max(0, width - text.count)) + text
  }
}

/// A time in UTC as the bytes of an export, computed by arithmetic alone: an export has two times in every row,
/// and gmtime_r(3) with strings takes longer than all the rest of a row.
///
/// The bytes are ASCII, eight in a word, the first in its lowest byte.
package struct UTCText: Sendable {
  /// The bytes: 30 for the text of `TimeFormat.utc(_:)`, 23 for that of `TimeFormat.start(_:)`.
  package let words: (UInt64, UInt64, UInt64, UInt64)
  /// The number of bytes.
  package let count: Int

  /// Formats a time as `TimeFormat.utc(_:)` does.
  ///
  /// - Parameter calendar: the day of the time that was formatted before; set to the day of this one.
  @inlinable
  package init(_ time: WallTime, _ calendar: inout UTCDay) {
    let (second, fraction) = calendar.second(time)
    let clock = Self.clock(second)
    let digits = Self.digits(fraction / 10)
    let last = Self.letter("0") | UInt64(fraction % 10)
    words = (
      calendar.words.0, calendar.words.1 | clock.0, clock.1 | digits << 32,
      digits >> 32 | last << 32 | Self.letter("Z") << 40
    )
    count = 30
  }

  /// Formats a time as `TimeFormat.start(_:)` does.
  @inlinable
  package init(start time: WallTime, _ calendar: inout UTCDay) {
    let (second, fraction) = calendar.second(time)
    let clock = Self.clock(second)
    let digits = Self.digits(fraction / 10_000_000) >> 48
    words = (
      calendar.words.0, calendar.words.1 | clock.0,
      clock.1 | digits << 32 | Self.letter("Z") << 48, 0
    )
    count = 23
  }

  /// Returns a number of at most eight digits as eight ASCII digits, the first in the lowest byte. The number
  /// is split in halves, with all parts in one word: of four digits, then two, then one.
  @inlinable
  package static func digits(_ number: UInt32) -> UInt64 {
    var parts = UInt64(number / 10_000) | UInt64(number % 10_000) << 32
    let hundreds = (parts &* 10_486) >> 20 & 0x0000_007F_0000_007F
    parts = hundreds | (parts &- hundreds &* 100) << 16
    let tens = (parts &* 103) >> 10 & 0x000F_000F_000F_000F
    parts = tens | (parts &- tens &* 10) << 8
    return parts | 0x3030_3030_3030_3030
  }

  /// Returns the text of a second of a day in two words: `10:00` after three empty bytes, and `:00.`.
  @inlinable
  static func clock(_ second: UInt32) -> (UInt64, UInt64) {
    let clock = digits(
      second / 3600 &* 10_000 &+ second / 60 % 60 &* 100 &+ second % 60)
    return (
      (clock >> 16 & 0xFFFF) << 24 | letter(":") << 40 | (clock >> 32 & 0xFFFF) << 48,
      letter(":") | (clock >> 48) << 8 | letter(".") << 24
    )
  }

  @inlinable
  static func letter(_ letter: Unicode.Scalar) -> UInt64 { UInt64(letter.value) }

  /// The bytes of the text as an array.
  package var bytes: [UInt8] {
    let words = [words.0, words.1, words.2, words.3]
    return (0..<count).map { UInt8(truncatingIfNeeded: words[$0 / 8] >> ($0 % 8 * 8)) }
  }
}

/// The day of the time that was formatted last: the next time is mostly of the same day.
package struct UTCDay: Sendable {
  /// The first nanosecond of the day, since the epoch; nil for the earliest day that 64 bits can represent,
  /// because that day began before the earliest time.
  @usableFromInline var start: Int64? = 0
  /// The date in two words, such as `1970-01-` and `01T`, as in `UTCText`.
  @usableFromInline var words = UTCDay.words(0)

  @usableFromInline static let length: Int64 = 86_400_000_000_000

  /// Creates the day of the epoch.
  package init() {}

  /// Moves to the day of a time. Returns the second in that day, and the nanoseconds in that second.
  @inlinable
  mutating func second(_ time: WallTime) -> (second: UInt32, fraction: UInt32) {
    let nanoseconds = time.nanoseconds
    var (rest, isFar) = nanoseconds.subtractingReportingOverflow(start ?? 0)
    if isFar || rest < 0 || rest >= 86_400_000_000_000 || start == nil {
      rest = go(to: nanoseconds)
    }
    let ofDay = UInt64(bitPattern: rest)
    let second = UInt32(truncatingIfNeeded: ofDay / 1_000_000_000)
    return (second, UInt32(truncatingIfNeeded: ofDay &- UInt64(second) &* 1_000_000_000))
  }

  @usableFromInline
  mutating func go(to nanoseconds: Int64) -> Int64 {
    var days = nanoseconds / Self.length
    var rest = nanoseconds % Self.length
    if rest < 0 {
      days -= 1
      rest += Self.length
    }
    let (first, isBeforeAll) = days.multipliedReportingOverflow(by: Self.length)
    start = isBeforeAll ? nil : first
    words = Self.words(days)
    return rest
  }

  /// Returns the date of a day since the epoch, in the Gregorian calendar. A year is counted from March, so
  /// that February 29 comes last in its year, and 400 years are 146,097 days.
  private static func words(_ days: Int64) -> (UInt64, UInt64) {
    // The days are counted from 0000-03-01. Nanoseconds in 64 bits cover the years 1677 to 2262.
    let day = UInt32(days + 719_468)
    let ofEra = day % 146_097
    let yearOfEra = (ofEra - ofEra / 1460 + ofEra / 36_524 - ofEra / 146_096) / 365
    let ofYear = ofEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let fromMarch = (5 * ofYear + 2) / 153
    let month = fromMarch < 10 ? fromMarch + 3 : fromMarch - 9
    let year = day / 146_097 * 400 + yearOfEra + (month <= 2 ? 1 : 0)
    let date = UTCText.digits(
      year * 10_000 + month * 100 + ofYear - (153 * fromMarch + 2) / 5 + 1)
    let dash = UTCText.letter("-")
    return (
      date & 0xFFFF_FFFF | dash << 32 | (date >> 32 & 0xFFFF) << 40 | dash << 56,
      date >> 48 | UTCText.letter("T") << 16
    )
  }
}
