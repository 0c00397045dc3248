internal import NSHistory
internal import NamespaceModel

/// What is said around an answer of the history: the time it is about, what it rests on, and
/// where the question went past what is recorded.
struct SameWords {
  let question: SameQuestion
  let answer: SameAnswer
  let zone: TimeZoneChoice
  let path: String

  /// The time the question is about.
  var time: String {
    switch question.time {
    case .at(let time): return "at \(show(time))"
    case .range(let since, let until):
      let from = since ?? answer.recorded?.lowerBound
      let to = until ?? answer.recorded?.upperBound
      guard let from, let to else { return "in all that is recorded (nothing)" }
      return "from \(show(from)) to \(show(to))"
    }
  }

  /// What the answer rests on.
  var notes: [String] {
    switch question.time {
    case .at(let time):
      return several + answer.samples.map { around($0, time) } + [Self.caveat]
    case .range: return several + [Self.caveat]
    }
  }

  private var several: [String] {
    zip(question.pids, answer.processes).filter { $1.count > 1 }.map { selector, processes in
      "PID \(selector.pid) was \(processes.count) processes; PID@TIME picks one of them."
    }
  }

  private static let caveat =
    "Evidence: sampled. What came and went between two samples was not seen."

  private func around(_ samples: SameAnswer.SampleGap, _ time: Int64) -> String {
    let before = samples.before.map {
      "\(show($0)) (\(TimeFormat.duration(time - $0)) before)"
    }
    let after = samples.after.map { "\(show($0)) (\(TimeFormat.duration($0 - time)) after)" }
    let line =
      switch (before, after) {
      case (let before?, let after?): "Rests on the samples of \(before) and \(after)"
      case (let before?, nil): "The last sample is of \(before)"
      case (nil, let after?): "The first sample is of \(after)"
      case (nil, nil): "There are no samples"
      }
    switch samples.missing {
    case nil, .beforeFirst, .afterLast: return "\(line)."
    case .noRecorder?, .cause?:
      return "\(line), with a gap in between: \(samples.missing?.words ?? "")."
    }
  }

  /// A line for each part of the question that the history cannot answer.
  var warnings: [String] {
    guard let recorded = answer.recorded else {
      return ["\(path) holds no sample yet; record first: nshist record --db \(path)"]
    }
    let span = "recorded from \(show(recorded.lowerBound)) to \(show(recorded.upperBound))"
    let outside = outside(recorded, span)
    let absent = zip(question.pids, answer.processes).compactMap { selector, processes in
      // That nobody was there before the first sample needs no word.
      let isKnown = answer.known[selector.pid]?.isEmpty == false
      return processes.isEmpty && !(isKnown && outside != nil) ? missing(selector.pid, span) : nil
    }
    return absent + (outside.map { [$0] } ?? [])
  }

  /// Where the moment asked for is not between two samples.
  private func outside(_ recorded: ClosedRange<Int64>, _ span: String) -> String? {
    guard case .at(let time) = question.time else { return nil }
    if time < recorded.lowerBound { return "\(show(time)) is before the first sample; \(span)" }
    guard answer.samples.contains(where: { $0.after == nil }) else { return nil }
    return "\(show(time)) is after the last sample; \(span); for the present use nshist check"
  }

  private func missing(_ pid: Int64, _ span: String) -> String {
    let known = answer.known[pid] ?? []
    guard let last = known.last else { return "PID \(pid) is not in the history; \(span)" }
    let others = known.count > 1 ? ", the last of \(known.count) processes" : ""
    return """
      PID \(pid) was not there then; it was recorded \(show(last.firstSeen)) to \
      \(show(last.lastSeen)) as \(last.comm)\(others)
      """
  }

  private func show(_ time: Int64) -> String { TimeFormat.people(time, zone) }
}
