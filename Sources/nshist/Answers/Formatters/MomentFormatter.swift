internal import NSHistory

/// What is said around a listing of a moment: the time, and the samples that it rests on.
struct MomentFormatter {
  let time: Int64
  let samples: [SameAnswer.SampleGap]
  let zone: TimeZoneChoice
  /// How many processes had links that could not be read, where that is of interest.
  var unread: Int?
  /// When the scan for pins around it were, where they are of interest.
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

  /// The time, and how near to it samples are.
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
