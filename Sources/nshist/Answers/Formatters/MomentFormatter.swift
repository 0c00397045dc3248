internal import NSHistory

/// Formats the lines above a listing of one moment: the time, and the samples that the listing is based on.
struct MomentFormatter {
  let time: Int64
  let samples: [SameAnswer.SampleGap]
  let zone: TimeZoneChoice
  /// The number of processes with links that could not be read; nil if the listing does not report it.
  var unread: Int?
  /// The times of the scans for pins before and after the moment; nil if the listing does not report them.
  var looks: NamespacesAnswer.Looks?

  var json: [(String, JSON)] {
    let unread = unread.map { [("unread_processes", JSON.integer(Int64($0)))] } ?? []
    let looks = looks.map { looks in
      [
        (
          "looks",
          JSON.object([
            ("before", .time(looks.before)), ("after", .time(looks.after)),
            ("denied", .integer(looks.denied)),
          ])
        )
      ]
    }
    return [("at", .time(time)), ("samples", .array(samples.map(\.json)))] + unread + (looks ?? [])
  }

  /// The time and its distance to the nearest samples, then the lines about unread processes and pin scans.
  var lines: [String] {
    let sides = SampleSidesFormatter(time: time, samples: samples, zone: zone)
    let first = "At \(TimeFormat.localTime(time, zone)): \(sides.listing)."
    return [first, unreadWords, looksWords].compactMap(\.self)
  }

  private var unreadWords: String? {
    guard let unread, unread > 0 else { return nil }
    let all = RecordingFormatter.count(unread, "process", "processes")
    return "\(all) had links that could not be read, and may be in more."
  }

  private var looksWords: String? {
    guard let looks else { return nil }
    let sides = [looks.before, looks.after].compactMap(\.self)
      .map { TimeFormat.localTime($0, zone) }
    guard !sides.isEmpty else {
      return "Pins (mounts, open files, sockets) were not scanned."
    }
    let first =
      "Pins (mounts, open files, sockets) were scanned at \(sides.joined(separator: " and "))"
    guard looks.denied > 0 else { return first + "." }
    let some = RecordingFormatter.count(Int(looks.denied), "process", "processes")
    return "\(first); the open files of \(some) could not be read."
  }
}
