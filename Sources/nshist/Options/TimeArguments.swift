internal import ArgumentParser
internal import NSHistory
internal import NamespaceModel

/// Parses the times and PIDs that the user types.
enum TimeArguments {
  static let help = """
    RFC 3339, '2026-11-23 10:00', '2026-11-23 10:00:00 UTC', 10:00, now, today, yesterday 10:00, \
    -5m, '1 hour ago', @1700000000; local time without a zone. A time with milliseconds, as \
    tables print it, stands for the whole millisecond.
    """

  /// Parses the time of an option; returns nil without a text. For a time with milliseconds or more digits, returns
  /// the last nanosecond that its last digit covers, so that an event printed with this time has happened by then.
  static func end(_ text: String?, _ option: String, now: WallTime) throws -> WallTime? {
    guard let text, let time = try time(text, option, now: now) else { return nil }
    let digit = TimeExpression.lastDigit(of: text, now: now, zone: .local)
    return (2...1_000_000).contains(digit) ? time &+ (digit - 1) : time
  }

  /// Parses the time of an option; returns nil without a text. For a time with milliseconds, returns the beginning
  /// of the millisecond.
  static func time(_ text: String?, _ option: String, now: WallTime) throws -> WallTime? {
    guard let text else { return nil }
    let meanings = TimeExpression.meanings(of: text, now: now, zone: .local)
    guard let time = meanings.first else {
      if !TimeExpression.meanings(of: text, now: now, zone: .utc).isEmpty {
        throw ValidationError(
          "'\(text)' for \(option) does not exist in local time: the clock was set forward over it")
      }
      throw ValidationError(
        """
        '\(text)' is not a time for \(option); write 10:42, '2026-11-23 10:42', -5m or RFC 3339, from 1970 \
        to 2262
        """)
    }
    guard meanings.count == 1 else {
      let both = meanings.map { "'\(TimeFormat.localTime($0, .local))'" }.joined(separator: " or ")
      throw ValidationError(
        "'\(text)' is two times, because summer time ended then; for \(option) write \(both)")
    }
    return time
  }

  /// Parses the range between the times of two options.
  static func range(
    since: String?, until: String?, now: WallTime
  ) throws -> (since: WallTime?, until: WallTime?) {
    let start = try time(since, "--since", now: now)
    let end = try end(until, "--until", now: now)
    if let start, let end, start > end {
      let (first, last) = (since ?? "", until ?? "")
      // Only a time of day without a date is still a time after the word `yesterday`.
      let before = TimeExpression.meanings(
        of: FutureTime.yesterday(first), now: now, zone: .local)
      let remedy = start > now && !before.isEmpty ? FutureTime.remedy(first) : "swap them"
      throw ValidationError("--since \(first) is later than --until \(last); \(remedy)")
    }
    return (start, end)
  }

  /// Parses a PID.
  static func pid(_ text: String) throws -> Int32 {
    guard let pid = number(text) else {
      throw ValidationError("'\(text)' is not a PID; give a number above zero")
    }
    return pid
  }

  /// The error for a command that compares processes and got fewer than two of them. The parser of the command line
  /// takes a number below zero for an option.
  static var tooFewPIDs: ValidationError {
    let negative = CommandLine.arguments.dropFirst().first { $0.hasPrefix("-") && Int64($0) != nil }
    let reason = negative.map { "'\($0)' is not a PID; " } ?? ""
    return ValidationError("\(reason)give at least two PIDs")
  }

  /// Parses a number greater than zero; returns nil if the text is none.
  static func number(_ text: some StringProtocol) -> Int32? {
    guard let number = Int32(text), number > 0, text.allSatisfy(\.isNumber) else { return nil }
    return number
  }
}

/// The options for a range of time.
struct RangeOption: ParsableArguments {
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "From this time on; by default, the first sample. \(TimeArguments.help)",
      valueName: "time"))
  var since: String?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Up to this time; by default, the last sample.", valueName: "time"))
  var until: String?

  func window(now: WallTime) throws -> TimeWindow {
    let range = try TimeArguments.range(since: since, until: until, now: now)
    return TimeWindow(since: range.since, until: range.until)
  }
}

/// The option for a moment.
struct MomentOption: ParsableArguments {
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "At this moment; by default, now: as of the last sample. \(TimeArguments.help)",
      valueName: "time"))
  var at: String?

  func time(now: WallTime) throws -> WallTime { try TimeArguments.end(at, "--at", now: now) ?? now }
}
