internal import ArgumentParser
internal import NSHistory
internal import NamespaceModel

/// Times and PIDs as a person writes them.
enum TimeArguments {
  static let help = """
    RFC 3339, '2026-11-23 10:00', '2026-11-23 10:00:00 UTC', 10:00, now, today, yesterday 10:00, \
    -5m, '1 hour ago', @1700000000; local time without a zone. A time with milliseconds, as \
    tables print it, stands for the whole millisecond.
    """

  /// The time that an option's text is, and of a time with milliseconds or more digits, as answers
  /// print it, the end of what its last digit stands for: what is printed to have happened then has.
  static func end(_ text: String?, _ option: String, now: Int64) throws -> Int64? {
    guard let text, let time = try time(text, option, now: now) else { return nil }
    let digit = TimeExpression.lastDigit(of: text, now: now, zone: .local)
    return (2...1_000_000).contains(digit) ? time &+ (digit - 1) : time
  }

  /// The time that an option's text is: of one with milliseconds the beginning.
  static func time(_ text: String?, _ option: String, now: Int64) throws -> Int64? {
    guard let text else { return nil }
    let meanings = TimeExpression.meanings(of: text, now: now, zone: .local)
    guard let time = meanings.first else {
      if !TimeExpression.meanings(of: text, now: now, zone: .utc).isEmpty {
        throw ValidationError(
          "'\(text)' for \(option) never was here: the clock was set forward over it")
      }
      throw ValidationError(
        """
        '\(text)' is not a time from 1970 to 2262 for \(option); write 10:42, '2026-11-23 10:42', \
        -5m or RFC 3339
        """)
    }
    guard meanings.count == 1 else {
      let both = meanings.map { "'\(TimeFormat.localTime($0, .local))'" }.joined(separator: " or ")
      throw ValidationError(
        "'\(text)' came twice, as summer time ended; for \(option) write \(both)")
    }
    return time
  }

  /// The range between two options' times.
  static func range(
    since: String?, until: String?, now: Int64
  ) throws -> (since: Int64?, until: Int64?) {
    let start = try time(since, "--since", now: now)
    let end = try end(until, "--until", now: now)
    if let start, let end, start > end {
      throw ValidationError(
        "--since \(since ?? "") is after --until \(until ?? ""); exchange the two")
    }
    return (start, end)
  }

  /// A PID.
  static func pid(_ text: String) throws -> Int32 {
    guard let pid = number(text) else {
      throw ValidationError("'\(text)' is not a PID; give a number above zero")
    }
    return pid
  }

  /// The number that a text is, above zero; nil when it is none.
  static func number(_ text: some StringProtocol) -> Int32? {
    guard let number = Int32(text), number > 0, text.allSatisfy(\.isNumber) else { return nil }
    return number
  }
}
