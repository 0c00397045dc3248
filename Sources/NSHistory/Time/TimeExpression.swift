package import NamespaceModel

/// A time as a person writes it.
///
/// RFC 3339, `2026-11-23 10:00[:00[.5]]`, `2026-11-23`, `10:00`, `now`, `today`,
/// `yesterday [10:00]`, `-5m`, `5m ago`, `1 hour ago`, `3d2h ago`, `@1700000000.5`, and
/// what journalctl(1) takes or prints: `Sat 2026-11-28 20:58:00 UTC`. Without a zone it is in the
/// zone given.
package enum TimeExpression {
  private static let billion: Int64 = 1_000_000_000

  /// Parses a time; nil if the text is no time, or may mean two.
  ///
  /// - Parameter now: the time to which `now`, `today` and `5m ago` are relative.
  package static func parse(_ text: String, now: WallTime, zone: TimeZoneChoice) -> WallTime? {
    let meanings = meanings(of: text, now: now, zone: zone)
    return meanings.count == 1 ? meanings[0] : nil
  }

  /// Returns every time that the text may mean, in order: none if it is no time, and two in the hour
  /// that occurs twice when summer time ends.
  package static func meanings(of text: String, now: WallTime, zone: TimeZoneChoice) -> [WallTime] {
    let text = text.split(separator: " ").joined(separator: " ")
    if let reading = reading(of: text, now: now, zone: zone) {
      return reading.isOfOneMoment ? [reading.time] : all(reading.time, in: zone)
    }
    // The text may end with the abbreviation of the local zone at that time: `2026-11-28 20:58:00 CET`.
    guard zone == .local, let space = text.lastIndex(of: " ") else { return [] }
    let name = text[text.index(after: space)...]
    guard (2...6).contains(name.count), name.allSatisfy({ $0.isUppercase }),
      let reading = reading(of: String(text[..<space]), now: now, zone: zone),
      reading.digit != nil || reading.isDay
    else { return [] }
    let times = reading.isDay ? [reading.time] : all(reading.time, in: zone)
    return times.filter { CalendarTime.zoneName(at: $0.nanoseconds / billion) == String(name) }
  }

  /// Returns the precision of the text, in nanoseconds: the value of one unit of its last digit. A time
  /// printed as `10:00:00.129` may be any in that millisecond. Zero for a time without seconds, which is
  /// exact.
  package static func lastDigit(of text: String, now: WallTime, zone: TimeZoneChoice) -> Int64 {
    let text = text.split(separator: " ").joined(separator: " ")
    return reading(of: text, now: now, zone: zone)?.digit ?? 0
  }

  /// A parsed text.
  private struct Reading {
    var time: WallTime
    /// Whether the text means exactly one moment. False for a local time of day, which a clock may show twice. A day
    /// means its first moment.
    var isOfOneMoment = true
    /// Whether the text is a day without a time of day.
    var isDay = false
    /// The value of one unit of its last digit, in nanoseconds; 0 for `10:00`, and nil for a text without a time of day
    /// and without seconds since the epoch.
    var digit: Int64?
  }

  /// Returns a local time together with the other time at which clocks showed the same.
  private static func all(_ time: WallTime, in zone: TimeZoneChoice) -> [WallTime] {
    guard zone == .local else { return [time] }
    let (seconds, rest) = time.nanoseconds.quotientAndRemainder(dividingBy: billion)
    let shown = CalendarTime.of(seconds, zone).0
    // Zones set clocks back by an hour; Lord Howe Island by half an hour.
    return [-3600, -1800, 0, 1800, 3600].map { seconds + $0 }
      .filter { CalendarTime.of($0, zone).0 == shown }
      .compactMap { Self.time(seconds: $0, rest) }
  }

  /// Parses a time; nil for one before 1970.
  private static func reading(of text: String, now: WallTime, zone: TimeZoneChoice) -> Reading? {
    parsed(text, now: now, zone: zone).flatMap { $0.time.nanoseconds >= 0 ? $0 : nil }
  }

  private static func parsed(_ text: String, now: WallTime, zone: TimeZoneChoice) -> Reading? {
    if text == "now" { return Reading(time: now) }
    if let rest = text.removing(prefix: "@") {
      return DecimalSeconds.parse(rest).map {
        Reading(time: WallTime(nanoseconds: $0), digit: lastDigit(ofSeconds: rest))
      }
    }
    if let rest = text.removing(prefix: "-"), let ago = DurationExpression.parse(rest) {
      return Reading(time: now - ago)
    }
    if let rest = text.removing(suffix: " ago"), let ago = DurationExpression.parse(rest) {
      return Reading(time: now - ago)
    }
    for name in [" UTC", " GMT"] {
      guard let rest = text.removing(suffix: name) else { continue }
      return calendar(rest, now: now, zone: .utc).map { reading in
        Reading(time: reading.time, isDay: reading.isDay, digit: reading.digit)
      }
    }
    return calendar(text, now: now, zone: zone)
  }

  /// Parses a day, or a time of day.
  private static func calendar(_ text: String, now: WallTime, zone: TimeZoneChoice) -> Reading? {
    let today = CalendarTime.of(now.nanoseconds / billion, zone).0
    if text == "today" { return start(of: today, in: zone) }
    if let rest = text.removing(prefix: "today ") { return on(today, rest, zone) }
    if text == "yesterday" { return start(of: dayBefore(today), in: zone) }
    if let rest = text.removing(prefix: "yesterday ") { return on(dayBefore(today), rest, zone) }
    return on(today, text, zone) ?? dated(text, zone)
  }

  /// Returns the first moment of a day: midnight, or, if the clock was set forward over midnight, the
  /// first time after it.
  private static func start(of day: CalendarTime, in zone: TimeZoneChoice) -> Reading? {
    day.startOfDay(in: zone).flatMap { time(seconds: $0, 0) }
      .map { Reading(time: $0, isDay: true) }
  }

  /// Returns the time some nanoseconds after a second since the epoch; nil past the year 2262.
  private static func time(seconds: Int64, _ rest: Int64) -> WallTime? {
    DecimalSeconds.nanoseconds(seconds, rest).map(WallTime.init(nanoseconds:))
  }

  private static func dayBefore(_ day: CalendarTime) -> CalendarTime {
    let noon = CalendarTime(year: day.year, month: day.month, day: day.day, hour: 12)
    return CalendarTime.of((noon.seconds(in: .utc) ?? 0) - 86400, .utc).0
  }

  /// Parses `10:00[:00[.5]]` as a time on a day.
  private static func on(
    _ day: CalendarTime, _ clock: String, _ zone: TimeZoneChoice
  ) -> Reading? {
    let parts = clock.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 2 || parts.count == 3, let hour = DecimalSeconds.number(parts[0], 1...2),
      let minute = DecimalSeconds.number(parts[1], 2...2)
    else { return nil }
    let last = parts.count == 3 ? parts[2] : "00"
    let seconds = last.split(separator: ".", omittingEmptySubsequences: false)
    guard seconds.count <= 2, let second = DecimalSeconds.number(seconds[0], 2...2) else {
      return nil
    }
    var fraction: Int64 = 0
    if seconds.count == 2 {
      guard let part = DecimalSeconds.fraction(seconds[1]) else { return nil }
      fraction = part
    }
    return CalendarTime(
      year: day.year, month: day.month, day: day.day, hour: hour, minute: minute, second: second
    ).seconds(in: zone).flatMap { Self.time(seconds: $0, fraction) }.map { time in
      Reading(
        time: time, isOfOneMoment: zone == .utc,
        digit: parts.count == 3 ? lastDigit(ofSeconds: last) : 0)
    }
  }

  /// Returns the value of one unit of the last digit of seconds, with or without a decimal fraction.
  private static func lastDigit(ofSeconds text: some StringProtocol) -> Int64 {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    return DecimalSeconds.weight(ofDigit: parts.count == 2 ? parts[1].utf8.count : 0)
  }

  /// Parses a date, with or without a time of day, with or without a zone.
  private static func dated(_ text: String, _ zone: TimeZoneChoice) -> Reading? {
    if let space = text.firstIndex(of: " "), let weekday = CalendarTime.weekday(text[..<space]) {
      // `date` and journalctl(1) print the weekday first. A weekday that does not match the date is an
      // error.
      let rest = String(text[text.index(after: space)...])
      guard let date = day(rest.prefix { $0 != " " }), date.weekday == weekday else { return nil }
      return dated(rest, zone)
    }
    let parts = text.split(
      maxSplits: 1, whereSeparator: { $0 == "T" || $0 == "t" || $0 == " " })
    guard let date = parts.first, let calendar = day(date) else { return nil }
    guard parts.count == 2 else { return start(of: calendar, in: zone) }
    let clock = String(parts[1])
    if let utc = clock.removing(suffix: "Z") ?? clock.removing(suffix: "z") {
      return on(calendar, utc, .utc)
    }
    guard let sign = clock.lastIndex(where: { $0 == "+" || $0 == "-" }) else {
      return on(calendar, clock, zone)
    }
    guard let ahead = offset(clock[clock.index(after: sign)...]) else { return nil }
    let time = clock[..<sign]
    let shown = on(calendar, String(time.last == " " ? time.dropLast() : time), .utc)
    return shown.flatMap { reading in
      let (moved, over) = reading.time.nanoseconds.subtractingReportingOverflow(
        clock[sign] == "-" ? -ahead : ahead)
      return over ? nil : Reading(time: WallTime(nanoseconds: moved), digit: reading.digit)
    }
  }

  /// Parses a date such as `2026-11-23`.
  private static func day(_ text: Substring) -> CalendarTime? {
    let fields = text.split(separator: "-", omittingEmptySubsequences: false)
    guard fields.count == 3, let year = DecimalSeconds.number(fields[0], 4...4),
      let month = DecimalSeconds.number(fields[1], 2...2),
      let day = DecimalSeconds.number(fields[2], 2...2)
    else { return nil }
    return CalendarTime(year: year, month: month, day: day)
  }

  /// Parses the offset of a zone ahead of UTC into nanoseconds: `01:00`, or `0100` as `date` prints it.
  private static func offset(_ text: Substring) -> Int64? {
    let fields =
      text.utf8.count == 4
      ? [text.prefix(2), text.suffix(2)]
      : text.split(separator: ":", omittingEmptySubsequences: false)
    guard fields.count == 2, let hours = DecimalSeconds.number(fields[0], 2...2), hours < 24,
      let minutes = DecimalSeconds.number(fields[1], 2...2), minutes < 60
    else { return nil }
    return Int64(hours * 3600 + minutes * 60) * billion
  }
}

extension String {
  fileprivate func removing(prefix: String) -> String? {
    hasPrefix(prefix) ? String(dropFirst(prefix.count)) : nil
  }

  fileprivate func removing(suffix: String) -> String? {
    hasSuffix(suffix) ? String(dropLast(suffix.count)) : nil
  }
}

/// A length of time as a person writes it: `3d2h`, `1.5s`, `5min`, `1 hour 30 min`.
package enum DurationExpression {
  /// The length of a unit: a number of seconds, or a fraction of a second.
  private enum Unit {
    case seconds(Int64)
    case part(ofSecond: Int64)
  }

  /// The names of each unit in systemd.time(7). Months and years are left out, as they have no fixed
  /// length.
  private static let units: [(names: [String], unit: Unit)] = [
    (["usec", "us", "µs", "μs"], .part(ofSecond: 1_000_000)),
    (["msec", "ms"], .part(ofSecond: 1000)),
    (["seconds", "second", "sec", "s"], .seconds(1)),
    (["minutes", "minute", "min", "m"], .seconds(60)),
    (["hours", "hour", "hr", "h"], .seconds(3600)),
    (["days", "day", "d"], .seconds(86400)),
    (["weeks", "week", "w"], .seconds(604_800)),
  ]

  /// Parses a duration into nanoseconds; nil if the text is no duration, or one that 64 bits cannot
  /// hold.
  ///
  /// - Parameter bareSeconds: whether a number without a unit is a number of seconds.
  package static func parse(_ text: String, bareSeconds: Bool = false) -> Int64? {
    if bareSeconds, let last = text.last, last.isNumber { return DecimalSeconds.parse(text) }
    guard !text.isEmpty else { return nil }
    var total: Int64 = 0
    var rest = Substring(text)
    while !rest.isEmpty {
      let number = rest.prefix { $0.isNumber || $0 == "." }
      rest = rest.dropFirst(number.count).drop { $0 == " " }
      let name = rest.prefix(while: \.isLetter)
      rest = rest.dropFirst(name.count).drop { $0 == " " }
      guard let count = DecimalSeconds.parse(number), let length = length(of: count, name),
        case let (sum, isTooLong) = total.addingReportingOverflow(length), !isTooLong
      else { return nil }
      total = sum
    }
    return total
  }

  /// Converts a number of units, given in billionths, into nanoseconds.
  private static func length(of count: Int64, _ name: Substring) -> Int64? {
    switch units.first(where: { $0.names.contains { $0 == name } })?.unit {
    case .seconds(let seconds):
      let (product, isTooLong) = count.multipliedReportingOverflow(by: seconds)
      return isTooLong ? nil : product
    case .part(let parts): return count / parts
    case nil: return nil
    }
  }
}

/// Parses and converts the decimal digits of a time.
enum DecimalSeconds {
  /// Parses `1`, `1.5`, or the part of `@1700000000.25` after the `@`, into nanoseconds; nil past the
  /// year 2262, which 64 bits cannot hold.
  static func parse(_ text: some StringProtocol) -> Int64? {
    let parts = Substring(text).split(separator: ".", omittingEmptySubsequences: false)
    guard let first = parts.first, parts.count <= 2, let whole = number(first, 1...10) else {
      return nil
    }
    guard parts.count == 2 else { return nanoseconds(Int64(whole), 0) }
    return fraction(parts[1]).flatMap { nanoseconds(Int64(whole), $0) }
  }

  /// Combines seconds and nanoseconds into nanoseconds; nil past the year 2262.
  static func nanoseconds(_ seconds: Int64, _ rest: Int64) -> Int64? {
    let (product, over) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    let (sum, carry) = product.addingReportingOverflow(rest)
    return over || carry ? nil : sum
  }

  /// Parses a number whose count of ASCII digits is in `digits`.
  static func number(_ text: Substring, _ digits: ClosedRange<Int>) -> Int? {
    guard digits.contains(text.utf8.count), text.utf8.allSatisfy({ (0x30...0x39).contains($0) })
    else { return nil }
    return Int(text)
  }

  /// Converts the digits after a decimal point into nanoseconds.
  static func fraction(_ text: Substring) -> Int64? {
    // RFC 3339 allows any number of digits; those after the ninth are below a nanosecond and are
    // ignored.
    guard let digits = number(text.prefix(9), 1...9), text.utf8.allSatisfy({ 0x30...0x39 ~= $0 })
    else { return nil }
    return (min(9, text.utf8.count)..<9).reduce(Int64(digits)) { value, _ in value * 10 }
  }

  /// Returns the value, in nanoseconds, of one unit of the digit at this position after the decimal
  /// point.
  static func weight(ofDigit position: Int) -> Int64 {
    (min(9, position)..<9).reduce(1) { value, _ in value * 10 }
  }
}
