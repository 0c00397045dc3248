internal import Glibc

/// The zone of calendar times: that of the process (`TZ`, `localtime(3)`), or UTC.
package enum TimeZoneChoice: Sendable, Hashable {
  /// The zone that `TZ`, or else `/etc/localtime`, names.
  case local
  /// Coordinated universal time.
  case utc
}

/// A date and a time of day, without fractions of a second.
struct CalendarTime: Equatable {
  var year: Int
  var month: Int
  var day: Int
  var hour = 0
  var minute = 0
  var second = 0

  /// Returns the calendar time of a second since the epoch, and how far its zone is ahead of UTC, in seconds.
  static func of(_ seconds: Int64, _ zone: TimeZoneChoice) -> (CalendarTime, offset: Int) {
    var time = time_t(seconds)
    var parts = tm()
    switch zone {
    case .local: localtime_r(&time, &parts)
    case .utc: gmtime_r(&time, &parts)
    }
    return (
      CalendarTime(
        year: Int(parts.tm_year) + 1900, month: Int(parts.tm_mon) + 1, day: Int(parts.tm_mday),
        hour: Int(parts.tm_hour), minute: Int(parts.tm_min), second: Int(parts.tm_sec)),
      Int(parts.tm_gmtoff)
    )
  }

  /// Returns the seconds since the epoch; nil if the zone has no such calendar time.
  func seconds(in zone: TimeZoneChoice) -> Int64? {
    guard (1970...9999).contains(year), (1...12).contains(month), (1...31).contains(day),
      (0...23).contains(hour), (0...59).contains(minute), (0...59).contains(second)
    else { return nil }
    var parts = tm()
    parts.tm_year = Int32(year - 1900)
    parts.tm_mon = Int32(month - 1)
    parts.tm_mday = Int32(day)
    parts.tm_hour = Int32(hour)
    parts.tm_min = Int32(minute)
    parts.tm_sec = Int32(second)
    parts.tm_isdst = -1
    let time =
      switch zone {
      case .local: mktime(&parts)
      case .utc: timegm(&parts)
      }
    // mktime(3) and timegm(3) turn February 30, and mktime(3) an hour that the change to summer time skips,
    // into another time.
    return CalendarTime.of(Int64(time), zone).0 == self ? Int64(time) : nil
  }

  /// Returns the first second of its day; nil if the calendar has no such day, or the zone skipped it, as Samoa
  /// did in 2011.
  func startOfDay(in zone: TimeZoneChoice) -> Int64? {
    let day = CalendarTime(year: year, month: month, day: self.day)
    guard let midnight = day.seconds(in: .utc) else { return nil }
    if zone == .utc { return midnight }
    // No zone is more than 15 hours from UTC, or changes by less than a quarter of an hour.
    let (reach, step): (Int64, Int64) = (15 * 3600, 900)
    let later = stride(from: midnight - reach, through: midnight + reach, by: Int64.Stride(step))
      .first { !CalendarTime.of($0, zone).0.isOfDay(before: day) }
    guard var high = later else { return nil }
    var low = high - step
    while high - low > 1 {
      let middle = low + (high - low) / 2
      if CalendarTime.of(middle, zone).0.isOfDay(before: day) {
        low = middle
      } else {
        high = middle
      }
    }
    return CalendarTime.of(high, zone).0.isOfDay(day) ? high : nil
  }

  private func isOfDay(_ other: CalendarTime) -> Bool {
    (year, month, day) == (other.year, other.month, other.day)
  }

  private func isOfDay(before other: CalendarTime) -> Bool {
    (year, month, day) < (other.year, other.month, other.day)
  }

  /// Returns the name of the local zone at a second since the epoch, such as `CET`.
  static func zoneName(at seconds: Int64) -> String? {
    var time = time_t(seconds)
    var parts = tm()
    guard localtime_r(&time, &parts) != nil else { return nil }
    return parts.tm_zone.map { String(cString: $0) }
  }

  private static let weekdays = [
    "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday",
  ]

  /// Returns the day of the week that a word names in English, in whole or by its first three letters; Sunday
  /// is 0.
  static func weekday(_ word: Substring) -> Int? {
    weekdays.firstIndex { $0 == word || $0.prefix(3) == word }
  }

  /// The day of the week; nil if the calendar has no such day.
  var weekday: Int? {
    // The epoch was a Thursday.
    CalendarTime(year: year, month: month, day: day).seconds(in: .utc)
      .map { Int(($0 / 86400 + 4) % 7) }
  }
}
