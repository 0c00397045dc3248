internal import NSHistory
internal import NamespaceModel

/// Formats the text around an answer of the history: the time of the question, the evidence, and warnings about
/// parts of the question that the history does not cover.
struct SameFormatter {
  let question: SameQuestion
  let answer: SameAnswer
  let zone: TimeZoneChoice
  /// The message for a history without samples; empty if there are samples.
  let noSample: String
  /// The time at which the program started.
  let now: WallTime
  /// The explanations for PIDs and TIDs that are not in the history because of threads.
  var threadHints: [TaskNumber: String] = [:]
  /// Whether retention has removed the beginning of the history, in which a PID that is not in the history may have been.
  var isCut = false

  /// The time of the question.
  var time: String {
    switch question.time {
    case .at(let time): return "at \(show(time))"
    case .range(let since, let until):
      let from = since ?? answer.recorded.map { min($0.lowerBound, until ?? $0.lowerBound) }
      let to = until ?? answer.recorded.map { max($0.upperBound, since ?? $0.upperBound) }
      guard let from, let to else { return "in all that is recorded (nothing)" }
      return "from \(show(from)) to \(show(to))"
    }
  }

  /// The lines below the answer: PIDs of several processes, threads, samples, evidence and omitted data.
  var notes: [String] {
    let isSeen = answer.types.contains { !$0.namespaces.isEmpty }
    return several + threads + around + hint + (isSeen ? [evidence] : []) + leftOut
  }

  /// The largest number of namespaces of threads that the text lists.
  private static let mostThreads = 10

  /// The lines about threads whose namespaces differ from those of their process. The verdict does not count
  /// them.
  private var threads: [String] {
    // Lists the namespaces in which other processes were seen first.
    let shared = answer.threads.filter { !$0.others.isEmpty }
    let all = shared + answer.threads.filter { $0.others.isEmpty }
    let rest = all.count - Self.mostThreads
    return all.prefix(Self.mostThreads).map { $0.text(zone) }
      + (rest > 0 ? ["And \(rest) more places of threads: --format json has them all."] : [])
  }

  /// The hint to ask about a shorter time: over a range, one unobserved moment can make the verdict unknown.
  private var hint: [String] {
    guard case .range = question.time,
      answer.types.contains(where: { $0.verdict == .unknown && $0.differedAtTimes })
    else { return [] }
    return [
      "For a certain answer choose a time in which all of them ran: --at, or --since and --until."
    ]
  }

  private var several: [String] {
    zip(question.pids, answer.processes).filter { $1.count > 1 }.map { selector, processes in
      selector.tid == nil
        ? "PID \(selector.pid) was \(processes.count) processes; PID@TIME picks one of them."
        : "Thread \(selector.number) was \(processes.count) threads; PID/TID@TIME picks one of them."
    }
  }

  private var evidence: String {
    // Unknown types count towards the evidence at a moment, and over a range only if all types are unknown.
    let known = answer.types.filter { $0.verdict != .unknown }
    let deciding =
      switch question.time {
      case .at: answer.types
      case .range: known.isEmpty ? answer.types : known
      }
    if case .at = question.time, !answer.samples.isEmpty,
      answer.samples.allSatisfy({ $0.missing != nil })
    {
      return "Evidence: none. Nothing was recorded at this time."
    }
    let sampled = deciding.filter { !$0.isExact }
    let formatter = EvidenceFormatter(
      caveats: answer.caveats, zone: zone, hasUnknown: answer.types.contains(where: \.isUnobserved))
    guard sampled.isEmpty else {
      return Self.sampledEvidence(formatter.hasEvents ? sampled : [], of: deciding)
    }
    return formatter.exact
  }

  /// Returns the line about sampled evidence. If events were recorded, names the PIDs and types that only a sample
  /// shows.
  private static func sampledEvidence(
    _ sampled: [SameAnswer.TypeAnswer], of deciding: [SameAnswer.TypeAnswer]
  ) -> String {
    let lowered = sampled.filter { !$0.sampledPIDs.isEmpty }
    guard !lowered.isEmpty, lowered.count == sampled.count else {
      return EvidenceFormatter.sampled
    }
    var order: [[Int64]] = []
    var types: [[Int64]: [String]] = [:]
    for line in lowered {
      if types[line.sampledPIDs] == nil { order.append(line.sampledPIDs) }
      types[line.sampledPIDs, default: []].append(line.type.name)
    }
    let all = order.map { pids in
      let who = "PID\(pids.count == 1 ? "" : "s") \(pids.map(String.init).joined(separator: ", "))"
      return "\((types[pids] ?? []).joined(separator: ", ")) of \(who)"
    }
    let rest = lowered.count < deciding.count ? "; exact in the other types" : ""
    return """
      Evidence: sampled. At one time only a sample shows \(all.joined(separator: " and ")); kernel \
      events cover the rest\(rest).
      """
  }

  /// The lines about data that sessions did not record.
  private var leftOut: [String] {
    CaveatFormatter(caveats: answer.caveats, zone: zone).lines
  }

  /// The lines about the samples before and after the moment of the question; empty for a range.
  private var around: [String] {
    guard case .at(let time) = question.time else { return [] }
    let samples = answer.samples
    let sides = SampleSidesFormatter(time: time, samples: samples, zone: zone)
    if let middle = sides.inside {
      let beside = [samples[0].before, samples[1].after].compactMap { $0.map(show) }
      return [
        "It falls into the sample of \(show(middle)), "
          + (beside.isEmpty
            ? "the only one there is."
            : "beside \(beside.joined(separator: " and "))\(why(samples[0]))\(why(samples[1])).")
      ]
    }
    let repeats =
      sides.isShownTwice ? ["The clock was set: it can have shown this time twice."] : []
    return repeats + samples.map { line($0, sides) }
  }

  private func line(_ samples: SameAnswer.SampleGap, _ sides: SampleSidesFormatter) -> String {
    let before = samples.before.map { "\(show($0)) (\(sides.distance($0)))" }
    let after = samples.after.map { "\(show($0)) (\(sides.distance($0)))" }
    return switch (before, after) {
    case (let before?, let after?) where samples.isExact:
      "Rests on the kernel's events: \(samples.unchanged) from \(before) to \(after)."
    case (let before?, let after?):
      "Rests on the samples of \(before) and \(after)\(why(samples))."
    case (let before?, nil): "The last sample is of \(before)."
    case (nil, let after?) where samples.after.map({ $0 <= sides.time }) == true:
      "It falls into the first sample, of \(after), whose end is the first time that is recorded."
    case (nil, let after?): "The first sample is of \(after)."
    case (nil, nil): "There are no samples."
    }
  }

  private func why(_ samples: SameAnswer.SampleGap) -> String {
    switch samples.missing {
    case nil, .beforeFirst, .expired, .afterLast: ""
    case .noRecorder?, .skipped?, .cause?:
      ", with a gap in between: \(samples.missing?.words ?? "")"
    }
  }

  /// A line for each part of the question that the history cannot answer.
  var warnings: [String] {
    guard let recorded = answer.recorded else {
      return [noSample]
    }
    let span = recordedSpanText(recorded, zone)
    let outside = outside(recorded, span)
    let absent = question.pids.indices.compactMap { index in
      // No warning for a recorded process that is missing only because the time is outside the samples.
      let isKnown = !known(question.pids[index].number).isEmpty
      let isMissing = answer.processes[index].isEmpty && !(isKnown && outside != nil)
      return isMissing ? missing(index, span) : nil
    }
    return absent + (outside.map { [$0] } ?? [])
  }

  /// Returns a warning if the time of the question is before the first sample or after the last one.
  private func outside(_ recorded: ClosedRange<WallTime>, _ span: String) -> String? {
    let (first, last) =
      switch question.time {
      case .at(let time): (time, time)
      case .range(let since, let until): (since ?? recorded.lowerBound, until ?? WallTime.max)
      }
    if last < recorded.lowerBound, answer.samples.allSatisfy({ $0.before == nil }) {
      if answer.types.contains(where: { $0.reason == .expired }) {
        return "what was recorded of \(show(last)) was removed (retention); \(span)"
      }
      let isDuring = answer.samples.contains { $0.after.map { $0 <= last } == true }
      return isDuring
        ? "\(show(last)) is during the first sample; nothing is recorded before its end; \(span)"
        : "\(show(last)) is before the first sample; \(span)"
    }
    guard first > recorded.upperBound, answer.samples.allSatisfy({ $0.after == nil }) else {
      return nil
    }
    if let future = FutureTime(time: first, now: now, zone: zone) {
      return "\(future.text); \(span)"
    }
    return "\(show(first)) is after the last sample; \(span); for the present use nshist check"
  }

  private func missing(_ index: Int, _ span: String) -> String {
    let number = question.pids[index].number
    let known = known(number)
    guard let nearest = known.min(by: { distance(of: $0) < distance(of: $1) }) else {
      if answer.types.allSatisfy({ $0.reasons[index] == .expired }) {
        return """
          nothing is known of \(number.text) then: it is not in the history any more, or never \
          was; \(span)
          """
      }
      guard let recorded = answer.recorded else { return "\(number.text) is not in the history" }
      let hint = threadHints[number] ?? recordedSpanText(recorded, isCut: isCut, zone)
      return "\(number.text) is not in the history; \(hint)"
    }
    // The absence of the process is proven only if the evidence is exact and the answer has no caveats.
    let isAway =
      answer.types.allSatisfy { $0.isExact && $0.reasons[index] == .notRunning }
      && answer.caveats.isEmpty
    let isInGap = answer.types.allSatisfy { [.gap, .expired].contains($0.reasons[index]) }
    let unseen =
      isInGap ? "nothing is known of \(number.text) then" : "\(number.text) was not seen then"
    let others = known.count > 1 ? ", the nearest of \(known.count) processes" : ""
    return """
      \(isAway ? "\(number.text) was not running then" : unseen); it was \
      recorded \(show(nearest.firstSeen)) to \(show(nearest.lastSeen)) as \
      \(nearest.comm ?? "(no name)")\(others)
      """
  }

  /// Returns all recorded processes or threads with a PID or TID.
  private func known(_ number: TaskNumber) -> [ProcessRecord] {
    (number.tid == nil ? answer.known[number.pid] : answer.knownThreads[number]) ?? []
  }

  /// Returns the time between the question's time and the nearest time at which the process was seen, in
  /// nanoseconds.
  private func distance(of process: ProcessRecord) -> UInt64 {
    let time: WallTime =
      switch question.time {
      case .at(let time): time
      case .range(let since, let until): since ?? until ?? process.lastSeen
      }
    if time < process.firstSeen { return (process.firstSeen &- time).magnitude }
    return time > process.lastSeen ? (time &- process.lastSeen).magnitude : 0
  }

  private func show(_ time: WallTime) -> String { TimeFormat.localTime(time, zone) }
}

extension SameAnswer.ThreadMembership {
  /// Returns a sentence for a person about a thread that was in a namespace in which its process was not.
  func text(_ zone: TimeZoneChoice) -> String {
    let pids = others.map(\.number).uniqued.map(\.description)
    let whose = pids.isEmpty ? "" : ", where \(pids.joined(separator: ", ")) was seen"
    let time =
      from == until
      ? "at \(TimeFormat.localTime(from, zone))"
      : "from \(TimeFormat.localTime(from, zone)) to \(TimeFormat.localTime(until, zone))"
    return """
      Thread \(thread.number) of PID \(thread.pid) was in \(namespace.text)\(whose), \(time) \
      (\(isExact ? "exact" : "sampled")); PID \(thread.pid) is where its main thread is.
      """
  }

  /// The same facts as a JSON object.
  var json: JSON {
    .object([
      ("thread", thread.json), ("type", .string(namespace.type.name)),
      ("inode", .unsigned(namespace.inode)),
      ("id", .optional(namespace.kernelID, JSON.unsigned)),
      ("initial", .optional(namespace.isInitial, JSON.bool)),
      ("from", .time(from)), ("until", .time(until)), ("exact", .bool(isExact)),
      ("others", .array(others.map(\.json))),
    ])
  }
}

extension SameAnswer.TypeAnswer {
  /// Whether the namespaces of some process were not observed, at the time asked about or at a part of it.
  fileprivate var isUnobserved: Bool {
    (verdict == .unknown && reason.map(\.isOfUnobserved) == true)
      || unknownAtTimes.map(\.isOfUnobserved) == true
  }
}

extension UnknownReason {
  /// Whether the reason is that something was not observed. Of a process that was not running or had exited, and of a
  /// type that the kernel does not have, everything is known.
  fileprivate var isOfUnobserved: Bool {
    switch self {
    case .notRunning, .zombie, .unsupported: false
    case .gap, .expired, .denied, .notRecorded, .changedBetweenSamples, .inodeMayBeReused: true
    }
  }
}
