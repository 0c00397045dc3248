internal import NSHistory

extension SameAnswer.SampleGap {
  /// What events say of the time in between: of processes that were left out they say nothing.
  var unchanged: String {
    leavesOutProcesses ? "no process that was kept changed" : "nothing changed"
  }
}

/// The samples around a moment, in words.
struct SampleSidesFormatter {
  let time: Int64
  let samples: [SameAnswer.SampleGap]
  let zone: TimeZoneChoice

  /// The sample that was being taken at the moment: each process was read before or after it.
  var inside: Int64? {
    guard samples.count == 2, let middle = samples[0].after, middle == samples[1].before,
      middle <= time
    else { return nil }
    return middle
  }

  /// Where the wall clock was set back, a time can be two moments.
  var isShownTwice: Bool { samples.count > 1 && inside == nil }

  /// How far a sample is from the moment: `1.8 s before`.
  func distance(_ sample: Int64) -> String {
    "\(TimeFormat.duration(time &- sample)) \(sample <= time ? "before" : "after")"
  }

  /// What a listing of the moment shows, as the end of a sentence.
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
