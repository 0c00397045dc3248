/// Times as text: RFC 3339.
package enum TimeFormat {
  private static let billion: Int64 = 1_000_000_000

  /// In UTC with nine digits: `2026-11-23T10:00:00.000000000Z`. For JSON and CSV.
  package static func utc(_ nanoseconds: Int64) -> String {
    let (seconds, rest) = split(nanoseconds)
    let (time, _) = CalendarTime.of(seconds, .utc)
    return "\(date(time))T\(clock(time)).\(digits(rest, 9))Z"
  }

  /// A start time of a process in UTC, as exact as a clock tick tells it:
  /// `2026-11-23T10:00:00.43Z`.
  package static func start(_ nanoseconds: Int64) -> String {
    let (seconds, rest) = split(nanoseconds)
    let (time, _) = CalendarTime.of(seconds, .utc)
    return "\(date(time))T\(clock(time)).\(digits(rest / 10_000_000, 2))Z"
  }

  /// For people, to the millisecond and with the offset: `2026-11-23 10:00:00.000+01:00`. Cut,
  /// not rounded, so that no time is shown that had not come.
  package static func localTime(_ nanoseconds: Int64, _ zone: TimeZoneChoice) -> String {
    let (seconds, rest) = split(nanoseconds)
    let (time, offset) = CalendarTime.of(seconds, zone)
    return "\(date(time)) \(clock(time)).\(digits(rest / 1_000_000, 3))\(suffix(offset, zone))"
  }

  /// A start time of a process for people, as exact as a clock tick tells it:
  /// `2026-11-23 10:00:00.43+01:00`.
  package static func localTime(start nanoseconds: Int64, _ zone: TimeZoneChoice) -> String {
    let (seconds, rest) = split(nanoseconds)
    let (time, offset) = CalendarTime.of(seconds, zone)
    return "\(date(time)) \(clock(time)).\(digits(rest / 10_000_000, 2))\(suffix(offset, zone))"
  }

  /// The time of day: `10:00:00`, or `10:00:00.000`.
  package static func timeOfDay(
    _ nanoseconds: Int64, _ zone: TimeZoneChoice, milliseconds: Bool = false
  ) -> String {
    let (seconds, rest) = split(nanoseconds)
    let time = clock(CalendarTime.of(seconds, zone).0)
    return milliseconds ? "\(time).\(digits(rest / 1_000_000, 3))" : time
  }

  /// The day and the time of day: `11-23 10:00`.
  package static func dayAndTime(_ nanoseconds: Int64, _ zone: TimeZoneChoice) -> String {
    let time = CalendarTime.of(split(nanoseconds).0, zone).0
    return "\(two(time.month))-\(two(time.day)) \(two(time.hour)):\(two(time.minute))"
  }

  /// A length of time, to three digits or so: `1.8 s`, `12 ms`, `3 h 20 min`.
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

  private static func split(_ nanoseconds: Int64) -> (Int64, Int64) {
    let rest = nanoseconds % billion
    return rest < 0
      ? (nanoseconds / billion - 1, rest + billion) : (nanoseconds / billion, rest)
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
