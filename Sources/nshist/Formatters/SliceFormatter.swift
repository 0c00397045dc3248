internal import NSHistory

/// Prints that a history is a slice, and of which history.
enum SliceFormatter {
  static func line(_ slice: SliceBounds.Info, _ zone: TimeZoneChoice) -> String {
    let limits = slice.pids.map { "PID \($0)" } + slice.containers.map { "container \($0)" }
    let processes = limits.isEmpty ? "" : ", only \(limits.joined(separator: ", "))"
    let from = TimeFormat.localTime(slice.time.lowerBound, zone)
    let until = TimeFormat.localTime(slice.time.upperBound, zone)
    return "a slice of the history \(slice.source): \(from) to \(until)\(processes)"
  }

  static func json(_ slice: SliceBounds.Info) -> JSON {
    .object([
      ("of", .string(slice.source)), ("from", .time(slice.time.lowerBound)),
      ("until", .time(slice.time.upperBound)), ("pids", .array(slice.pids.map(JSON.integer))),
      ("containers", .array(slice.containers.map(JSON.string))),
    ])
  }
}
