internal import NamespaceModel
internal import NSHistory

/// Formats the lines above a listing of one moment: the time, and the samples that the listing is based on.
struct MomentFormatter {
  let time: WallTime
  let samples: [SameAnswer.SampleGap]
  let zone: TimeZoneChoice
  /// The number of processes with links that could not be read; nil if the listing does not report it.
  var unread: Int?
  /// The times of the scans for pins before and after the moment; nil if the listing does not report them.
  var scans: NamespacesAnswer.Scans?

  var json: [(String, JSON)] {
    let unread = unread.map { [("unread_processes", JSON.integer(Int64($0)))] } ?? []
    let scans = scans.map { scans in
      [
        (
          "pin_scans",
          JSON.object([
            ("before", .time(scans.before)), ("after", .time(scans.after)),
            ("denied", .integer(scans.denied)),
          ])
        )
      ]
    }
    return [("at", .time(time)), ("samples", .array(samples.map(\.json)))] + unread + (scans ?? [])
  }

  /// The time and its distance to the nearest samples, then the lines about unread processes and pin scans.
  var lines: [String] {
    let sides = SampleSidesFormatter(time: time, samples: samples, zone: zone)
    let first = "At \(TimeFormat.localTime(time, zone)): \(sides.listing)."
    return [first, unreadText, scanText].compactMap(\.self)
  }

  private var unreadText: String? {
    guard let unread, unread > 0 else { return nil }
    let all = RecordingFormatter.count(unread, "process", "processes")
    return "\(all) had links that could not be read, and may be in more."
  }

  private var scanText: String? {
    guard let scans else { return nil }
    let sides = [scans.before, scans.after].compactMap(\.self)
      .map { TimeFormat.localTime($0, zone) }
    guard !sides.isEmpty else {
      return "Pins (mounts, open files, sockets) were not scanned."
    }
    let first =
      "Pins (mounts, open files, sockets) were scanned at \(sides.joined(separator: " and "))"
    guard scans.denied > 0 else { return first + "." }
    let some = RecordingFormatter.count(Int(scans.denied), "process", "processes")
    return "\(first); the open files of \(some) could not be read."
  }
}

extension SameAnswer.SampleGap {
  /// The statement that events make about the interval. If the recorder omitted processes, it holds only for the
  /// recorded ones.
  var unchanged: String {
    leavesOutProcesses ? "no process that was kept changed" : "nothing changed"
  }
}

/// Describes the samples before and after a moment.
struct SampleSidesFormatter {
  let time: WallTime
  let samples: [SameAnswer.SampleGap]
  let zone: TimeZoneChoice

  /// The sample that was in progress at the moment, so that each process was read before or after the moment;
  /// nil if there was none.
  var inside: WallTime? {
    guard samples.count == 2, let middle = samples[0].after, middle == samples[1].before,
      middle <= time
    else { return nil }
    return middle
  }

  /// Whether the time may stand for several moments, because the wall clock was set back.
  var isShownTwice: Bool { samples.count > 1 && inside == nil }

  /// Returns the distance of a sample from the moment: `1.8 s before`.
  func distance(_ sample: WallTime) -> String {
    "\(TimeFormat.duration(time &- sample)) \(sample <= time ? "before" : "after")"
  }

  /// The samples that a listing of the moment is based on, as the end of a sentence.
  var listing: String {
    if samples.isEmpty { return "no sample is recorded" }
    if let inside { return "in the middle of the sample of \(TimeFormat.localTime(inside, zone))" }
    let twice = isShownTwice ? "the clock was set, and can have shown this time twice: " : ""
    return twice + samples.map(text).joined(separator: "; and ")
  }

  private func text(_ gap: SameAnswer.SampleGap) -> String {
    switch (gap.before, gap.after) {
    case (let before?, nil):
      "as of the last sample, \(distance(before)); later changes are not known"
    case (nil, let after?) where after <= time:
      "during the first sample, which began \(distance(after)); its end is the first time that is recorded"
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
