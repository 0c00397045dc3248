internal import ArgumentParser
internal import NSHistory

/// What helps where a question has no answer: what the history holds that is nearest to it.
struct EmptyResultHelp {
  let reader: HistoryReader
  let zone: TimeZoneChoice

  /// Says so on standard error.
  func say(nothingOf selector: ProcessSelector, in window: TimeWindow) throws {
    Messages.shared.say(try words(selector, window))
  }

  private func words(_ selector: ProcessSelector, _ window: TimeWindow) throws -> String {
    switch selector {
    case .latest(let all): return try words(all, window)
    case .pid(let pid, let alive, _):
      return try words(TaskNumber(pid: pid), selector: .pid(pid), alive, window)
    case .thread(let number, let alive, _):
      return try words(number, selector: .thread(number), alive, window)
    case .comm(let name):
      if try reader.isRecorded(selector) {
        return "no process '\(name)' was recorded in that time; \(try recorded())"
      }
      let similar = try reader.names(beginningWith: String(name.prefix(3)))
      return "no process '\(name)' was recorded"
        + (similar.isEmpty
          ? "; \(try recorded())" : "; there are \(similar.joined(separator: ", "))")
    case .container(let id):
      let time = try reader.isRecorded(selector) ? " in that time" : ""
      return """
        no process of a container with the name \(id), or whose id begins with it, was \
        recorded\(time); \(try recorded())
        """
    case .inner(let number, let namespaces):
      let unknown = try reader.processesWithoutNumber(in: namespaces)
      let others =
        unknown == 0
        ? ""
        : "; of \(RecordingFormatter.count(unknown, "process", "processes")) there the PIDs inside are not known"
      return "no process with the PID \(number) in that pid namespace was recorded\(others)"
    }
  }

  private func words(
    _ number: TaskNumber, selector: ProcessSelector, _ alive: Int64?, _ window: TimeWindow
  ) throws -> String {
    let known = try reader.processes(selector)
    let time = alive ?? window.since ?? window.until
    guard let nearest = known.min(by: { $0.distance(to: time) < $1.distance(to: time) }) else {
      return
        "\(number.words) is not in the history; \(try ThreadHints(reader: reader).words(number) ?? recorded())"
    }
    let others = known.count > 1 ? ", the nearest of \(known.count) processes" : ""
    return """
      \(number.words) \(time == nil ? "" : "was not recorded then; it ")was recorded \
      \(show(nearest.firstSeen)) to \(show(nearest.lastSeen)) as \(nearest.shownName)\(others)
      """
  }

  /// Says so on standard error.
  func say(nothingOf selector: NamespaceSelector) throws {
    switch selector {
    case .inode(let type, let inode):
      let others = try NamespaceType.allCases.filter { other in
        try other != type && !reader.namespaces(.inode(other, inode)).isEmpty
      }
      let known = others.map { "\($0):[\(inode)]" }.joined(separator: ", ")
      Messages.shared.say(
        "\(type):[\(inode)] is not in the history"
          + (known.isEmpty ? "; \(try recorded()); \(Self.listing)" : "; \(known) is"))
    case .kernelID(let type, let id):
      Messages.shared.say(
        "no \(type) namespace with the kernel's id \(id) is in the history; \(Self.listing)")
    case .of(let type, let process):
      if try !reader.isRecorded(process) {
        return try say(nothingOf: process, in: TimeWindow())
      }
      Messages.shared.say(
        "the \(type) namespace of that process could never be read: see nshist query history")
    }
  }

  /// Says on standard error how many more processes had a bare PID than the one that it means.
  func say(othersOf selector: ProcessSelector, in window: TimeWindow) throws {
    if let words = try others(of: selector, in: window) { Messages.shared.say(words) }
  }

  /// The same of a namespace that is given by a process.
  func say(othersOf selector: NamespaceSelector, in window: TimeWindow = TimeWindow()) throws {
    if case .of(_, let process) = selector { try say(othersOf: process, in: window) }
  }

  /// Nil where there are none.
  func others(of selector: ProcessSelector, in window: TimeWindow) throws -> String? {
    guard let pid = selector.latestPID else { return nil }
    let count = try reader.otherIncarnations(selector, in: window)
    guard count > 0 else { return nil }
    // No time can be written behind a PID as a container sees it.
    let another = selector.isByInnerPID ? "--at TIME" : "PID@TIME"
    return """
      PID \(pid) was \(RecordingFormatter.count(count, "other process", "other processes")) too in that \
      time: this is the last one; \(another) picks another, --all-incarnations takes all
      """
  }

  private static let listing = "nshist query namespaces --at TIME lists those of a time"

  /// What limits an answer about a window.
  ///
  /// - Parameter isToLastSample: whether the present was asked about only by default: then that is what the
  ///   last sample of a recorder that runs saw.
  func caveats(in window: TimeWindow, isToLastSample: Bool = false) throws -> CaveatFormatter {
    CaveatFormatter(
      caveats: try reader.caveats(in: window, isToLastSample: isToLastSample), zone: zone)
  }

  /// What limits an answer about a moment.
  func caveats(at time: Int64, _ moment: MomentOption) throws -> CaveatFormatter {
    try caveats(in: TimeWindow(since: time, until: time), isToLastSample: moment.at == nil)
  }

  /// Says on standard error what limits an answer about a window: where nothing was recorded, if the
  /// window was asked for or the answer is empty, and what sessions left out.
  ///
  /// - Parameter present: what tells of the present; nil where nothing does.
  func say(
    _ caveats: CaveatFormatter, in window: TimeWindow, isEmpty: Bool, present: String? = nil
  ) throws {
    for sentence in caveats.sentences { Messages.shared.say(sentence) }
    guard !window.isEverything || isEmpty, let span = try reader.recordedSpan() else { return }
    let recorded = "samples are recorded from \(show(span.lowerBound)) to \(show(span.upperBound))"
    let missing = caveats.caveats.map(\.missing)
    if let since = window.since, since > span.upperBound, missing.contains(.afterLast) {
      let now = present.map { "; for the present use \($0)" } ?? ""
      return Messages.shared.say("\(show(since)) is after the last sample; \(recorded)\(now)")
    }
    if let until = window.until, until < span.lowerBound, missing.contains(.beforeFirst) {
      return Messages.shared.say("\(show(until)) is before the first sample; \(recorded)")
    }
    if let until = window.until, until < span.lowerBound, missing.contains(.expired) {
      return Messages.shared.say("\(expired(until)); \(recorded)")
    }
    if let gaps = caveats.gaps { Messages.shared.say(gaps) }
    if isEmpty, let last = caveats.caveats.first(where: { $0.missing == .afterLast })?.from {
      Messages.shared.say("what was after \(show(last)), the last sample, is not recorded")
    }
  }

  /// Says on standard error where a moment is not between two samples, and what sessions left out.
  func say(
    _ caveats: CaveatFormatter, _ time: Int64, _ samples: [SameAnswer.SampleGap],
    _ recorded: ClosedRange<Int64>?
  ) throws {
    for sentence in caveats.sentences { Messages.shared.say(sentence) }
    guard let recorded else {
      return Messages.shared.say(try reader.noSampleWords())
    }
    let span =
      "samples are recorded from \(show(recorded.lowerBound)) to \(show(recorded.upperBound))"
    for missing in Set(samples.compactMap(\.missing)).sorted(by: { $0.code < $1.code }) {
      switch missing {
      case .beforeFirst where time >= recorded.lowerBound:
        Messages.shared.say(
          "\(show(time)) falls into the first sample; what was before that is not known; \(span)")
      case .beforeFirst: Messages.shared.say("\(show(time)) is before the first sample; \(span)")
      case .expired: Messages.shared.say("\(expired(time)); \(span)")
      case .afterLast: break
      default:
        Messages.shared.say(
          "\(show(time)) lies in a gap: \(missing.words); who ran then is not known")
      }
    }
  }

  /// Ends an empty answer with the status of what is not known, where nobody can say that nothing was
  /// there.
  ///
  /// - Parameter selectors: the processes that were asked about: of PID@TIME, TIME counts too.
  func endEmpty(_ caveats: CaveatFormatter, of selectors: [ProcessSelector] = []) throws {
    var isUnknown = try caveats.hideAbsence || reader.recordedSpan() == nil
    for time in Set(selectors.compactMap(\.alive)).sorted() {
      let window = TimeWindow(since: time, until: time)
      let then = try self.caveats(in: window)
      guard then.hideAbsence else { continue }
      isUnknown = true
      try say(then, in: window, isEmpty: true)
    }
    if isUnknown { throw ExitCode(ExitStatus.unknown) }
  }

  /// Says that nothing is known any more of a time.
  private func expired(_ time: Int64) -> String {
    "what was recorded of \(show(time)) was removed (retention), so nothing is known of it"
  }

  /// Ends an empty answer about all the time in which something may have come and gone between two samples.
  ///
  /// - Parameter isOfOne: whether it is about some processes or namespaces: samples alone do not show that there was
  ///   no such process, nor such a change.
  func endEmptyThroughTime(
    _ caveats: CaveatFormatter, of selectors: [ProcessSelector] = [], isOfOne: Bool = true
  ) throws {
    if let samplesOnly = caveats.samplesOnly {
      Messages.shared.say(samplesOnly)
      if isOfOne { throw ExitCode(ExitStatus.unknown) }
    }
    try endEmpty(caveats, of: selectors)
  }

  private func recorded() throws -> String {
    guard let span = try reader.recordedSpan() else { return "it holds no sample yet" }
    return "samples are recorded from \(show(span.lowerBound)) to \(show(span.upperBound))"
  }

  private func show(_ time: Int64) -> String { TimeFormat.localTime(time, zone) }
}

extension HistoryReader {
  /// Why a file without a sample holds none, and what to do about it.
  func noSampleWords() throws -> String {
    guard try isCopiedWhileOpen(), !hasWriteAheadLog else {
      return "\(path) holds no sample yet; record first: nshist record --db \(path)"
    }
    return """
      \(path) holds no sample: it was copied while a recorder had it, without its -wal file, and the \
      newest rows are in that; copy the original with sqlite3 ORIGINAL '.backup COPY', which takes them \
      along
      """
  }
}

extension ProcessRecord {
  /// How far it was from a time.
  fileprivate func distance(to time: Int64?) -> UInt64 {
    guard let time else { return 0 }
    if time < firstSeen { return (firstSeen &- time).magnitude }
    return time > lastSeen ? (time &- lastSeen).magnitude : 0
  }
}
