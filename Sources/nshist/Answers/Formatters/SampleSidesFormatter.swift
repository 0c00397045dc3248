internal import NSHistory

extension SameAnswer.SampleGap {
  /// The statement that events make about the interval. If the recorder omitted processes, it holds only for the
  /// recorded ones.
  var unchanged: String {
    leavesOutProcesses ? "no process that was kept changed" : "nothing changed"
  }
}

/// Describes the samples before and after a moment.
struct SampleSidesFormatter {
  let time: Int64
  let samples: [SameAnswer.SampleGap]
  let zone: TimeZoneChoice

  /// The sample that was in progress at the moment, so that each process was read before or after the moment;
  /// nil if there was none.
  var inside: Int64? {
    guard samples.count == 2, let middle = samples[0].after, middle == samples[1].before,
      middle <= time
    else { return nil }
    return middle
  }

  /// Whether the time may stand for several moments, because the wall clock was set back.
  var isShownTwice: Bool { samples.count > 1 && inside == nil }

  /// Returns the distance of a sample from the moment: `1.8 s before`.
  func distance(_ sample: Int64) -> String {
    "\(TimeFormat.duration(time &- sample)) \(sample <= time ? "before" : "after")"
  }

  /// The samples that a listing of the moment is based on, as the end of a sentence.
  var listing: String {
    if samples.isEmpty { return "no sample is recorded" }
    if let inside { return "in the middle of the sample of \(TimeFormat.localTime(inside, zone))" }
    let twice = isShownTwice ? "the clock was set, and can have shown this time twice: " : ""
    return twice + samples.map(words).joined(separator: "; and ")
  }

  private func words(_ gap: SameAnswer.SampleGap) -> String {
    switch (gap.before, gap.after) {
    case (let before?, nil):
      "as of the last sample, \(distance(before)); later changes are not known"
    case (nil, let after?): "as the first sample saw it, \(distance(after))"
    case (let before?, let after?) where gap.isExact:
      "exactly, by the kernel's events; \(gap.unchanged) from \(distance(before)) to \(distance(after))"
    case (let before?, let after?):
      "by the samples \(distance(before)) and \(distance(after))\(missing(gap))"
    case (nil, nil): "no sample is recorded"
    }
  }

  private func missing(_ gap: SameAnswer.SampleGap) -> String {
    gap.missing.map { "; samples are missing in between: \($0.words)" } ?? ""
  }
}
