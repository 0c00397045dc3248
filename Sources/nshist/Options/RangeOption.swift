internal import ArgumentParser
internal import NSHistory

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

  func window(now: Int64) throws -> TimeWindow {
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

  func time(now: Int64) throws -> Int64 { try TimeArguments.end(at, "--at", now: now) ?? now }
}
