internal import NSHistory

/// What is said around a listing of a moment: the time, and the samples that it rests on.
struct MomentWords {
  let time: Int64
  let samples: [SameAnswer.SampleGap]
  let zone: TimeZoneChoice

  var json: [(String, JSON)] {
    [("at", .time(time)), ("samples", .array(samples.map(\.json)))]
  }

  /// The time, and how near to it samples are.
  var lines: [String] {
    guard !samples.isEmpty else { return ["At \(show(time)): no sample is recorded."] }
    return samples.map { line($0) }
  }

  private func line(_ gap: SameAnswer.SampleGap) -> String {
    let at = "At \(show(time))"
    switch (gap.before, gap.after) {
    case (let before?, nil):
      return """
        \(at): as the last sample saw it, \(TimeFormat.duration(time &- before)) before; what came \
        after is not known.
        """
    case (nil, let after?):
      return "\(at): as the first sample saw it, \(TimeFormat.duration(after &- time)) after."
    case (let before?, let after?):
      let missing = gap.missing.map { "; samples are missing in between: \($0.words)" } ?? ""
      return """
        \(at): by the samples \(distance(before)) and \(distance(after))\(missing).
        """
    case (nil, nil): return "\(at): no sample is recorded."
    }
  }

  private func distance(_ sample: Int64) -> String {
    "\(TimeFormat.duration(time &- sample)) \(sample <= time ? "before" : "after")"
  }

  private func show(_ time: Int64) -> String { TimeFormat.people(time, zone) }
}
