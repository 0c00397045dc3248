/// A length of time as a person writes it: `3d2h`, `1.5s`, `5min`, `1 hour 30 min`.
package enum DurationExpression {
  /// How many nanoseconds a unit has: so many, or one of so many parts of a second.
  private enum Unit {
    case seconds(Int64)
    case part(ofSecond: Int64)
  }

  /// The names that systemd.time(7) has for each unit; not months and years, which have no one
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

  /// Nanoseconds; nil when the text is no length of time, or a longer one than 64 bits hold.
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

  /// The nanoseconds of a number of units; the number is given in billionths.
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

/// Decimal digits of a time.
enum DecimalSeconds {
  /// `1`, `1.5` or `@1700000000.25` behind its `@`, in nanoseconds; nil past the year 2262, where
  /// they do not fit.
  static func parse(_ text: some StringProtocol) -> Int64? {
    let parts = Substring(text).split(separator: ".", omittingEmptySubsequences: false)
    guard let first = parts.first, parts.count <= 2, let whole = number(first, 1...10) else {
      return nil
    }
    guard parts.count == 2 else { return nanoseconds(Int64(whole), 0) }
    return fraction(parts[1]).flatMap { nanoseconds(Int64(whole), $0) }
  }

  /// Seconds and nanoseconds as nanoseconds; nil past the year 2262.
  static func nanoseconds(_ seconds: Int64, _ rest: Int64) -> Int64? {
    let (product, over) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    let (sum, carry) = product.addingReportingOverflow(rest)
    return over || carry ? nil : sum
  }

  /// A number of so many ASCII digits.
  static func number(_ text: Substring, _ digits: ClosedRange<Int>) -> Int? {
    guard digits.contains(text.utf8.count), text.utf8.allSatisfy({ (0x30...0x39).contains($0) })
    else { return nil }
    return Int(text)
  }

  /// The digits behind a point, as nanoseconds.
  static func fraction(_ text: Substring) -> Int64? {
    // RFC 3339 allows any number of digits; those behind the ninth are less than is told apart.
    guard let digits = number(text.prefix(9), 1...9), text.utf8.allSatisfy({ 0x30...0x39 ~= $0 })
    else { return nil }
    return (min(9, text.utf8.count)..<9).reduce(Int64(digits)) { value, _ in value * 10 }
  }

  /// How much the last of so many digits behind a point counts, in nanoseconds.
  static func weight(ofDigit place: Int) -> Int64 {
    (min(9, place)..<9).reduce(1) { value, _ in value * 10 }
  }
}
