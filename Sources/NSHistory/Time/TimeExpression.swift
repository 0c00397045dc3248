/// A time as a person writes it.
///
/// RFC 3339, `2026-11-23 10:00[:00[.5]]`, `2026-11-23`, `10:00`, `now`, `today`,
/// `yesterday [10:00]`, `-5m`, `5m ago`, `3d2h ago`, `@1700000000.5`. Without a zone it is in the
/// zone given.
public enum TimeExpression {
  private static let billion: Int64 = 1_000_000_000

  /// Nanoseconds since the epoch; nil when the text is no time, or two.
  ///
  /// - Parameter now: the time that `now`, `today` and `5m ago` are counted from.
  public static func parse(_ text: String, now: Int64, zone: TimeZoneChoice) -> Int64? {
    let meanings = meanings(of: text, now: now, zone: zone)
    return meanings.count == 1 ? meanings[0] : nil
  }

  /// Every time that the text can mean, in order: none when it is no time, and two in the hour that
  /// comes twice when summer time ends.
  public static func meanings(of text: String, now: Int64, zone: TimeZoneChoice) -> [Int64] {
    let text = text.split(separator: " ").joined(separator: " ")
    guard let time = oneMeaning(of: text, now: now, zone: zone) else { return [] }
    guard zone == .local, !namesItsZone(text) else { return [time] }
    let (seconds, rest) = (time / billion, time % billion)
    let shown = CalendarTime.of(seconds, zone).0
    // Clocks are set back by an hour; on Lord Howe Island by half of one.
    return [-3600, -1800, 0, 1800, 3600].map { seconds + $0 }
      .filter { CalendarTime.of($0, zone).0 == shown }
      .compactMap { nanoseconds($0, rest) }
  }

  /// Whether a text means the same wherever it is read.
  private static func namesItsZone(_ text: String) -> Bool {
    if text == "now" || text.hasPrefix("@") || text.hasPrefix("-") { return true }
    if text.hasSuffix(" ago") || text.hasSuffix("Z") || text.hasSuffix("z") { return true }
    let offset = Array(text.suffix(6))
    return text.count > 16 && (offset[0] == "+" || offset[0] == "-") && offset[3] == ":"
  }

  private static func oneMeaning(of text: String, now: Int64, zone: TimeZoneChoice) -> Int64? {
    if text == "now" { return now }
    if let rest = text.removing(prefix: "@") { return Self.decimalSeconds(rest) }
    if let rest = text.removing(prefix: "-"), let ago = duration(rest) { return now - ago }
    if let rest = text.removing(suffix: " ago"), let ago = duration(rest) { return now - ago }
    let today = CalendarTime.of(now / billion, zone).0
    if text == "today" { return midnight(today, in: zone) }
    if let rest = text.removing(prefix: "today ") { return on(today, rest, zone) }
    if text == "yesterday" || text.hasPrefix("yesterday ") {
      let day = dayBefore(today)
      return text == "yesterday"
        ? midnight(day, in: zone) : on(day, String(text.dropFirst("yesterday ".count)), zone)
    }
    return on(today, text, zone) ?? dated(text, zone)
  }

  /// A length of time as a person writes it, `3d2h` or `1.5s`, in nanoseconds; a bare number is in
  /// seconds only where `bareSeconds` says so.
  public static func duration(_ text: String, bareSeconds: Bool = false) -> Int64? {
    let units: [Character: Int64] = [
      "w": 604_800, "d": 86400, "h": 3600, "m": 60, "s": 1,
    ]
    if bareSeconds, let last = text.last, last.isNumber { return decimalSeconds(text) }
    var total: Int64 = 0
    var number = ""
    var rest = Substring(text)
    while let character = rest.popFirst() {
      if let unit = units[character] {
        let isMilliseconds = character == "m" && rest.first == "s"
        if isMilliseconds { rest.removeFirst() }
        guard let count = decimalSeconds(number) else { return nil }
        let (product, over) =
          isMilliseconds ? (count / 1000, false) : count.multipliedReportingOverflow(by: unit)
        let (sum, carry) = total.addingReportingOverflow(product)
        guard !over, !carry else { return nil }
        total = sum
        number = ""
      } else {
        number.append(character)
      }
    }
    return number.isEmpty && !text.isEmpty ? total : nil
  }

  /// Seconds and nanoseconds as nanoseconds; nil past the year 2262, where they do not fit.
  private static func nanoseconds(_ seconds: Int64, _ rest: Int64) -> Int64? {
    let (product, over) = seconds.multipliedReportingOverflow(by: billion)
    let (sum, carry) = product.addingReportingOverflow(rest)
    return over || carry ? nil : sum
  }

  private static func midnight(_ day: CalendarTime, in zone: TimeZoneChoice) -> Int64? {
    CalendarTime(year: day.year, month: day.month, day: day.day).seconds(in: zone)
      .flatMap { nanoseconds($0, 0) }
  }

  private static func dayBefore(_ day: CalendarTime) -> CalendarTime {
    let noon = CalendarTime(year: day.year, month: day.month, day: day.day, hour: 12)
    return CalendarTime.of((noon.seconds(in: .utc) ?? 0) - 86400, .utc).0
  }

  /// `10:00[:00[.5]]` on a day.
  private static func on(
    _ day: CalendarTime, _ clock: String, _ zone: TimeZoneChoice
  ) -> Int64? {
    let parts = clock.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 2 || parts.count == 3, let hour = number(parts[0], 1...2),
      let minute = number(parts[1], 2...2)
    else { return nil }
    let last = parts.count == 3 ? parts[2] : "00"
    let seconds = last.split(separator: ".", omittingEmptySubsequences: false)
    guard seconds.count <= 2, let second = number(seconds[0], 2...2) else { return nil }
    var fraction: Int64 = 0
    if seconds.count == 2 {
      guard let part = Self.fraction(seconds[1]) else { return nil }
      fraction = part
    }
    return CalendarTime(
      year: day.year, month: day.month, day: day.day, hour: hour, minute: minute, second: second
    ).seconds(in: zone).flatMap { nanoseconds($0, fraction) }
  }

  /// A date, with or without a time of day, with or without a zone.
  private static func dated(_ text: String, _ zone: TimeZoneChoice) -> Int64? {
    let parts = text.split(
      maxSplits: 1, whereSeparator: { $0 == "T" || $0 == "t" || $0 == " " })
    guard let date = parts.first else { return nil }
    let fields = date.split(separator: "-", omittingEmptySubsequences: false)
    guard fields.count == 3, let year = number(fields[0], 4...4),
      let month = number(fields[1], 2...2), let day = number(fields[2], 2...2)
    else { return nil }
    let calendar = CalendarTime(year: year, month: month, day: day)
    guard parts.count == 2 else { return midnight(calendar, in: zone) }
    var clock = String(parts[1])
    if let utc = clock.removing(suffix: "Z") ?? clock.removing(suffix: "z") {
      return on(calendar, utc, .utc)
    }
    guard let sign = clock.lastIndex(where: { $0 == "+" || $0 == "-" }) else {
      return on(calendar, clock, zone)
    }
    let offset = clock[clock.index(after: sign)...].split(
      separator: ":", omittingEmptySubsequences: false)
    guard offset.count == 2, let hours = number(offset[0], 2...2), hours < 24,
      let minutes = number(offset[1], 2...2), minutes < 60
    else { return nil }
    let ahead = Int64(hours * 3600 + minutes * 60) * (clock[sign] == "-" ? -1 : 1)
    clock = String(clock[..<sign])
    return on(calendar, clock, .utc).flatMap { time in
      let (moved, over) = time.subtractingReportingOverflow(ahead * billion)
      return over ? nil : moved
    }
  }

  private static func number(_ text: Substring, _ digits: ClosedRange<Int>) -> Int? {
    guard digits.contains(text.utf8.count), text.utf8.allSatisfy({ (0x30...0x39).contains($0) })
    else { return nil }
    return Int(text)
  }

  /// The digits behind a point, as nanoseconds.
  private static func fraction(_ text: Substring) -> Int64? {
    // RFC 3339 allows any number of digits; those behind the ninth are less than is told apart.
    guard let digits = number(text.prefix(9), 1...9), text.utf8.allSatisfy({ 0x30...0x39 ~= $0 })
    else { return nil }
    return (min(9, text.utf8.count)..<9).reduce(Int64(digits)) { value, _ in value * 10 }
  }

  private static func decimalSeconds(_ text: String) -> Int64? {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count <= 2, let whole = number(parts[0], 1...10) else { return nil }
    guard parts.count == 2 else { return nanoseconds(Int64(whole), 0) }
    guard let rest = fraction(parts[1]) else { return nil }
    return nanoseconds(Int64(whole), rest)
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
