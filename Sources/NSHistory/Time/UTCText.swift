/// A time in UTC as the bytes of an export, by arithmetic alone: an export has two in every row, and
/// gmtime_r(3) and strings take longer than all the rest of a row.
///
/// The bytes are ASCII, eight in a word, the first in its lowest byte.
package struct UTCText: Sendable {
  /// What `TimeFormat.utc(_:)` says has 30 bytes, what `TimeFormat.start(_:)` says 23.
  package let words: (UInt64, UInt64, UInt64, UInt64)
  /// How many bytes it has.
  package let count: Int

  /// What `TimeFormat.utc(_:)` says of nanoseconds since the epoch.
  ///
  /// - Parameter calendar: the days of times before it.
  @inlinable
  package init(_ nanoseconds: Int64, _ calendar: inout UTCDay) {
    let (second, fraction) = calendar.second(nanoseconds)
    let clock = Self.clock(second)
    let digits = Self.digits(fraction / 10)
    let last = Self.letter("0") | UInt64(fraction % 10)
    words = (
      calendar.words.0, calendar.words.1 | clock.0, clock.1 | digits << 32,
      digits >> 32 | last << 32 | Self.letter("Z") << 40
    )
    count = 30
  }

  /// What `TimeFormat.start(_:)` says of nanoseconds since the epoch.
  @inlinable
  package init(start nanoseconds: Int64, _ calendar: inout UTCDay) {
    let (second, fraction) = calendar.second(nanoseconds)
    let clock = Self.clock(second)
    let digits = Self.digits(fraction / 10_000_000) >> 48
    words = (
      calendar.words.0, calendar.words.1 | clock.0,
      clock.1 | digits << 32 | Self.letter("Z") << 48, 0
    )
    count = 23
  }

  /// A number of at most eight digits as eight digits, the first in the lowest byte. They are split in
  /// halves, all at once: of four digits, then two, then one.
  @inlinable
  package static func digits(_ number: UInt32) -> UInt64 {
    var parts = UInt64(number / 10_000) | UInt64(number % 10_000) << 32
    let hundreds = (parts &* 10_486) >> 20 & 0x0000_007F_0000_007F
    parts = hundreds | (parts &- hundreds &* 100) << 16
    let tens = (parts &* 103) >> 10 & 0x000F_000F_000F_000F
    parts = tens | (parts &- tens &* 10) << 8
    return parts | 0x3030_3030_3030_3030
  }

  /// `10:00` behind three bytes, and `:00.`, of a second of a day.
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

  /// Its bytes.
  package var bytes: [UInt8] {
    let words = [words.0, words.1, words.2, words.3]
    return (0..<count).map { UInt8(truncatingIfNeeded: words[$0 / 8] >> ($0 % 8 * 8)) }
  }
}

/// The day of the time that was reported last: the next is mostly of the same.
package struct UTCDay: Sendable {
  /// Its first nanosecond; nil for the first day that there is, which began before all of them.
  @usableFromInline var start: Int64? = 0
  /// `1970-01-` and `01T`, as in `UTCText`.
  @usableFromInline var words = UTCDay.words(0)

  @usableFromInline static let length: Int64 = 86_400_000_000_000

  /// The day of the epoch.
  package init() {}

  /// Goes to the day of a time; gives its second in that, and the nanoseconds in that.
  @inlinable
  mutating func second(_ nanoseconds: Int64) -> (second: UInt32, fraction: UInt32) {
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

  /// The date of a day since the epoch, in the Gregorian calendar. A year is counted from March, so
  /// that the day that is not in each comes last, and 400 years are 146,097 days.
  private static func words(_ days: Int64) -> (UInt64, UInt64) {
    // From 0000-03-01 on. Nanoseconds in 64 bits are of the years 1677 to 2262.
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
