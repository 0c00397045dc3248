internal import NSHistory

/// What is said around a listing of a moment: the time, and the samples that it rests on.
struct MomentWords {
  let time: Int64
  let samples: [SameAnswer.SampleGap]
  let zone: TimeZoneChoice
  /// How many processes had links that could not be read, where that is of interest.
  var unread: Int?

  var json: [(String, JSON)] {
    let unread = unread.map { [("unread_processes", JSON.integer(Int64($0)))] } ?? []
    return [("at", .time(time)), ("samples", .array(samples.map(\.json)))] + unread
  }

  /// The time, and how near to it samples are.
  var lines: [String] {
    let sides = SampleSidesWords(time: time, samples: samples, zone: zone)
    let first = "At \(TimeFormat.people(time, zone)): \(sides.listing)."
    guard let unread, unread > 0 else { return [first] }
    let all = RecordingWords.count(unread, "process", "processes")
    return [first, "\(all) had links that could not be read, and may be in more."]
  }
}
